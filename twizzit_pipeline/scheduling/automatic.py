"""What an ended sync, a change, or calls made by hand mean for a credential's next automatic sync.

What belongs here: the rules of `schedule` applied to the row of `twizzit_sync_config`, inside the caller's transaction.
Every function locks that row first, so that two who end at once follow one another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from twizzit_pipeline.entities import COMPETITIONS, MATCHES
from twizzit_pipeline.errors import CalendarRefused, MatchTypeNotFound, QuotaSpent, RequestCancelled, SyncInProgress
from twizzit_pipeline.runs.recorded import TURNED_ON
from twizzit_pipeline.scheduling import schedule, usage
from twizzit_pipeline.scheduling.schedule import Ended, Schedule
from twizzit_pipeline.scheduling.usage import Meter
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials, sync_config

_COLUMNS = tuple(sync_config.c[name] for name in Schedule.__dataclass_fields__)
_GIVING_WAY = timedelta(seconds=60)
_SWITCHES = tuple(dict.fromkeys(TURNED_ON.values()))
CALENDAR = frozenset({COMPETITIONS.name, MATCHES.name})
_PLANNED = ("last_sync_at", "next_sync_at", "consecutive_failures", "paused_until", "paused_because")


@dataclass(frozen=True, slots=True)
class Run:
    """What the schedule needs of a run that had the lease.

    Attributes:
        covers: the entities whose mappings it was to bring in step; `done`: those that it did.
        narrowed: it did not look at all of them. What a person left out of a plan that it applied was looked at.
        automatic: it came because its credential was due.
    """

    covers: frozenset[str]
    done: frozenset[str]
    narrowed: bool
    running_season: bool
    automatic: bool
    lasted: timedelta


def run_ended(connection: Connection, credential_id: int, run: Run, troubles: Sequence[BaseException]) -> None:
    """Plans the next automatic sync after a run of any kind.

    A backfill of another season, one team, or one of several entities is no full sync: its calls count, and nothing
    else does. A spent quota counts whichever sync met it.

    Args:
        troubles: what went wrong with it.
    """
    spent = any(isinstance(error, QuotaSpent) for error in troubles)
    waits = any(isinstance(error, SyncInProgress) for error in troubles)
    whole = run.automatic or (
        run.running_season and not run.narrowed and _is_all(connection, credential_id, run.covers)
    )
    if spent:
        ended(connection, credential_id, "quota_spent", automatic=run.automatic, lasted=run.lasted)
    elif waits or not whole:
        counted(connection, credential_id)
        if run.automatic:
            gave_way(connection, credential_id)
    elif _failed(run, troubles):
        ended(connection, credential_id, "failed", automatic=run.automatic, lasted=run.lasted)
    else:
        how: Ended = "success" if run.running_season else "other_season"
        ended(connection, credential_id, how, automatic=run.automatic, lasted=run.lasted)


def _failed(run: Run, troubles: Sequence[BaseException]) -> bool:
    """Whether the sync is one to back off from.

    An account that may not read its calendar, or whose matches cannot be distinguished from its other events, stays
    like that until an administrator changes it. It is reported, and it delays neither teams nor players.
    """
    if not run.running_season:
        return bool(troubles)
    people = run.covers - CALENDAR
    if people and people <= run.done and troubles and all(_is_the_calendars(error) for error in troubles):
        return False
    return bool(troubles) or not run.covers <= run.done


def _is_the_calendars(error: BaseException) -> bool:
    return isinstance(error, MatchTypeNotFound | CalendarRefused)


def ended(
    connection: Connection,
    credential_id: int,
    how: Ended,
    *,
    automatic: bool = True,
    lasted: timedelta = timedelta(),
    now: datetime | None = None,
) -> Schedule | None:
    """A whole sync of the running season is over, or a run that should have been one never began.

    Args:
        automatic, how: as `schedule.outcome` takes them.
        lasted: how long it took.
        now: instead of the database's clock.

    Returns: what the configuration says from now on; None where the credential is gone.
    """
    row = _locked(connection, credential_id, make=True)
    if row is None:
        return None
    now = now or database_now(connection)
    planned = schedule.outcome(
        row,
        how,
        now=now,
        usage=usage.usage(connection, credential_id, now),
        started_at=now - lasted,
        automatic=automatic,
    )
    write(connection, row, planned)
    return planned


def require_wanted(connection: Connection, credential_id: int) -> None:
    """Of a run that came because its credential was due, and may have waited since for its turn.

    Raises:
        RequestCancelled: automatic syncs were switched off meanwhile.
    """
    off = select(sync_config.c.credential_id).where(
        sync_config.c.credential_id == credential_id, sync_config.c.auto_sync_enabled.is_not(True)
    )
    if connection.execute(off).first() is not None:
        raise RequestCancelled(
            f"Automatic syncs of credential {credential_id} were switched off before this one began: nothing was done"
        )


def gave_way(connection: Connection, credential_id: int, *, now: datetime | None = None) -> None:
    """An automatic sync found another sync of the organization under way: it is due again in a minute, not at once.

    Each try may cost calls, and what it was due for names its run, which is over.
    """
    row = _locked(connection, credential_id, make=False)
    if row is None or not row.auto_sync_enabled:
        return
    again = (now or database_now(connection)) + _GIVING_WAY
    write(connection, row, replace(row, next_sync_at=max(row.next_sync_at or again, again)))


def counted(connection: Connection, credential_id: int, *, now: datetime | None = None) -> None:
    """Calls were made that no automatic sync made: where the credential has a limit, its next one may have to wait."""
    row = _locked(connection, credential_id, make=False)
    if row is None or row.monthly_call_limit is None:
        return
    now = now or database_now(connection)
    rebudgeted = schedule.rebudgeted(row, now=now, usage=usage.usage(connection, credential_id, now))
    write(connection, row, rebudgeted)


def changed(connection: Connection, credential_id: int, *, limit: bool, now: datetime | None = None) -> None:
    """Automatic syncs were switched on or off, or their interval or the limit of calls was changed.

    Args:
        limit: the limit was changed, which ends every pause: they come again if they must.
    """
    row = _locked(connection, credential_id, make=False)
    if row is None:
        return
    now = now or database_now(connection)
    before = schedule.unpaused(row) if limit else row
    planned = schedule.replanned(
        before,
        now=now,
        usage=usage.usage(connection, credential_id, now),
        waiting=0 if row.last_sync_at is not None else _waiting_for_their_first(connection, credential_id),
    )
    write(connection, row, planned)


def login_changed(engine: Engine, credential_id: int) -> None:
    """Another password was stored: failures of the old one delay no sync any more.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    with driver_errors(), engine.begin() as connection:
        row = _locked(connection, credential_id, make=False)
        if row is not None:
            write(connection, row, schedule.repaired(row, now=database_now(connection)))


def _waiting_for_their_first(connection: Connection, credential_id: int) -> int:
    config = sync_config.c
    others = (
        select(func.count())
        .select_from(sync_config)
        .join(credentials, credentials.c.id == config.credential_id)
        .where(
            config.auto_sync_enabled,
            config.last_sync_at.is_(None),
            config.consecutive_failures == 0,
            credentials.c.is_active.is_not(False),
            config.credential_id != credential_id,
        )
    )
    return int(connection.scalar(others) or 0)


@contextmanager
def metered(engine: Engine, credential_id: int, calls: Callable[[], int]) -> Iterator[Callable[[], None]]:
    """Counts the calls that are made inside, outside of any sync, however it ends; a spent quota pauses as ever.

    What it gives counts those made so far, for work that may be killed: it raises nothing, and may be called from any
    thread.

    Args:
        calls: how many the client has made so far.

    Raises:
        DatabaseUnavailable: they could not be counted.
    """
    before = calls()
    how: Ended | None = None
    meter = Meter(engine, credential_id, lambda: calls() - before)
    early = False

    def count() -> None:
        nonlocal early
        with suppress(SQLAlchemyError):  # the next time, or the end, makes up for it
            early |= meter.flush() > 0

    try:
        yield count
    except QuotaSpent:
        how = "quota_spent"
        raise
    finally:
        with driver_errors():
            made = meter.flush() > 0 or early
            if made or how:
                with engine.begin() as connection:
                    if how:
                        ended(connection, credential_id, how, automatic=False)
                    else:
                        counted(connection, credential_id)


def write(connection: Connection, before: Schedule, after: Schedule) -> None:
    """Writes what `after` plans otherwise than `before`, the row as it is."""
    differing = {name: getattr(after, name) for name in _PLANNED if getattr(after, name) != getattr(before, name)}
    if differing:
        values = {name: _naive(value) if isinstance(value, datetime) else value for name, value in differing.items()}
        connection.execute(
            update(sync_config).where(sync_config.c.credential_id == before.credential_id).values(**values)
        )


def _locked(connection: Connection, credential_id: int, *, make: bool) -> Schedule | None:
    """The row, locked until the transaction ends; made with the table's defaults if `make` and it is missing."""
    wanted = select(*_COLUMNS).where(sync_config.c.credential_id == credential_id).with_for_update()
    row = connection.execute(wanted).mappings().one_or_none()
    if row is None and make:
        owner = (
            select(credentials.c.id).where(credentials.c.id == credential_id).with_for_update(read=True, key_share=True)
        )
        made = insert(sync_config).from_select(["credential_id"], owner)
        connection.execute(made.on_conflict_do_nothing(index_elements=["credential_id"]))
        row = connection.execute(wanted).mappings().one_or_none()
    return None if row is None else Schedule.of(dict(row))


def _is_all(connection: Connection, credential_id: int, covers: frozenset[str]) -> bool:
    """Whether these are all the entities that the configuration turns on, which is all where there is none."""
    wanted = select(*_SWITCHES).where(sync_config.c.credential_id == credential_id)
    found: Mapping[Any, Any] = connection.execute(wanted).mappings().one_or_none() or {}
    return bool(covers) and covers >= {name for name, on in TURNED_ON.items() if found.get(on.name) is not False}


def database_now(connection: Connection) -> datetime:
    """The moment by the database's clock, in UTC."""
    now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
