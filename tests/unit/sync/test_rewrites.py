"""What is tried again and again to no avail is said with the constraint that was in the way, where there is one."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine
from tenacity import wait_none

from twizzit_pipeline.errors import DatabaseUnavailable
from twizzit_pipeline.sync import rewrites as module
from twizzit_pipeline.sync.rewrites import rewrites


class Refusal(Exception):
    def __init__(self, sqlstate: str, **diag: str) -> None:
        super().__init__("Key (name)=(Anna) already exists")
        self.sqlstate, self.diag = sqlstate, SimpleNamespace(**diag)


def tried(monkeypatch: pytest.MonkeyPatch, error: Exception) -> str:
    monkeypatch.setattr(module, "_wait", wait_none())
    tries: list[Any] = []
    with pytest.raises(DatabaseUnavailable) as said:
        for attempt in rewrites(create_engine("postgresql+psycopg://"), again="undo again"):
            with attempt:
                tries.append(attempt)
                raise error
    assert len(tries) == 5
    return str(said.value)


@pytest.mark.parametrize("state", ["23505", "23503"])
def test_a_constraint_that_does_not_allow_it_is_named(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    said = tried(monkeypatch, Refusal(state, table_name="players", constraint_name="players_lower_idx"))
    assert "(table players, constraint players_lower_idx)" in said
    assert said.endswith(": undo again, and if that does not help, look at that constraint or index")
    assert "Anna" not in said


def test_rows_that_others_wrote_need_no_more_than_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    said = tried(monkeypatch, Refusal("40001"))
    assert said == "Another transaction wrote the same rows 5 times in a row: undo again"
