"""The rows of the history, put together to syncs: one for each run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from twizzit_pipeline.runs.details import DECISION, PLAN_WAITS, UNDO
from twizzit_pipeline.runs.history import HistoryRow

_WORST_FIRST = ("failed", "in_progress", "partial_success", "success")


@dataclass(frozen=True, slots=True)
class Sync:
    """The rows of the history that one run wrote, in the order in which they were opened.

    Attributes:
        changes: how many rows of ShotSpot it changed.
    """

    rows: Sequence[HistoryRow]
    changes: int = 0

    @property
    def id(self) -> int:
        """What it is called by: the id of its first row."""
        return self.rows[0].id

    @property
    def status(self) -> str:
        """The worst of its rows."""
        return min((row.status for row in self.rows), key=_urgency)

    @property
    def outcome(self) -> str:
        """How it is shown to have ended: its status, or ``skipped`` where the account has no such season."""
        return self.status if any(row.season_exists for row in self.rows) else "skipped"

    @property
    def kind(self) -> Literal["sync", "decision", "undo"]:
        """What it was: the history has what people decided and undid, too."""
        direction = self.rows[0].sync_direction
        return "decision" if direction == DECISION else "undo" if direction == UNDO else "sync"

    @property
    def undid(self) -> Sequence[int]:
        """The rows of the history that it undid; none of what is no undo."""
        return self.rows[0].undid

    def undone(self, by: Mapping[int, int]) -> int | None:
        """The undo that undid it, if it is undone now; `by` as `history.undone_by` has it."""
        return next((by[row.id] for row in self.rows if row.id in by), None)

    @property
    def stopped_at(self) -> int | None:
        """The plan that it stopped at; None where it went through."""
        found = (row.details.get(PLAN_WAITS) for row in self.rows)
        return next((plan_id for plan_id in found if isinstance(plan_id, int)), None)


def by_run(rows: Sequence[HistoryRow], changes: Mapping[int, int]) -> list[Sync]:
    """Rows, newest first, as syncs; a row without a run is one by itself.

    Args:
        changes: id of a row of the history -> how many rows of ShotSpot it changed.
    """
    grouped = groupby(rows, key=lambda row: row.dagster_run_id or row.id)
    together = [list(of_run)[::-1] for _, of_run in grouped]
    return [Sync(of_run, sum(changes.get(row.id, 0) for row in of_run)) for of_run in together]


def _urgency(status: str) -> int:
    return _WORST_FIRST.index(status) if status in _WORST_FIRST else len(_WORST_FIRST)
