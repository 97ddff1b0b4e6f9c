"""Dagster's own runs after their time: with their events, the rows of their checks, and folders of logs.

What belongs here: which runs go and which stay. Of every asset and partition the run stays, however old it is, that has
the newest event of each kind, and of every check and partition the one with the newest evaluation: so the health of
partitions and the state of checks are the same before and after. Dagster itself prunes the ticks of sensors and
schedules (`retention` in dagster.yaml).

Runs go one by one, events first: one that was killed in between has lost nothing, and the next call goes on.
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage
from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, func, or_, select

from twizzit_pipeline import logs
from twizzit_pipeline.orchestration.dagster_private import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
    AssetCheckExecutionsTable,
    RunsTable,
    SqlEventLogStorageTable,
)
from twizzit_pipeline.storage.engine import driver_errors

BATCH_RUNS, BATCH_ROWS = 100, 1000

_log = logs.logger(__name__)
_OVER = [
    each.value for each in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
]
# What the state of a partition is read from.
_KINDS = [
    each.value
    for each in (
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        dg.DagsterEventType.ASSET_FAILED_TO_MATERIALIZE,
        dg.DagsterEventType.ASSET_OBSERVATION,
    )
]
_JUDGED = sorted(each.value for each in COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES)
_RUN_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class PrunedRuns:
    """What went, or would go. `check_rows`: those whose run was gone already; those of the runs are not counted."""

    runs: int = 0
    check_rows: int = 0
    log_folders: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The counts by name."""
        return {"dagster_runs": self.runs, "dagster_check_rows": self.check_rows, "log_folders": self.log_folders}


def prune_runs(instance: dg.DagsterInstance, days: int, *, dry_run: bool = False) -> PrunedRuns:
    """Deletes runs that ended more than `days` ago, but for the newest of each partition; with `dry_run` counts alone.

    Nothing goes where the operator keeps Dagster's tables in another storage than PostgreSQL.

    Raises:
        DatabaseUnavailable, DatabaseRefused: the database is away, or its user may not delete.
    """
    runs, events = instance.run_storage, instance.event_log_storage
    if not isinstance(runs, PostgresRunStorage) or not isinstance(events, PostgresEventLogStorage):
        _log.warning("runs not pruned", reason="Dagster's tables are not in PostgreSQL")
        return PrunedRuns()
    before = datetime.now(UTC) - timedelta(days=days)
    gone = 0
    with driver_errors():
        for run_ids in _batches(events, before):
            gone += len(run_ids) if dry_run else sum(_delete(events, run_id) for run_id in run_ids)
        check_rows = _orphaned_check_rows(events, dry_run=dry_run)
        if not dry_run:
            _delete_evaluations_without_a_run(events, before)
        folders = [folder for folder in _folders(instance) if _is_left(events, folder, before)]
    log_folders = len(folders) if dry_run else sum(map(_remove, folders))
    if not dry_run:
        _log.info("runs pruned", before=before.isoformat(), runs=gone, check_rows=check_rows, log_folders=log_folders)
    return PrunedRuns(gone, check_rows, log_folders)


def _batches(events: PostgresEventLogStorage, before: datetime) -> Iterator[list[str]]:
    """The ids of the runs that may go, in the order in which they were made."""
    columns, last = RunsTable.c, -1
    while True:
        old = and_(columns.id > last, columns.status.in_(_OVER), columns.update_timestamp < before.replace(tzinfo=None))
        with events.index_connection() as connection:
            found = connection.execute(
                select(columns.id, columns.run_id).where(old).order_by(columns.id).limit(BATCH_RUNS)
            ).all()
            run_ids = [row.run_id for row in found]
            kept = _newest(connection, run_ids) if found else set()
        if not found:
            return
        last = found[-1].id
        yield [run_id for run_id in run_ids if run_id not in kept]


def _newest(connection: Connection, run_ids: Sequence[str]) -> set[str]:
    """Those of these runs that have the newest event or evaluation of something."""
    event, check = SqlEventLogStorageTable, AssetCheckExecutionsTable
    of_assets = select(event.c.run_id).where(
        event.c.run_id.in_(run_ids),
        event.c.asset_key.is_not(None),
        event.c.dagster_event_type.in_(_KINDS),
        ~_newer(event, "asset_key", "dagster_event_type"),
    )
    of_checks = select(check.c.run_id).where(
        check.c.run_id.in_(run_ids),
        or_(
            ~_newer(check, "asset_key", "check_name"),
            and_(check.c.execution_status.in_(_JUDGED), ~_newer(check, "asset_key", "check_name", judged=True)),
        ),
    )
    return {row.run_id for wanted in (of_assets, of_checks) for row in connection.execute(wanted.distinct())}


def _newer(table: Table, *names: str, judged: bool = False) -> ColumnElement[bool]:
    """Whether there is a later row of the same partition that agrees in these columns.

    The two cases of a partition are apart, as the index on partitions serves only the one that names it.
    """
    later = table.alias("later")
    same: list[Any] = [later.c[name] == table.c[name] for name in names]
    same.append(later.c.id > table.c.id)
    if judged:
        same.append(later.c.execution_status.in_(_JUDGED))
    named = exists().where(*same, later.c.partition == table.c.partition)
    none = and_(table.c.partition.is_(None), exists().where(*same, later.c.partition.is_(None)))
    return or_(named, none)


def _delete(events: PostgresEventLogStorage, run_id: str) -> bool:
    """Whether the run was still there: of two who prune at once one counts it.

    The run itself comes last, so that a run of which a part is gone is found again; its tags go with it.
    """
    events.delete_events(run_id)
    with events.index_connection() as connection:
        connection.execute(delete(AssetCheckExecutionsTable).where(AssetCheckExecutionsTable.c.run_id == run_id))
        return connection.execute(delete(RunsTable).where(RunsTable.c.run_id == run_id)).rowcount == 1


def _orphaned_check_rows(events: PostgresEventLogStorage, *, dry_run: bool) -> int:
    """Rows of runs that were deleted in Dagster's UI, which leaves them; the newest of a check, its state, stays."""
    check = AssetCheckExecutionsTable
    orphaned = and_(
        ~exists().where(RunsTable.c.run_id == check.c.run_id),
        _newer(check, "asset_key", "check_name"),
        or_(check.c.execution_status.not_in(_JUDGED), _newer(check, "asset_key", "check_name", judged=True)),
    )
    with events.index_connection() as connection:
        if dry_run:
            return int(connection.scalar(select(func.count()).select_from(check).where(orphaned)) or 0)
        gone = 0
        while True:
            ids = connection.scalars(select(check.c.id).where(orphaned).limit(BATCH_ROWS)).all()
            if not ids:
                return gone
            gone += connection.execute(delete(check).where(check.c.id.in_(ids))).rowcount


def _delete_evaluations_without_a_run(events: PostgresEventLogStorage, before: datetime) -> None:
    """What a sensor reported (the checks of the configuration, each hour anew) and no row of a check refers to.

    They belong to no run, so that no run takes them along. A young one may be there before its row is.
    """
    event, check = SqlEventLogStorageTable, AssetCheckExecutionsTable
    left = and_(
        event.c.run_id == "",
        event.c.dagster_event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION.value,
        event.c.timestamp < before.replace(tzinfo=None),
        ~exists().where(check.c.evaluation_event_storage_id == event.c.id),
    )
    with events.index_connection() as connection:
        while ids := connection.scalars(select(event.c.id).where(left).limit(BATCH_ROWS)).all():
            connection.execute(delete(event).where(event.c.id.in_(ids)))


def _folders(instance: dg.DagsterInstance) -> list[Path]:
    """What older versions, or an operator's own settings, kept of the steps of runs."""
    storage = Path(instance.storage_directory())
    return [path for path in storage.glob("*-*-*-*-*") if path.is_dir() and _RUN_ID.fullmatch(path.name)]


def _remove(folder: Path) -> bool:
    """Whether this made it go: of two who prune at once one counts it, and none one that stays."""
    with suppress(OSError):
        for each in folder.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _is_left(events: PostgresEventLogStorage, folder: Path, before: datetime) -> bool:
    """Whether it is old, and the run gone."""
    try:
        if datetime.fromtimestamp(folder.stat().st_mtime, UTC) > before:
            return False
    except OSError:
        return False
    with events.index_connection() as connection:
        return connection.scalar(select(RunsTable.c.id).where(RunsTable.c.run_id == folder.name)) is None
