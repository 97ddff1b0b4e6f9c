"""What `twizzit history` says below its table."""

from datetime import UTC, datetime
from typing import Any

from twizzit_pipeline.cli.commands.history import _notes
from twizzit_pipeline.runs.history import HistoryRow

NOW = datetime(2027, 1, 9, tzinfo=UTC)
REMARK = "without the shirt number, which another player of the club has"
COACHES: dict[str, Any] = {"set_aside": {"not_a_player: Coach": {"count": 11, "twizzit_ids": ["7"]}}}
TAKEN: dict[str, Any] = {"warnings": {"number_taken": {"count": 2, "twizzit_ids": ["8", "9"]}}}


def row(number: int, error: str | None = None, entity: str = "players", **details: Any) -> HistoryRow:
    status = "failed" if error else "success"
    return HistoryRow(number, 3, entity, "import", status, 9, 9, 0, error, NOW, NOW, "run", details)


def test_what_came_with_a_remark_is_said() -> None:
    assert _notes([row(5, **TAKEN)], 3) == [f"5 (players): with a remark: 2, {REMARK}"]


def test_what_several_syncs_say_stands_once_and_that_of_the_newest_first() -> None:
    rows = [row(9, entity="teams"), row(8, **COACHES, **TAKEN), row(4, **COACHES), row(2, "It broke", **COACHES)]
    assert _notes(rows, 3) == [
        "8, 4, 2 (players): set aside: 11, “Coach” is not a player's function",
        f"8 (players): with a remark: 2, {REMARK}",
        "2 (players): It broke",
    ]


def test_a_row_that_is_listed_twice_is_counted_once() -> None:
    twice: dict[str, Any] = {"warnings": {"listed_once": {"count": 1, "twizzit_ids": ["7"]}}}
    assert _notes([row(5, **twice)], 3) == []
