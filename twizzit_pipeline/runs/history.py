"""The rows of `twizzit_sync_history`: opened in progress, counted honestly, closed in every case."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.runs import asked, recorded
from twizzit_pipeline.runs.dead import dead_runs
from twizzit_pipeline.runs.details import DECISION, ENTITY, NEVER_BEGAN, QUESTIONS, UNDO, UNDONE
from twizzit_pipeline.runs.entity_counts import EntityCounts, Status
from twizzit_pipeline.runs.lease import close_interrupted
from twizzit_pipeline.runs.recorded import recorded_entity
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials, leases, sync_history
from twizzit_pipeline.storage.tables import rejected_rows as rejected_rows_table

_LARGEST_ID = 2**31 - 1

_NOW = text("timezone('utc', clock_timestamp())")

# What a row is opened and closed with is given as it is executed, by the names of the columns.
_BEGIN = (
    insert(sync_history)
    .values(sync_direction="import", status="in_progress", started_at=_NOW)
    .returning(sync_history.c.id)
)
_CLOSE = (
    update(sync_history)
    .where(sync_history.c.id == bindparam("history_id"), sync_history.c.status == "in_progress")
    .values(
        completed_at=_NOW,
        details=func.coalesce(sync_history.c.details, text("'{}'::jsonb")).concat(bindparam("counted", type_=JSONB)),
    )
)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A row of the history; times are UTC with zone."""

    id: int
    credential_id: int | None
    sync_type: str
    sync_direction: str
    status: str
    items_processed: int
    items_succeeded: int
    items_failed: int
    error_message: str | None
    started_at: datetime
    completed_at: datetime | None
    dagster_run_id: str | None
    details: Mapping[str, Any]

    @property
    def entity(self) -> str:
        """What the row is about: ShotSpot's type `competitions` stands for competitions and for matches."""
        return str(self.details.get(ENTITY, self.sync_type))

    @property
    def season(self) -> str | None:
        """The label of the season that it is about; None where ShotSpot itself wrote the row."""
        label = self.details.get("season")
        return label if isinstance(label, str) else None

    @property
    def synced_at(self) -> datetime:
        """When it ended, or began where it is not over."""
        return self.completed_at or self.started_at

    @property
    def questions(self) -> int:
        """How many conflicts and doubtful links of the entity waited for a person after it."""
        count = self.details.get(QUESTIONS)
        return count if isinstance(count, int) else 0

    @property
    def questions_of(self) -> Mapping[str, int]:
        """How many waited of each kind; see `asked`."""
        return asked.waiting(self.details)

    @property
    def undid(self) -> tuple[int, ...]:
        """The rows of the history that it undid; none of what is no undo."""
        return tuple(self.details.get(UNDONE) or ()) if self.sync_direction == UNDO else ()

    @property
    def season_exists(self) -> bool:
        """False where the account has no such season, so that nothing was read or written."""
        return self.details.get("season_exists") is not False


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that broke a rule of its contract."""

    entity: str
    twizzit_id: str | None
    column_name: str
    rule: str


def start(connection: Connection, *, credential_id: int, entity: str, run_id: str, season: str) -> int:
    """Opens a row as `in_progress`; its id. `entity`: teams, players, competitions or matches."""
    row = {
        "credential_id": credential_id,
        "sync_type": ENTITIES[entity].sync_type,
        "dagster_run_id": run_id,
        "details": {"season": season, **({} if entity == ENTITIES[entity].sync_type else {ENTITY: entity})},
    }
    return int(connection.execute(_BEGIN, row).scalar_one())


def left_open(connection: Connection, *, credential_id: int, entity: str, run_id: str) -> int | None:
    """The row of an entity that a credential's run has open; None where it has none."""
    return connection.scalar(
        select(sync_history.c.id).where(
            sync_history.c.dagster_run_id == run_id,
            sync_history.c.credential_id == credential_id,  # callers choose the name of a run: two may share one
            sync_history.c.status == "in_progress",
            recorded_entity == entity,
        )
    )


def record_decision(connection: Connection, *, credential_id: int, entity: str, of: int) -> int:
    """Writes the row of a person's decision (`of`: which conflict); its id.

    It is no sync, and counts as none. The run is a name alone: ShotSpot's own rows have none, and cannot be undone.
    """
    row = insert(sync_history).values(
        credential_id=credential_id,
        sync_type=DECISION,
        sync_direction=DECISION,
        dagster_run_id=f"{DECISION}-{uuid.uuid4().hex}",
        status="success",
        items_processed=1,
        items_succeeded=1,
        items_failed=0,
        started_at=_NOW,
        completed_at=_NOW,
        details={DECISION: of, ENTITY: entity},
    )
    return int(connection.execute(row.returning(sync_history.c.id)).scalar_one())


def never_began(engine: Engine, *, credential_id: int, entity: str, run_id: str, season: str, message: str) -> bool:
    """Writes the row of a run that failed before it could open one; False where the credential is gone."""
    with driver_errors(), engine.begin() as connection:
        if connection.scalar(select(credentials.c.id).where(credentials.c.id == credential_id)) is None:
            return False
        opened = start(connection, credential_id=credential_id, entity=entity, run_id=run_id, season=season)
        fail(connection, opened, EntityCounts(details={NEVER_BEGAN: True}), message)
    return True


def finish(connection: Connection, history_id: int, counts: EntityCounts) -> None:
    """Closes a row as `success` or `partial_success`, with its counters."""
    _close(connection, history_id, counts, counts.status, counts.message)


def fail(connection: Connection, history_id: int, counts: EntityCounts, message: str) -> None:
    """Closes a row as `failed`, unless it is closed already."""
    _close(connection, history_id, counts, "failed", message)


def reject(
    connection: Connection,
    history_id: int,
    *,
    credential_id: int,
    entity: str,
    rejected: Sequence[tuple[str | None, str, str]],
) -> None:
    """Writes the rows that broke a rule.

    Args:
        rejected: remote id, column and rule, once for each rule that a row breaks.
    """
    names = ("history_id", "credential_id", "entity", "twizzit_id", "column_name", "rule")
    rows = [(history_id, credential_id, entity, *one) for one in rejected]
    bulk.copy_rows(connection, rows, rejected_rows_table, names)


def recent(
    engine: Engine, credential_id: int, *, limit: int = 50, offset: int = 0, syncs_alone: bool = False
) -> list[HistoryRow]:
    """The history of a credential, newest first; syncs whose process died are closed before they are shown.

    Args:
        syncs_alone: without the rows of what people decided or undid.
    """
    with driver_errors():
        close_interrupted(engine)
        wanted = _rows().where(sync_history.c.credential_id == credential_id)
        if syncs_alone:
            wanted = wanted.where(recorded.of_syncs)
        with engine.connect() as connection:
            return [_row(row) for row in connection.execute(wanted.limit(limit).offset(offset))]


def under_way(engine: Engine, credential_id: int) -> list[HistoryRow]:
    """The rows of the run that holds a lease for a credential, those that have ended too, in the order of `for_run`.

    A row that ShotSpot's own integration left in progress may never be closed, and is none of these.
    """
    at_work = select(leases.c.dagster_run_id).where(leases.c.credential_id == credential_id)
    wanted = _rows().where(sync_history.c.credential_id == credential_id, sync_history.c.dagster_run_id.in_(at_work))
    with driver_errors(), engine.connect() as connection:
        return [_row(row) for row in connection.execute(wanted)][::-1]


def one(engine: Engine, credential_id: int, history_id: int) -> HistoryRow | None:
    """One row of a credential's history, closed if its process died; None where the credential has no such row."""
    if not 0 < history_id <= _LARGEST_ID:
        return None
    with driver_errors():
        close_interrupted(engine)
        wanted = _rows().where(sync_history.c.credential_id == credential_id, sync_history.c.id == history_id)
        with engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
    return None if row is None else _row(row)


def undone_by(engine: Engine, credential_id: int) -> dict[int, int]:
    """Rows of a credential's history that are undone now → the undo that did it."""
    with driver_errors(), engine.connect() as connection:
        return recorded.undone_by(connection, credential_id)


def these(engine: Engine, credential_id: int, ids: Collection[int]) -> list[HistoryRow]:
    """Those of these rows that are a credential's, newest first."""
    wanted = _rows().where(sync_history.c.credential_id == credential_id, bulk.among(sync_history.c.id, ids))
    with driver_errors(), engine.connect() as connection:
        return [_row(row) for row in connection.execute(wanted)]


def for_run(engine: Engine, run_id: str, *, credential_id: int | None = None) -> list[HistoryRow]:
    """The rows of one run, in the order in which they were opened.

    Args:
        credential_id: those of this credential alone. What one club is shown needs it: the id of a run is a word that
            others may have written as well.
    """
    wanted = _rows().where(sync_history.c.dagster_run_id == run_id)
    if credential_id is not None:
        wanted = wanted.where(sync_history.c.credential_id == credential_id)
    with driver_errors(), engine.connect() as connection:
        return [_row(row) for row in connection.execute(wanted)][::-1]


def interrupted(engine: Engine, run_ids: Iterable[str]) -> set[str]:
    """Which of these runs are dead (`dead_runs`): the orchestrator ends them as well.

    Those that this call finds so are among them, whether their history had begun or not.
    """
    closed, wanted_ids = set(close_interrupted(engine)), list(run_ids)
    wanted = dead_runs(sync_history.c.dagster_run_id.in_(wanted_ids))
    with driver_errors(), engine.connect() as connection:
        return closed.intersection(wanted_ids) | {run_id for run_id in connection.scalars(wanted) if run_id is not None}


def rejected_rows(engine: Engine, history_id: int) -> list[RejectedRow]:
    """The rows that a sync rejected, in the order in which they were found."""
    table = rejected_rows_table.c
    wanted = (
        select(table.entity, table.twizzit_id, table.column_name, table.rule)
        .where(table.history_id == history_id)
        .order_by(table.id)
    )
    with driver_errors(), engine.connect() as connection:
        return [RejectedRow(*row) for row in connection.execute(wanted)]


def _close(connection: Connection, history_id: int, counts: EntityCounts, status: Status, message: str | None) -> None:
    failed = counts.items_failed
    succeeded = max(counts.items_succeeded, 0) if status != "failed" else 0
    closed = {
        "status": status,
        "items_processed": succeeded + failed,
        "items_succeeded": succeeded,
        "items_failed": failed,
        "error_message": message,
    }
    connection.execute(_CLOSE, {"history_id": history_id, "counted": counts.as_details(), **closed})


def _rows() -> Select[Any]:
    names = HistoryRow.__dataclass_fields__
    return select(*(sync_history.c[name] for name in names)).order_by(
        sync_history.c.started_at.desc(), sync_history.c.id.desc()
    )


def _row(row: Row[Any]) -> HistoryRow:
    values = dict(row._mapping)
    for name in ("items_processed", "items_succeeded", "items_failed"):
        values[name] = values[name] or 0
    for name in ("started_at", "completed_at"):
        values[name] = None if values[name] is None else values[name].replace(tzinfo=UTC)
    values["details"] = values["details"] or {}
    return HistoryRow(**values)
