"""Dagster's events in PostgreSQL, for fewer statements: what this process has found out is not asked again.

What belongs here: how often Dagster's storage of events asks and writes. Of the 530 statements that Dagster sent for a
small run, 280 were NOTIFY, which no one listens to any more, the columns of a table that never changes, partitions that
were looked up a moment before, outputs of checks, which say nothing, or the last materialization, which the run itself
had just written. Of the others 72 said what the run intends to do, one event after the other. What the run has made
itself is in `made_here`, and the statements that store are in `event_statements`.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from dagster import AssetKey, AssetRecordsFilter, EventLogEntry, EventLogRecord, EventRecordsResult
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import Connection, text

from twizzit_pipeline.orchestration.dagster_private import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    AssetCheckExecutionsTable,
    DagsterEventType,
)
from twizzit_pipeline.orchestration.instance import event_statements as statements
from twizzit_pipeline.orchestration.instance.made_here import KNOWN_SECONDS, MadeHere, text_of_record
from twizzit_pipeline.orchestration.run.in_words import in_words
from twizzit_pipeline.settings.processes import set_in_process
from twizzit_pipeline.storage.engine import driver_errors

_TOGETHER = 1000  # events of a run's intention; each asset and each check has one
_INTENDED = {DagsterEventType.ASSET_MATERIALIZATION_PLANNED, DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED}


class KeptEvents(PostgresEventLogStorage):
    """Dagster's own storage, which remembers tables, columns, partitions, and what this process materialized."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """As Dagster's own."""
        super().__init__(*args, **options)
        set_in_process(DAGSTER_EVENT_BATCH_SIZE=str(_TOGETHER))  # without it Dagster stores one event after the other
        self._tables: set[str] = set()
        self._columns: set[str] = set()
        self._partitions: dict[tuple[str, str], float] = {}
        self._made = MadeHere()

    def has_table(self, table_name: str) -> bool:
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def has_asset_key_col(self, column_name: str) -> bool:
        if column_name not in self._columns:
            with self.index_connection() as connection:
                self._columns = columns_of(connection, "asset_keys")
        return column_name in self._columns

    def note_tables(self, names: Collection[str]) -> None:
        """These tables are there."""
        self._tables.update(names)

    # --- partitions ---------------------------------------------------------------------------------------------------

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        known = self._partitions.get((partitions_def_name, partition_key))
        if known is not None and monotonic() < known:
            return True
        there = super().has_dynamic_partition(partitions_def_name, partition_key)
        if there:
            self._partitions[partitions_def_name, partition_key] = monotonic() + KNOWN_SECONDS
        else:
            self._partitions.pop((partitions_def_name, partition_key), None)
        return there

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        super().delete_dynamic_partition(partitions_def_name, partition_key)
        self._partitions.pop((partitions_def_name, partition_key), None)

    # --- what this process has made -----------------------------------------------------------------------------------

    def fetch_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """As Dagster's own, which is asked for each check once."""
        key = None if cursor or ascending or limit != 1 else _one_partition(records_filter)
        known = None if key is None else self._made.found(*key)
        return known or super().fetch_materializations(records_filter, limit, cursor, ascending)

    def get_latest_tags_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        tag_keys: Sequence[str],
        asset_partitions: Sequence[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Mapping[str, str]]:
        """As Dagster's own, which a step asks for the version of each asset that it reads."""
        of_all = (before_cursor, after_cursor) == (None, None)
        if of_all and event_type is DagsterEventType.ASSET_MATERIALIZATION and len(asset_partitions or ()) == 1:
            [partition] = asset_partitions or ()
            record = self._made.last_of(asset_key, partition)
            tags = {} if record is None else self._tags_for_asset_event(record.event_log_entry)
            if tags and set(tag_keys) <= set(tags):
                return {partition: {key: tags[key] for key in tag_keys}}
        return super().get_latest_tags_by_partition(
            asset_key, event_type, tag_keys, asset_partitions, before_cursor, after_cursor
        )

    def _get_latest_materialization_records(self, rows: Sequence[Any]) -> Mapping[AssetKey, EventLogRecord | None]:
        """As Dagster's own, of the rows of assets; what was stored here is not taken apart again."""
        known: dict[AssetKey, EventLogRecord | None] = {}
        others = []
        for row in rows:
            record = None if row["asset_details"] else self._made.read_as(row["asset_key"], row["last_materialization"])
            if record is None or record.asset_key is None:  # wiped once, or made by another process
                others.append(row)
            else:
                known[record.asset_key] = record
        return {**known, **super()._get_latest_materialization_records(others)} if others else known

    def wipe_asset(self, asset_key: AssetKey) -> None:
        super().wipe_asset(asset_key)
        self._made.forget()

    # --- events -------------------------------------------------------------------------------------------------------

    def store_event(self, event: EventLogEntry) -> None:
        """As Dagster's own, without a NOTIFY.

        That a check gave an output says nothing beside its evaluation, which follows, and no step reads it: that is not
        stored.
        """
        event = in_words(event)
        if event.dagster_event_type is DagsterEventType.STEP_OUTPUT and _is_of_a_check(event):
            return
        with driver_errors():  # Dagster prints an error of the database as it is, event and all
            self._store(event)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """As Dagster's own; what a run intends to do, as many events as it has assets and checks, goes in together."""
        if {event.dagster_event_type for event in events} <= _INTENDED:
            with driver_errors(), self.index_transaction() as connection:
                self._store_intended(connection, events)
        else:
            super().store_event_batch(events)

    def _store_intended(self, connection: Connection, events: Sequence[EventLogEntry]) -> None:
        rows = [self._event_to_row(event) for event in events]
        ids = connection.scalars(statements.EVENTS, rows).all()
        assets: list[dict[str, object]] = []
        checks: list[dict[str, object]] = []
        for event, row, event_id in zip(events, rows, ids, strict=True):
            if event.dagster_event_type is DagsterEventType.ASSET_MATERIALIZATION_PLANNED:
                assets.append(_of_asset(event))
            else:
                checks += self._of_check(event, event_id, row["event"])
        if assets:
            connection.execute(statements.INTENDED_ASSETS, assets)
        if checks:
            connection.execute(AssetCheckExecutionsTable.insert(), checks)

    def _of_check(self, event: EventLogEntry, event_id: int, event_text: str) -> Iterator[dict[str, object]]:
        """The row, for each partition, of a check that a run intends to judge."""
        intended = event.get_dagster_event().asset_check_planned_data
        subset = intended.partitions_subset
        for partition in (None,) if subset is None else subset.get_partition_keys():
            yield {
                "asset_key": intended.asset_key.to_string(),
                "check_name": intended.check_name,
                "partition": partition,
                "run_id": event.run_id,
                "execution_status": "PLANNED",
                "evaluation_event": event_text,
                "evaluation_event_timestamp": _moment(event).replace(tzinfo=None),
                "evaluation_event_storage_id": event_id,
            }

    def _store(self, event: EventLogEntry) -> None:
        kind = event.dagster_event_type
        row = self._event_to_row(event)
        if kind is DagsterEventType.ASSET_CHECK_EVALUATION and event.run_id:
            self._store_judged(event, row)
            return
        with self.index_connection() as connection:
            event_id = int(connection.scalars(statements.EVENT, row).one())
            if kind is DagsterEventType.ASSET_MATERIALIZATION:
                self._store_made(connection, event, event_id, row)
        if kind in ASSET_EVENTS and kind is not DagsterEventType.ASSET_MATERIALIZATION:
            self._store_of_asset(event, event_id)
        if kind in ASSET_CHECK_EVENTS:
            self.store_asset_check_event(event, event_id)

    def _store_judged(self, event: EventLogEntry, row: Mapping[str, Any]) -> None:
        """The result of a check, which the row has got that its run made for it before; else Dagster makes one."""
        result = event.get_dagster_event().asset_check_evaluation_data
        about = result.target_materialization_data
        values = {
            **row,
            "of_asset": result.asset_key.to_string(),
            "of_check": result.check_name,
            "of_partition": result.partition,
            "status": "SUCCEEDED" if result.passed else "FAILED",
            "about": None if about is None else about.storage_id,
        }
        with self.index_connection() as connection:
            event_id, judged = connection.execute(statements.JUDGED, values).one()
        if judged != 1:
            self.store_asset_check_event(event, event_id)

    def _store_made(self, connection: Connection, event: EventLogEntry, event_id: int, row: Mapping[str, Any]) -> None:
        """What a materialization leaves besides its event: its tags, and that it is the last of its asset."""
        record = text_of_record(row["event"], event_id)
        tags = json.dumps(dict(self._tags_for_asset_event(event)))
        values = {
            **_of_asset(event),
            "event_id": event_id,
            "timestamp": row["timestamp"],
            "tags": tags,
            "record": record,
        }
        connection.execute(statements.MADE, values)
        self._made.note(event, event_id, record)

    def _store_of_asset(self, event: EventLogEntry, event_id: int) -> None:
        if event.get_dagster_event().asset_key is None:
            return
        with self.index_transaction() as connection:
            self._store_asset_event_tags(connection, [event], [event_id])
            self._store_asset_event(connection, event, event_id)


def columns_of(connection: Connection, table: str) -> set[str]:
    """The names of a table's columns; SQLAlchemy asks for their types too, by three statements over the catalogue."""
    wanted = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped"
    return set(connection.scalars(text(wanted), {"name": table}))


def _of_asset(event: EventLogEntry) -> dict[str, object]:
    """What the row of an asset says of a run that makes it."""
    about = event.get_dagster_event().asset_key
    assert about is not None
    moment = _moment(event)
    return {"asset_key": about.to_string(), "last_run_id": event.run_id, "last_materialization_timestamp": moment}


def _moment(event: EventLogEntry) -> datetime:
    return datetime.fromtimestamp(event.timestamp, UTC)


def _is_of_a_check(event: EventLogEntry) -> bool:
    """Whether an output is one of an asset's checks: it is called by the names of both, that of the asset is not."""
    output = event.get_dagster_event().step_output_data
    return output.output_name.startswith(f"{event.step_key}_") and not output.metadata


def _one_partition(records_filter: AssetKey | AssetRecordsFilter) -> tuple[AssetKey, str] | None:
    """What a filter by an asset and one of its partitions, and nothing else, names."""
    if not isinstance(records_filter, AssetRecordsFilter):
        return None
    partitions = list(records_filter.asset_partitions or ())
    if len(partitions) != 1 or records_filter != AssetRecordsFilter(
        asset_key=records_filter.asset_key, asset_partitions=partitions
    ):
        return None
    return records_filter.asset_key, partitions[0]
