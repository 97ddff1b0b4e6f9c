"""Which syncs hang: they are under way for far longer than those of their credential usually take.

What belongs here: the rule, and the one statement that it is judged by. It follows the leases, which every sync has,
scheduled or requested. A sync that hangs is ended by itself in the end (`TWIZZIT_RUN_SECONDS`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Engine, Row, ScalarSelect, Select, case, func, literal, select

from twizzit_pipeline.runs.recorded import of_syncs
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import leases, sync_history

# So many times its usual time, this at least; where the usual time is not known, the other.
TIMES = 4
LEAST = timedelta(seconds=150)
UNKNOWN = timedelta(minutes=15)

_LAST_ROWS = 20
_TIMES_OF_PYTHON = (datetime(2, 1, 1), datetime(9998, 1, 1))  # noqa: DTZ001 - as the columns have them


@dataclass(frozen=True, slots=True)
class Hanging:
    """A sync that hangs.

    Attributes:
        since: when it began, UTC with zone.
        lasts: how long it has been under way.
        usual: the longest of the credential's last syncs that ended well; None where there is none.
    """

    credential_id: int
    run_id: str
    since: datetime
    lasts: timedelta
    usual: timedelta | None

    @property
    def why(self) -> str:
        """What is wrong, in one sentence."""
        usually = "" if self.usual is None else f", usually over within {in_words(self.usual)}"
        return f"a sync hangs: it has been under way for {in_words(self.lasts)}{usually}"

    @property
    def what_to_do(self) -> str:
        """What its operator can do, in one sentence."""
        return (
            f"See whether its server answers: twizzit credentials verify {self.credential_id}. The sync is ended by "
            "itself after the longest time of a run (TWIZZIT_RUN_SECONDS)"
        )


def hanging(engine: Engine, at: datetime | None = None) -> list[Hanging]:
    """The syncs that hang at that moment (the database's now, if none is given), by credential. One statement.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    with driver_errors(), engine.connect() as connection:
        rows = connection.execute(_long_under_way(at)).all()
    found = (_judged(row) for row in rows)
    return [one for one in found if one is not None]


def in_words(time: timedelta) -> str:
    """``8 s``, ``12 minutes``, ``3 hours``."""
    seconds = max(time.total_seconds(), 1)
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"


def _long_under_way(at: datetime | None) -> Select[Any]:
    now = func.clock_timestamp() if at is None else literal(at, DateTime(timezone=True))
    return (
        select(
            leases.c.credential_id,
            leases.c.dagster_run_id,
            leases.c.acquired_at,
            (now - leases.c.acquired_at).label("lasts"),
            _usual().label("usual"),
        )
        .where(leases.c.acquired_at < now - LEAST)
        .order_by(leases.c.credential_id)
    )


def _usual() -> ScalarSelect[Any]:
    """The longest of the last rows that ended well; found by the index, from its end."""
    history = sync_history.c
    legible = history.started_at.between(*_TIMES_OF_PYTHON) & history.completed_at.between(*_TIMES_OF_PYTHON)
    last = (
        select(case((legible, history.completed_at - history.started_at)).label("lasted"))
        .where(
            history.credential_id == leases.c.credential_id,
            history.status.in_(("success", "partial_success")),
            history.dagster_run_id.is_not(None),
            of_syncs,
        )
        .order_by(history.started_at.desc())
        .limit(_LAST_ROWS)
        .correlate(leases)
        .subquery("last")
    )
    return select(func.max(last.c.lasted)).scalar_subquery()


def _judged(row: Row[Any]) -> Hanging | None:
    usual: timedelta | None = row.usual
    if row.lasts < (UNKNOWN if usual is None else max(LEAST, TIMES * usual)):
        return None
    return Hanging(row.credential_id, row.dagster_run_id, row.acquired_at.astimezone(UTC), row.lasts, usual)
