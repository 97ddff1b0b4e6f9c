"""What is old enough is deleted: history with its rejected rows, the journal, usage, requests, notifications, plans.

What belongs here: what goes after `retention_days`, and what stays however old it is. The audit log is never touched.
The names in a plan go as soon as it has expired, whatever `retention_days` says. A departure stays as long as ShotSpot
has its row: the person who returns by the same id gets it back.

Of the history stay: rows in progress, whatever a lease or a request that is not over points at, and of the old rows
the newest of each credential and entity (of all, of the whole ones, of those that ended well), and of each season those
that say whether its teams and its players were ever read. So what the rules of `seasons`, `due` and `freshness` and the
views for monitoring find there is the same before and after.

Rows go in transactions of a few thousand, rows that another transaction has locked are left for the next day, and
nothing is decided once for all: two at once do each row once, and one that is killed has lost nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Engine, Table, case, delete, exists, func, null, or_, select, text, true, update

from twizzit_pipeline import logs
from twizzit_pipeline.runs.details import PLAYERS_NOT_READ
from twizzit_pipeline.runs.plans import EXPIRED, WAITING
from twizzit_pipeline.runs.recorded import of_syncs, recorded_entity
from twizzit_pipeline.storage import bulk, rate_limits
from twizzit_pipeline.storage.audit import Actor, record, this_user
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import (
    LOCAL,
    api_usage,
    conflicts,
    departures,
    leases,
    notifications,
    plans,
    rejected_rows,
    sync_changes,
    sync_history,
    sync_requests,
)

BATCH_ROWS = 2000

_log = logs.logger(__name__)
# A plan whose names have been kept for long enough; one that still waits has expired with them.
_EXPIRED = (plans.c.expires_at < func.clock_timestamp()) & plans.c.document.is_not(None)
_STATUS_AFTER = case((plans.c.status == WAITING, EXPIRED), else_=plans.c.status)
_ENDED_WELL = ("success", "partial_success")
_OVER = (*_ENDED_WELL, "failed")


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went (or, asked in advance, would go), by table; `before`: all of them ended before that.

    `plans` are those whose documents were emptied, since they had expired, and those that went.
    """

    before: datetime
    history: int = 0
    rejected_rows: int = 0
    changes: int = 0
    usage: int = 0
    requests: int = 0
    notifications: int = 0
    plans: int = 0
    conflicts: int = 0
    departures: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The counts by name."""
        return {name: value for name, value in asdict(self).items() if name != "before"}


def prune(engine: Engine, retention_days: int, *, dry_run: bool = False, actor: Actor | None = None) -> Pruned:
    """Deletes what ended more than `retention_days` ago, by the database's clock; with `dry_run` counts it alone.

    The audit log says so before the first row goes, and afterwards how many went.

    Args:
        actor: whom the audit log names; the user of this process where it is None.

    Raises:
        DatabaseUnavailable, DatabaseRefused: the database is away, or its user may not delete; what was deleted until
            then stays deleted, and the next call goes on.
    """
    with driver_errors():
        with engine.connect() as connection:
            now = connection.execute(select(func.clock_timestamp())).scalar_one()
        before = now.astimezone(UTC) - timedelta(days=retention_days)
        if dry_run:
            return Pruned(before, **_count(engine, before))
        _record(engine, actor, "prune", before=before.isoformat(), retention_days=retention_days)
        pruned = Pruned(before, **_delete(engine, before))
        rate_limits.forget(engine)
        if any(pruned.counts.values()):
            _record(engine, actor, "pruned", before=before.isoformat(), **pruned.counts)
    _log.info("history pruned", before=before.isoformat(), **pruned.counts)
    return pruned


def _record(engine: Engine, actor: Actor | None, action: str, **details: object) -> None:
    with engine.begin() as connection:
        record(connection, actor or this_user(), action=action, target="database", target_id=None, details=details)


def _count(engine: Engine, before: datetime) -> dict[str, int]:
    history = [row_id for ids in _old_history(engine, before) for row_id in ids]
    of_them = bulk.among(rejected_rows.c.history_id, history)
    counted = {name: (table, old) for name, table, old in _plain(before)}
    counted |= {"usage": (api_usage, _old_usage(before)), "rejected_rows": (rejected_rows, of_them)}
    counted |= {"plans": (plans, _old_plan(before) | _EXPIRED)}
    with engine.connect() as connection:
        found = {
            name: int(connection.execute(select(func.count()).select_from(table).where(old)).scalar_one())
            for name, (table, old) in counted.items()
        }
    return {"history": len(history), **found}


def _delete(engine: Engine, before: datetime) -> dict[str, int]:
    """The journal goes before the history that it points at: deleting that would otherwise write it once more."""
    deleted = {name: sum(_batches(engine, table, old)) for name, table, old in _plain(before)}
    deleted |= {"history": 0, "rejected_rows": 0}
    for ids in _old_history(engine, before):
        deleted["rejected_rows"] += sum(_batches(engine, rejected_rows, bulk.among(rejected_rows.c.history_id, ids)))
        deleted["history"] += sum(_batches(engine, sync_history, bulk.among(sync_history.c.id, ids)))
    deleted["plans"] = sum(_batches(engine, plans, _old_plan(before)))
    with engine.begin() as connection:
        emptied = update(plans).where(_EXPIRED).values(document=null(), status=_STATUS_AFTER)
        deleted["plans"] += connection.execute(emptied).rowcount
        deleted["usage"] = connection.execute(delete(api_usage).where(_old_usage(before))).rowcount
    return deleted


def _plain(before: datetime) -> Iterator[tuple[str, Table, ColumnElement[bool]]]:
    """The tables whose rows go by their own time alone."""
    yield "changes", sync_changes, sync_changes.c.created_at < before
    yield "requests", sync_requests, sync_requests.c.completed_at < before
    yield "notifications", notifications, _notified_long_ago(before)
    yield "conflicts", conflicts, _decided_long_ago(before)
    yield "departures", departures, _of_no_row(before)


def _decided_long_ago(before: datetime) -> ColumnElement[bool]:
    """Resolved or settled long ago; which row was chosen for a doubtful link, or an opponent, stays, since every plan
    asks for it.
    """
    columns = conflicts.c
    chosen = (columns.kind != "field") & (columns.status == "resolved")
    return (columns.resolved_at < before) & (columns.status != "open") & ~chosen


def _of_no_row(before: datetime) -> ColumnElement[bool]:
    """Over long ago, and of a row that is not in ShotSpot any more: nothing can return to it, and it holds names."""
    columns = departures.c
    over = func.coalesce(columns.returned_at, columns.closed_at, columns.applied_at) < before
    is_there = or_(
        *(
            (columns.entity == entity) & exists().where(table.c.id == columns.local_id)
            for entity, table in LOCAL.items()
        )
    )
    return over & columns.status.in_(("applied", "closed", "returned")) & ~is_there


def _notified_long_ago(before: datetime) -> ColumnElement[bool]:
    """Delivered, or given up (after a day) long ago. A notification of something that lasts stays, so that it is not
    sent once more, and so do the bookmarks, which are no notifications."""
    columns = notifications.c
    lasts: ColumnElement[bool] = columns.body.has_key("open") & (columns.body["open"] != text("'[]'::jsonb"))
    return (
        (func.coalesce(columns.delivered_at, columns.created_at) < before) & columns.credential_id.is_not(None) & ~lasts
    )


def _old_plan(before: datetime) -> ColumnElement[bool]:
    """Made long ago, and over for as long: a plan waits seven days."""
    return plans.c.expires_at < before


def _old_usage(before: datetime) -> ColumnElement[bool]:
    """Months that were over by then."""
    return api_usage.c.month < before.date().replace(day=1)


def _batches(engine: Engine, table: Table, old: ColumnElement[bool]) -> Iterator[int]:
    """Deletes what is `old`, some thousand rows a transaction, in the order of their ids; yields how many each time."""
    last = -1
    while True:
        wanted = select(table.c.id).where(old, table.c.id > last).order_by(table.c.id).limit(BATCH_ROWS)
        with engine.begin() as connection:
            ids = connection.scalars(wanted.with_for_update(skip_locked=True)).all()
            if not ids:
                return
            connection.execute(delete(table).where(bulk.among(table.c.id, ids)))
        last = ids[-1]
        yield len(ids)


def _old_history(engine: Engine, before: datetime) -> Iterator[Sequence[int]]:
    """The ids of the history rows that may go, some thousands at a time."""
    kept = _kept(engine, before)
    last = -1
    while True:
        wanted = select(sync_history.c.id).where(_may_go(before), sync_history.c.id > last)
        with engine.connect() as connection:
            ids = connection.scalars(wanted.order_by(sync_history.c.id).limit(BATCH_ROWS)).all()
        if not ids:
            return
        last = ids[-1]
        yield [row_id for row_id in ids if row_id not in kept]


def _kept(engine: Engine, before: datetime) -> set[int]:
    """Of the old rows the newest of each kind that a query reads. A newer row only ever makes one needless."""
    columns = sync_history.c
    ended_well = columns.status.in_(_ENDED_WELL)
    whole_season = columns.details["group_id"].astext.is_(None)
    season = [
        columns.details["season"].astext,
        columns.details["season_exists"].astext,
        func.coalesce(columns.details["failed"].has_key(PLAYERS_NOT_READ), False),
    ]
    kinds: list[tuple[list[ColumnElement[object]], ColumnElement[bool]]] = [
        ([], true()),
        ([], whole_season),
        ([], ended_well),
        (season[:1], whole_season),  # what a credential's state follows
        (season, ended_well & whole_season),
    ]
    kept: set[int] = set()
    with engine.connect() as connection:
        for parts, wanted in kinds:
            newest = select(func.max(columns.id)).where(_may_go(before), of_syncs, wanted)
            kept.update(connection.scalars(newest.group_by(columns.credential_id, recorded_entity, *parts)))
    return kept


def _may_go(before: datetime) -> ColumnElement[bool]:
    columns = sync_history.c
    leased = exists().where(
        (leases.c.history_id == columns.id) | (leases.c.dagster_run_id == columns.dagster_run_id),
    )
    asked_for = exists().where(
        sync_requests.c.completed_at.is_(None), sync_requests.c.dagster_run_id == columns.dagster_run_id
    )
    ended = columns.completed_at < before.replace(tzinfo=None)
    return ended & columns.status.in_(_OVER) & ~leased & ~asked_for
