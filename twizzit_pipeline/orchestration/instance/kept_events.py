"""Dagster's events in PostgreSQL, for fewer statements: what this process has found out is not asked again.

What belongs here: how often Dagster's storage of events asks and writes. Of the 530 statements that Dagster sent for a
small run, 280 were NOTIFY, which no one listens to any more, the columns of a table that never changes, partitions that
were looked up a moment before, outputs of checks, which say nothing, or the last materialization, which the run itself
had just written. Of the others 72 said what the run intends to do, one event after the other.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from dagster import AssetKey, AssetRecordsFilter, EventLogEntry, EventRecordsResult, serialize_value
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import Connection, text

from twizzit_pipeline.orchestration.dagster_private import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    AssetCheckExecutionsTable,
    DagsterEventType,
    SqlEventLogStorageTable,
)
from twizzit_pipeline.orchestration.run.in_words import in_words
from twizzit_pipeline.settings.processes import set_in_process
from twizzit_pipeline.storage.engine import driver_errors

# How long what another process may change is known: partitions come and go with credentials and seasons.
KNOWN_SECONDS = 5.0

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
        self._materialized: dict[tuple[AssetKey, str], tuple[float, EventRecordsResult] | None] = {}

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

    # --- the materialization that a run's checks are about ------------------------------------------------------------

    def fetch_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """As Dagster's own, which is asked for each check once: of what this process made last, it is asked once."""
        key = None if cursor or ascending or limit != 1 else _one_partition(records_filter)
        if key is None or key not in self._materialized:
            return super().fetch_materializations(records_filter, limit, cursor, ascending)
        known = self._materialized[key]
        if known is None or monotonic() >= known[0]:
            found = super().fetch_materializations(records_filter, limit, cursor, ascending)
            known = self._materialized[key] = (monotonic() + KNOWN_SECONDS, found)
        return known[1]

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
        table = SqlEventLogStorageTable
        insert = table.insert().returning(table.c.id, sort_by_parameter_order=True)
        ids = connection.scalars(insert, [self._event_to_row(event) for event in events]).all()
        checks: list[dict[str, object]] = []
        for event, event_id in zip(events, ids, strict=True):
            if event.dagster_event_type is DagsterEventType.ASSET_MATERIALIZATION_PLANNED:
                self._store_asset_event(connection, event, event_id)
            else:
                checks += self._of_check(event, event_id)
        if checks:
            connection.execute(AssetCheckExecutionsTable.insert(), checks)

    def _of_check(self, event: EventLogEntry, event_id: int) -> Iterator[dict[str, object]]:
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
                "evaluation_event": serialize_value(event),
                "evaluation_event_timestamp": datetime.fromtimestamp(event.timestamp, UTC).replace(tzinfo=None),
                "evaluation_event_storage_id": event_id,
            }

    def _store(self, event: EventLogEntry) -> None:
        kind = event.dagster_event_type
        with self.index_connection() as connection:
            insert = self.prepare_insert_event(event).returning(SqlEventLogStorageTable.c.id)
            event_id = int(connection.execute(insert).scalar_one())
        if kind in ASSET_EVENTS:
            self._store_of_asset(event, event_id)
        if kind in ASSET_CHECK_EVENTS:
            self.store_asset_check_event(event, event_id)

    def _store_of_asset(self, event: EventLogEntry, event_id: int) -> None:
        if event.get_dagster_event().asset_key is None:
            return
        with self.index_transaction() as connection:
            self._store_asset_event_tags(connection, [event], [event_id])
            self._store_asset_event(connection, event, event_id)
        if event.dagster_event_type is DagsterEventType.ASSET_MATERIALIZATION:
            self._note_materialized(event)

    def _note_materialized(self, event: EventLogEntry) -> None:
        made = event.get_dagster_event()
        if made.asset_key is not None and made.partition is not None:
            self._materialized[made.asset_key, made.partition] = None


def columns_of(connection: Connection, table: str) -> set[str]:
    """The names of a table's columns; SQLAlchemy asks for their types too, by three statements over the catalogue."""
    wanted = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped"
    return set(connection.scalars(text(wanted), {"name": table}))


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
