"""Events in PostgreSQL for fewer statements: what is stored and found is what Dagster's own storage would have."""

import time
from collections import Counter
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import Engine, event, text

from tests.support.orchestrator import QUIET
from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.orchestration.assets.step import NO_VALUE
from twizzit_pipeline.orchestration.instance import kept_events
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.orchestration.instance.kept_events import KeptEvents
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

SEASONS = dg.DynamicPartitionsDefinition(name="kept_seasons")
CHECKS = ("first", "second", "third")
KEY = dg.AssetKey("kept")


@dg.asset(
    partitions_def=SEASONS,
    check_specs=[dg.AssetCheckSpec(name, asset="kept") for name in CHECKS],
    dagster_type=NO_VALUE,
)
def kept() -> Iterator[object]:
    yield dg.MaterializeResult(metadata={"rows": 3})
    for name in CHECKS:
        yield dg.AssetCheckResult(check_name=name, asset_key=KEY, passed=name != "second")


@pytest.fixture
def instance(settings: Settings, database: Database) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings, database) as opened:
        opened.add_dynamic_partitions("kept_seasons", ["2025-2026", "2026-2027"])
        yield opened


@pytest.fixture
def events(instance: dg.DagsterInstance) -> KeptEvents:
    storage = instance.event_log_storage
    assert isinstance(storage, KeptEvents)
    return storage


def run(instance: dg.DagsterInstance, season: str = "2026-2027") -> dg.ExecuteInProcessResult:
    done = dg.materialize([kept], instance=instance, partition_key=season, run_config=QUIET)
    assert done.success
    return done


class Statements:
    """The statements that go to the database, by their first words."""

    def __init__(self, engine: Engine) -> None:
        self.seen: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *given: self.seen.append(given[2]))

    def with_words(self, *words: str) -> int:
        return sum(all(word in statement for word in words) for statement in self.seen)


def test_a_run_keeps_every_event_but_the_outputs_of_checks(instance: dg.DagsterInstance) -> None:
    done = run(instance)
    stored = Counter(
        entry.get_dagster_event().event_type_value for entry in instance.all_logs(done.run_id) if entry.is_dagster_event
    )
    assert stored["STEP_OUTPUT"] == 1
    assert stored["ASSET_CHECK_EVALUATION_PLANNED"] == stored["ASSET_CHECK_EVALUATION"] == len(CHECKS)
    for name in ("PIPELINE_START", "STEP_START", "STEP_SUCCESS", "ASSET_MATERIALIZATION", "PIPELINE_SUCCESS"):
        assert stored[name] == 1, name
    happened = Counter(each.event_type_value for each in done.all_events)
    lost = happened - stored
    assert lost == Counter({"STEP_OUTPUT": len(CHECKS)})


def test_each_check_is_known_with_its_result_and_the_materialization_that_it_is_about(
    instance: dg.DagsterInstance, events: KeptEvents
) -> None:
    run(instance, "2025-2026")
    done = run(instance, "2026-2027")
    [made] = instance.fetch_materializations(KEY, limit=1).records
    for name in CHECKS:
        [last] = events.get_asset_check_execution_history(dg.AssetCheckKey(KEY, name), limit=1)
        assert last.run_id == done.run_id
        evaluation = last.event.get_dagster_event().asset_check_evaluation_data  # type: ignore[union-attr]
        assert evaluation.passed is (name != "second")
        assert evaluation.target_materialization_data is not None
        assert evaluation.target_materialization_data.storage_id == made.storage_id


def test_a_process_asks_for_tables_and_columns_by_their_names_alone(
    instance: dg.DagsterInstance, events: KeptEvents
) -> None:
    statements = Statements(events._engine)
    run(instance)
    assert statements.with_words("pg_catalog.pg_class") == 0
    assert statements.with_words("format_type") == 0
    assert statements.with_words("SELECT attname") == 1, "the columns of runs, twice needed"


def test_what_is_known_is_not_asked_again_within_a_run(instance: dg.DagsterInstance, events: KeptEvents) -> None:
    run(instance)
    statements = Statements(events._engine)
    done = run(instance)
    assert statements.with_words("NOTIFY") == 0
    happened = len(instance.all_logs(done.run_id))
    assert statements.with_words("INSERT INTO event_logs") == happened - len(CHECKS), "what is intended goes in as one"
    assert statements.with_words("INSERT INTO asset_check_executions") == 1
    assert statements.with_words("pg_attribute") == 0
    looked_up = statements.with_words("SELECT event_logs.id, event_logs.event", "ORDER BY")
    assert looked_up <= 2, "the materialization that three checks are about"


def test_what_a_run_intends_is_stored_together_as_dagster_stores_one_after_the_other(
    instance: dg.DagsterInstance, events: KeptEvents
) -> None:
    intended = intended_by(instance, run(instance))
    assert len(intended) == 1 + len(CHECKS)
    events.store_event_batch([entry._replace(run_id="together") for entry in intended])
    together = rows_of(events, "together")
    for entry in intended:
        PostgresEventLogStorage.store_event(events, entry._replace(run_id="one by one"))
    assert together == rows_of(events, "one by one")


def test_what_a_run_intends_is_stored_whole_or_not_at_all(instance: dg.DagsterInstance, events: KeptEvents) -> None:
    intended = intended_by(instance, run(instance))
    with events.index_connection() as connection:
        connection.execute(text("ALTER TABLE asset_check_executions ADD CHECK (run_id <> 'together')"))
    with pytest.raises(DatabaseRefused):
        events.store_event_batch([entry._replace(run_id="together") for entry in intended])
    event_rows, check_rows, assets = rows_of(events, "together")
    assert event_rows == check_rows == []
    assert [is_last for is_last, _ in assets] == [False]


def intended_by(instance: dg.DagsterInstance, done: dg.ExecuteInProcessResult) -> list[dg.EventLogEntry]:
    return [
        entry
        for entry in instance.all_logs(done.run_id)
        if entry.is_dagster_event and entry.get_dagster_event().event_type_value.endswith("_PLANNED")
    ]


def rows_of(events: KeptEvents, run_id: str) -> list[list[tuple[object, ...]]]:
    """What the tables hold of a run, but for ids and the moment of an insert."""
    tables = {
        "event_logs": "dagster_event_type, timestamp, step_key, asset_key, partition, replace(event, run_id, '')",
        "asset_check_executions": "asset_key, check_name, partition, execution_status, evaluation_event_timestamp,"
        " materialization_event_storage_id, replace(evaluation_event, run_id, ''), evaluation_event_storage_id -"
        " (SELECT min(id) FROM event_logs WHERE run_id = :run_id)",
    }
    found: list[list[tuple[object, ...]]] = []
    with events.index_connection() as connection:
        for table, columns in tables.items():
            rows = connection.execute(
                text(f"SELECT {columns} FROM {table} WHERE run_id = :run_id ORDER BY id"),
                {"run_id": run_id},
            )
            found.append([tuple(row) for row in rows])
        asset = text("SELECT last_run_id = :run_id, last_materialization_timestamp FROM asset_keys")
        found.append([tuple(row) for row in connection.execute(asset, {"run_id": run_id})])
    return found


def test_a_partition_that_another_process_deletes_is_soon_gone(
    events: KeptEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert events.has_dynamic_partition("kept_seasons", "2025-2026")
    PostgresEventLogStorage.delete_dynamic_partition(events, "kept_seasons", "2025-2026")
    assert events.has_dynamic_partition("kept_seasons", "2025-2026"), "known for a few seconds"
    later = time.monotonic() + kept_events.KNOWN_SECONDS + 0.1
    monkeypatch.setattr(f"{kept_events.__name__}.monotonic", lambda: later)
    assert not events.has_dynamic_partition("kept_seasons", "2025-2026")


def test_a_partition_that_is_added_or_deleted_here_is_there_or_gone_at_once(events: KeptEvents) -> None:
    assert not events.has_dynamic_partition("kept_seasons", "2030-2031")
    events.add_dynamic_partitions("kept_seasons", ["2030-2031"])
    assert events.has_dynamic_partition("kept_seasons", "2030-2031")
    events.delete_dynamic_partition("kept_seasons", "2030-2031")
    assert not events.has_dynamic_partition("kept_seasons", "2030-2031")


def test_the_last_materialization_is_the_newest_of_any_process(
    instance: dg.DagsterInstance, events: KeptEvents, settings: Settings, database: Database
) -> None:
    wanted = dg.AssetRecordsFilter(asset_key=KEY, asset_partitions=["2026-2027"])
    first = run(instance)
    assert events.fetch_materializations(wanted, limit=1).records[0].run_id == first.run_id
    second = run(instance)
    assert events.fetch_materializations(wanted, limit=1).records[0].run_id == second.run_id
    with open_instance(settings, database) as other:
        [seen] = other.event_log_storage.fetch_materializations(wanted, limit=1).records
        assert seen.run_id == second.run_id
    assert len(events.fetch_materializations(wanted, limit=10).records) == 2
    assert events.fetch_materializations(wanted, limit=1, ascending=True).records[0].run_id == first.run_id
