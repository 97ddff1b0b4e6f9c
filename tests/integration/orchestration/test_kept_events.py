"""Events in PostgreSQL for fewer statements: what is stored and found is what Dagster's own storage would have."""

import time
import warnings
from collections import Counter
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import Engine, event, text

from tests.support.orchestrator import QUIET
from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.orchestration.assets.step import NO_VALUE
from twizzit_pipeline.orchestration.instance import kept_events, made_here
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.orchestration.instance.kept_events import KeptEvents
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

SEASONS = dg.DynamicPartitionsDefinition(name="kept_seasons")
CHECKS = ("first", "second", "third")
KEY = dg.AssetKey("kept")


def specs() -> list[dg.AssetCheckSpec]:
    """The first and the second are about a partition, the third about the asset as a whole."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(name, asset="kept", partitions_def=None if name == "third" else SEASONS)
            for name in CHECKS
        ]


@dg.asset(
    partitions_def=SEASONS,
    check_specs=specs(),
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
    assert statements.with_words("SELECT event_logs.id, event_logs.event", "ORDER BY") == 0, "what the run itself made"
    happened = len(instance.all_logs(done.run_id))
    assert statements.with_words("INSERT INTO event_logs") == happened - len(CHECKS), "what is intended goes in as one"
    assert statements.with_words("INSERT INTO asset_check_executions") == 1
    assert statements.with_words("pg_attribute") == 0
    assert statements.with_words("UPDATE asset_check_executions", "INSERT INTO event_logs") == len(CHECKS)


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
    event_rows, check_rows, assets, tags = rows_of(events, "together")
    assert event_rows == check_rows == tags == []
    assert [is_last for is_last, *_ in assets] == [False]


def test_what_a_step_makes_and_judges_is_stored_as_dagster_stores_it(
    instance: dg.DagsterInstance, events: KeptEvents
) -> None:
    done = run(instance)
    made = entries_of(instance, done, "ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION")
    assert len(made) == 1 + len(CHECKS)
    for intended in (intended_by(instance, done), []):  # a run that did not say before what it intends
        stored = []
        for kind in (KeptEvents, PostgresEventLogStorage):
            run_id = f"{kind.__name__} {len(intended)}"
            for entry in intended:
                PostgresEventLogStorage.store_event(events, entry._replace(run_id=run_id))
            for entry in made:
                kind.store_event(events, entry._replace(run_id=run_id))
            stored.append(rows_of(events, run_id))
        assert stored[0] == stored[1]
        assert [row[3] for row in stored[0][1]] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]


def entries_of(instance: dg.DagsterInstance, done: dg.ExecuteInProcessResult, *kinds: str) -> list[dg.EventLogEntry]:
    events = [entry for entry in instance.all_logs(done.run_id) if entry.is_dagster_event]
    return [entry for entry in events if entry.get_dagster_event().event_type_value in kinds]


def intended_by(instance: dg.DagsterInstance, done: dg.ExecuteInProcessResult) -> list[dg.EventLogEntry]:
    return entries_of(instance, done, "ASSET_MATERIALIZATION_PLANNED", "ASSET_CHECK_EVALUATION_PLANNED")


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
        asset = text(
            "SELECT last_run_id = :run_id, last_materialization_timestamp,"
            " replace(replace(last_materialization, :run_id, ''), '\"storage_id\": ' || (SELECT max(id) FROM event_logs"
            " WHERE run_id = :run_id AND dagster_event_type = 'ASSET_MATERIALIZATION'), '') FROM asset_keys"
        )
        found.append([tuple(row) for row in connection.execute(asset, {"run_id": run_id})])
        tags = text(
            "SELECT key, value FROM asset_event_tags JOIN event_logs ON event_id = event_logs.id WHERE run_id = :run_id"
        )
        found.append(sorted(tuple(row) for row in connection.execute(tags, {"run_id": run_id})))
    return found


def test_a_partition_that_another_process_deletes_is_soon_gone(
    events: KeptEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert events.has_dynamic_partition("kept_seasons", "2025-2026")
    PostgresEventLogStorage.delete_dynamic_partition(events, "kept_seasons", "2025-2026")
    assert events.has_dynamic_partition("kept_seasons", "2025-2026"), "known for a few seconds"
    later = time.monotonic() + made_here.KNOWN_SECONDS + 0.1
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


WANTED = dg.AssetRecordsFilter(asset_key=KEY, asset_partitions=["2026-2027"])
VERSION = "dagster/data_version"


def remembered(storage: PostgresEventLogStorage, kind: type[PostgresEventLogStorage]) -> list[object]:
    """What a run reads of what it has made, as this kind of storage finds it."""
    last = kind.fetch_materializations(storage, WANTED, limit=1)
    made = dg.DagsterEventType.ASSET_MATERIALIZATION
    versions = kind.get_latest_tags_by_partition(storage, KEY, made, [VERSION], asset_partitions=["2026-2027"])
    return [last, versions, kind.get_asset_records(storage, [KEY])]


def test_what_a_run_has_made_is_known_as_dagster_reads_it(instance: dg.DagsterInstance, events: KeptEvents) -> None:
    run(instance)
    statements = Statements(events._engine)
    known = remembered(events, KeptEvents)
    assert statements.with_words("FROM event_logs") == statements.with_words("FROM asset_event_tags") == 0
    assert statements.with_words("FROM asset_keys") == 1, (
        "the row of the asset, which says whether it is still the last"
    )
    with dg.DagsterInstance.from_ref(instance.get_ref()) as other:
        read = remembered(other.event_log_storage, PostgresEventLogStorage)  # type: ignore[arg-type]
    assert known == read


def test_a_version_that_a_step_reads_is_the_one_of_its_own_partition(
    instance: dg.DagsterInstance, events: KeptEvents
) -> None:
    """Dagster's UI says by these tags whether a table is older than what it was made of."""

    @dg.asset(deps=[kept], partitions_def=SEASONS, code_version="1", dagster_type=NO_VALUE)
    def reader() -> None:
        return None

    def read_by(season: str, *assets: dg.AssetsDefinition) -> dict[str, str]:
        selected = [each.key for each in assets]
        dg.materialize([kept, reader], instance=instance, partition_key=season, run_config=QUIET, selection=selected)
        [last] = instance.fetch_materializations(reader.key, limit=1).records
        assert last.asset_materialization is not None
        return dict(last.asset_materialization.tags or {})

    together = read_by("2026-2027", kept, reader)
    [made] = instance.fetch_materializations(KEY, limit=1).records
    assert together["dagster/input_event_pointer/kept"] == str(made.storage_id)
    run(instance, "2025-2026")
    alone = read_by("2026-2027", reader)
    assert alone["dagster/input_data_version/kept"] == together["dagster/input_data_version/kept"]
    assert int(alone["dagster/input_event_pointer/kept"]) > made.storage_id, "where Dagster looks for newer ones from"


def test_what_was_made_here_is_forgotten_where_it_is_wiped_and_soon_where_another_process_makes_it_anew(
    instance: dg.DagsterInstance,
    events: KeptEvents,
    settings: Settings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(instance)
    with open_instance(settings, database) as other:
        newer = run(other)
    [record] = events.get_asset_records([KEY])
    assert record.asset_entry.last_materialization_record is not None
    assert record.asset_entry.last_materialization_record.run_id == newer.run_id
    later = time.monotonic() + made_here.KNOWN_SECONDS + 0.1
    monkeypatch.setattr(f"{made_here.__name__}.monotonic", lambda: later)
    assert [each.run_id for each in events.fetch_materializations(WANTED, limit=1).records] == [newer.run_id]
    run(instance)
    events.wipe_asset(KEY)
    last, versions, rows = remembered(events, KeptEvents)
    assert (last.records, versions, rows) == ([], {}, [])  # type: ignore[attr-defined]


def test_a_plan_of_steps_is_looked_for_by_its_id(instance: dg.DagsterInstance) -> None:
    done = run(instance)
    made = instance.get_run_by_id(done.run_id)
    assert made is not None
    assert made.execution_plan_snapshot_id is not None
    assert instance.run_storage.has_execution_plan_snapshot(made.execution_plan_snapshot_id)
    assert not instance.run_storage.has_execution_plan_snapshot("0" * 40)
