"""Which credentials are late: they sync by themselves, and have not for twice their interval.

What belongs here: the rule, and the one statement that it is judged by. It follows what ended, not what a schedule
meant to do, so that a schedule that does nothing is seen too.

A credential is judged where its automatic syncs are on, it is active, and it is to sync anything. While it is
paused (its quota or the month's limit of calls is spent) it is not late: the pause says for itself how long it lasts.
One that backs off, or whose syncs are spaced so that its calls last, is judged by the interval that was configured:
its club should know that it is not getting it.

Time counts from the last success, and not from before the configuration or the credential was changed, or a pause
ended: a credential that was just switched on has its two intervals too. What lies ahead counts for nothing: it is of
before the clock was put back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Engine,
    Row,
    ScalarSelect,
    Select,
    case,
    exists,
    func,
    literal,
    select,
)

from twizzit_pipeline.runs.recorded import TURNED_ON, newest
from twizzit_pipeline.scheduling.schedule import (
    LONGEST_INTERVAL_MINUTES,
    SHORTEST_INTERVAL_MINUTES,
    USUAL_INTERVAL_MINUTES,
)
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials, leases, sync_config, sync_history
from twizzit_pipeline.storage.tables.views import running_seasons

INTERVALS = 2

# `running`: a sync is under way; `failing`: its syncs fail; `waiting`: the next one is planned for later, because of
# failures or because its calls are made to last; `overdue`: it is due, and no orchestrator starts it.
Because = Literal["running", "failing", "waiting", "overdue"]

# Times that Python can hold: ShotSpot's users may write any.
_LEGIBLE = (datetime(2, 1, 1), datetime(9998, 1, 1))  # noqa: DTZ001 - as the columns have them
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Late:
    """A credential that should have synced by now; times are UTC with zone.

    Attributes:
        expected_at: until when it was expected.
        last_success_at: when the last sync of everything that it is to sync had ended well (`success` or
            `partial_success`); None where none ever did.
        interval_minutes: as its configuration says.
        because: what keeps it, as far as the database says.
    """

    credential_id: int
    expected_at: datetime
    last_success_at: datetime | None
    interval_minutes: int
    because: Because = "overdue"


def late(engine: Engine, at: datetime | None = None) -> list[Late]:
    """The late credentials at that moment (the database's now, if none is given), by id. One statement.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    with driver_errors(), engine.connect() as connection:
        rows = connection.execute(_expected(at)).all()
    found = (_judged(row) for row in rows)
    return [one for one in found if one is not None]


def _expected(at: datetime | None) -> Select[Any]:
    now: ColumnElement[Any] = func.clock_timestamp() if at is None else literal(at, DateTime(timezone=True))
    config = sync_config.c
    times = (config.last_sync_at, config.next_sync_at, config.paused_until)
    changed = (config.created_at, config.updated_at, credentials.c.updated_at)
    return (
        select(
            config.credential_id,
            config.sync_interval_minutes,
            config.consecutive_failures,
            now.label("at"),
            *(_legible(column).label(column.name) for column in times),
            func.greatest(*map(_legible, changed)).label("changed_at"),
            *(_last_success(entity).label(f"{entity}_at") for entity in TURNED_ON),
            *(column.is_not(False).label(f"{entity}_on") for entity, column in TURNED_ON.items()),
            exists().where(leases.c.credential_id == config.credential_id).label("running"),
        )
        .join(credentials, credentials.c.id == config.credential_id)
        .join(running_seasons, running_seasons.c.credential_id == config.credential_id)
        .where(config.auto_sync_enabled, credentials.c.is_active.is_not(False))
        .order_by(config.credential_id)
    )


def _legible(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((column.between(*_LEGIBLE), column))


def _last_success(entity: str) -> ScalarSelect[Any]:
    """The newest sync of all of an entity in the running season that ended well; found by the index, from its end."""
    history, running = sync_history.c, running_seasons.c.season
    found = newest(
        select(_legible(history.completed_at)),
        sync_config.c.credential_id,
        entity,
        history.status.in_(("success", "partial_success")),
        history.details["group_id"].astext.is_(None),
        history.details["season_exists"].astext.is_(None),
        func.coalesce(history.details["season"].astext, running) == running,
    )
    return found.limit(1).correlate(sync_config, running_seasons).scalar_subquery()


def _judged(row: Row[Any]) -> Late | None:
    wanted = [entity for entity in TURNED_ON if getattr(row, f"{entity}_on")]
    at: datetime = row.at.astimezone(UTC)
    paused_until = _utc(row.paused_until)
    if not wanted or (paused_until is not None and paused_until > at):
        return None
    minutes = USUAL_INTERVAL_MINUTES if row.sync_interval_minutes is None else row.sync_interval_minutes
    last = _last(row, wanted, at)
    since = _latest((last, _past(row.changed_at, at), paused_until)) or _EPOCH
    within = timedelta(minutes=min(max(minutes, SHORTEST_INTERVAL_MINUTES), LONGEST_INTERVAL_MINUTES))
    expected = since + INTERVALS * within
    return None if expected >= at else Late(row.credential_id, expected, last, minutes, _because(row, at))


def _last(row: Row[Any], wanted: Iterable[str], at: datetime) -> datetime | None:
    """When all entities had succeeded. The configuration remembers it where the history was pruned."""
    by_entity = [_past(getattr(row, f"{entity}_at"), at) for entity in wanted]
    known = [moment for moment in by_entity if moment is not None]
    whole = min(known) if len(known) == len(by_entity) else None
    return _latest((whole, _past(row.last_sync_at, at)))


def _because(row: Row[Any], at: datetime) -> Because:
    if row.running:
        return "running"
    if row.consecutive_failures:
        return "failing"
    planned = _utc(row.next_sync_at)
    return "waiting" if planned is not None and planned > at else "overdue"


def _latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _past(moment: datetime | None, at: datetime) -> datetime | None:
    known = _utc(moment)
    return None if known is None or known > at else known


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
