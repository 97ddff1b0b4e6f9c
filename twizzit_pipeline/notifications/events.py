"""What there is to notify of: the kinds of facts, and one fact.

A *fact* is one thing to notify of. The fact of a state (failing, partly rejected, late) stays open until the state is
over; while it is open, the same state makes no second notification (`streaks`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

FAILED: Final = "failed"
PARTIAL: Final = "partial_success"
RECOVERED: Final = "recovered"
LATE: Final = "late"
HANGING: Final = "hanging"
HELD: Final = "departures_held"
QUESTIONS: Final = "questions"
BUDGET_80: Final = "budget_80"
BUDGET_SPENT: Final = "budget_spent"
PLAN_WAITS: Final = "plan_waits"

STATES = (FAILED, PARTIAL, LATE, HANGING, HELD)  # the kinds that stay open


@dataclass
class Fact:
    """One thing to notify of, or that was notified of.

    Attributes:
        key: unique: no second notification has the same one.
        at: when it was found (UTC, with zone).
        body: what `messages` needs, as JSON; in a state, `open` lists what is not over yet.
        row_id: of its notification's row, None while it is new.
    """

    kind: str
    credential_id: int
    key: str
    at: datetime
    body: dict[str, Any]
    row_id: int | None = None

    @property
    def is_open(self) -> bool:
        return bool(self.body.get("open"))

    def end(self, matters: Iterable[str]) -> bool:
        """Takes these matters out of what is open; whether there was any."""
        left = [one for one in self.body.get("open", []) if one not in set(matters)]
        before = len(self.body.get("open", []))
        self.body["open"] = left
        return len(left) < before


@dataclass
class Facts:
    """What one look found: new facts, and earlier ones of which something is over."""

    new: list[Fact] = field(default_factory=list)
    changed: list[Fact] = field(default_factory=list)
