"""Which answers of Twizzit are kept for five minutes: so many rows of one credential, of few questions or of many."""

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, cast

from twizzit_pipeline.accounts.kept_login import KeptLogin
from twizzit_pipeline.accounts.patience import Patience
from twizzit_pipeline.words.meanings import NOTHING_SAID

if TYPE_CHECKING:
    from twizzit_pipeline.twizzit.client import TwizzitClient


class _Client:
    """What a login does with its client, beside asking."""

    ended = False

    def end_calls(self) -> None:
        pass

    def close(self) -> None:
        pass


def login() -> KeptLogin:
    client = cast("TwizzitClient", _Client())
    return KeptLogin((None, NOTHING_SAID), lambda: client, lambda _: nullcontext(), Patience(), time.monotonic)


def times_asked(kept: KeptLogin, question: str, rows: int, *, times: int = 1) -> int:
    """How often Twizzit is asked, where a person asks so many times."""
    asked: list[str] = []

    def ask(_: "TwizzitClient") -> list[int]:
        asked.append(question)
        return [0] * rows

    for _ in range(times):
        assert kept.answer(question, ask) == [0] * rows
    return len(asked)


def test_an_answer_is_kept_unless_it_has_too_many_rows() -> None:
    kept = login()
    found = [times_asked(kept, f"{rows} rows", rows, times=2) for rows in (0, 1, 5_000, 20_000)]
    assert found == [1, 1, 1, 2]


def test_all_answers_together_have_20_000_rows_at_most() -> None:
    """A server may answer each question with all that an answer may hold, and questions are easily made up."""
    kept = login()
    for number in range(100):
        times_asked(kept, f"question {number}", 1_000)
    assert [times_asked(kept, f"question {number}", 1_000) for number in (99, 81, 80)] == [0, 0, 1]
