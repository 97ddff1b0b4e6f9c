"""Calls to Twizzit, counted by credential and UTC month in `twizzit_api_usage`, of every process and every purpose.

What belongs here: counting, and looking up what was counted. What follows for automatic syncs is in `schedule`.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Date, Engine, Integer, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.runs.recorded import NEWEST_FIRST, fitting
from twizzit_pipeline.scheduling import schedule
from twizzit_pipeline.scheduling.schedule import Usage
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import api_usage, credentials, sync_config, sync_history

RECENT_RUNS = 10
# What a club of fifty teams and seven hundred people takes (docs/calls.md).
FIRST_GUESS = 20
_ROWS_OF_A_RUN = 4

_COUNTED = insert(api_usage).from_select(
    ["credential_id", "month", "calls"],
    select(credentials.c.id, bindparam("of_month", type_=Date), bindparam("made", type_=Integer))
    .where(credentials.c.id == bindparam("owner"))
    .with_for_update(read=True, key_share=True),
)
_RECORD = _COUNTED.on_conflict_do_update(
    index_elements=["credential_id", "month"], set_={"calls": api_usage.c.calls + _COUNTED.excluded.calls}
)


def record(connection: Connection, credential_id: int, calls: int, at: datetime | None = None) -> None:
    """Adds calls to the month of `at` (now); those of a credential that is gone are not counted."""
    if calls <= 0:
        return
    month = schedule.month(at or datetime.now(UTC))
    connection.execute(_RECORD, {"of_month": month, "made": calls, "owner": credential_id})


def used(connection: Connection, credential_id: int, month: date) -> int:
    """The calls that were made in a month, by its first day."""
    counted = select(api_usage.c.calls).where(api_usage.c.credential_id == credential_id, api_usage.c.month == month)
    return int(connection.scalar(counted) or 0)


def average_calls(connection: Connection, credential_id: int) -> int:
    """How many calls a sync of this credential takes: of the last ten that were not narrowed and did not fail.

    The larger of their mean and the last one's; a guess where there is none yet.
    """
    details = sync_history.c.details
    recent = (
        select(sync_history.c.dagster_run_id, details["calls"])
        .where(
            sync_history.c.credential_id == credential_id,
            fitting(
                sync_history.c.status.in_(("success", "partial_success")),
                details["group_id"].astext.is_(None),
                details["season_exists"].astext.is_(None),
                func.jsonb_typeof(details["calls"]) == "number",
            ),
        )
        .order_by(*NEWEST_FIRST)
        .limit(RECENT_RUNS * _ROWS_OF_A_RUN)
    )
    by_run: dict[str | None, int] = {}
    for run_id, calls in connection.execute(recent):
        by_run[run_id] = by_run.get(run_id, 0) + int(calls)
    runs = [calls for calls in list(by_run.values())[:RECENT_RUNS] if calls > 0]
    return max(math.ceil(sum(runs) / len(runs)), runs[0]) if runs else FIRST_GUESS


def usage(connection: Connection, credential_id: int, now: datetime) -> Usage:
    """What the rules of `schedule` need."""
    return Usage(used(connection, credential_id, schedule.month(now)), average_calls(connection, credential_id))


@dataclass(frozen=True, slots=True)
class CallBudget:
    """A month's limit of calls, and what is left of it; `per_sync` is what a sync usually takes."""

    limit: int
    left: int
    per_sync: int

    @property
    def enough(self) -> bool:
        """Whether a sync like the last ones fits into what is left."""
        return self.left >= self.per_sync

    @property
    def words(self) -> str:
        """The budget in words for people, without a full stop."""
        left = f"{self.left:,} of {self.limit:,} calls to Twizzit are left this month"
        return left if self.enough else f"{left}, fewer than a sync usually takes ({self.per_sync:,})"


def budget(engine: Engine, credential_id: int) -> CallBudget | None:
    """What a new sync will find of its call budget; None where the credential has no limit. It forbids nothing."""
    limited = select(sync_config.c.monthly_call_limit).where(sync_config.c.credential_id == credential_id)
    with driver_errors(), engine.connect() as connection:
        limit = connection.scalar(limited)
        if limit is None:
            return None
        found = usage(connection, credential_id, datetime.now(UTC))
    return CallBudget(limit, max(limit - found.calls, 0), found.per_sync)


class Meter:
    """What one client calls, counted a little at a time. Safe between threads.

    Args:
        calls: how many the client has made so far.
    """

    def __init__(self, engine: Engine, credential_id: int, calls: Callable[[], int]) -> None:
        self._engine = engine
        self._credential_id = credential_id
        self._calls = calls
        self._counted = 0
        self._lock = threading.Lock()

    def flush(self) -> int:
        """Counts the calls made since the last time, in a transaction of its own; how many they are.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: nothing was counted; the next flush makes up for it.
        """
        with self._lock:
            calls = self._calls()
            fresh = calls - self._counted
            if fresh > 0:
                with self._engine.begin() as connection:
                    record(connection, self._credential_id, fresh)
                self._counted = calls
            return fresh
