"""The instance: its folder, its environment, its connections, and Dagster's own commands on it."""

import errno
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg2
import pytest
from dagster_postgres import PostgresEventLogStorage
from dagster_postgres.utils import DagsterPostgresException
from pydantic import SecretStr
from sqlalchemy import Engine, Pool, event, text
from sqlalchemy.exc import OperationalError

from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import DatabaseUnavailable, SettingsError
from twizzit_pipeline.orchestration.assets.catalogue import CONFIGURATION, TABLES
from twizzit_pipeline.orchestration.instance.configuration import configuration_text
from twizzit_pipeline.orchestration.instance.dagster_command import run_dagster
from twizzit_pipeline.orchestration.instance.home import dagster_environment, dagster_home, open_instance
from twizzit_pipeline.orchestration.partitions import PartitionKeys, register_partitions
from twizzit_pipeline.orchestration.sensors.syncs import sync_sensor
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.twizzit.records import Season


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def instance(settings: Settings, database: Database) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings, database) as opened:
        yield opened


@pytest.fixture
def credential_id(settings: Settings, database: Database) -> int:
    """A credential with two seasons."""
    assert settings.encryption_key is not None
    credential_id = store.add(
        database.engine,
        settings.encryption_key,
        organization_name="KC Voorbeeld",
        api_username="club",
        password=SecretStr("a password"),
        api_endpoint="https://app.twizzit.com/v2/api",
    )
    with database.engine.begin() as connection:
        seasons.refresh(
            connection, credential_id, [Season("1", "2025-2026", None, None), Season("2", "2026-2027", None, None)]
        )
    return credential_id


def test_a_full_disk_leaves_no_half_of_dagster_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(_env_file=None, home=tmp_path / "home")

    def full(path: Path, *_: object, **__: object) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(SettingsError, match=r"dagster cannot be written: No space left on device$"):
            dagster_home(settings)
    assert list((tmp_path / "home" / "dagster").iterdir()) == []


def test_a_database_that_goes_away_while_dagster_uses_it_is_one_line(settings: Settings, database: Database) -> None:
    cut = OperationalError("SELECT 1", {}, psycopg2.OperationalError("server closed the connection unexpectedly"))
    with (
        pytest.raises(DatabaseUnavailable, match=r"^The database cannot be reached: server closed the connection"),
        open_instance(settings, database),
    ):
        raise DagsterPostgresException("too many retries for DB connection") from cut


def test_only_the_owner_may_enter_dagsters_folder(tmp_path: Path) -> None:
    settings = load_settings(_env_file=None, home=tmp_path / "new" / "home")
    folder = dagster_home(settings)
    assert folder == tmp_path / "new" / "home" / "dagster"
    assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)
    assert (folder / "dagster.yaml").read_text() == configuration_text(settings)


def test_the_configuration_is_renewed_only_where_it_differs(tmp_path: Path) -> None:
    settings = load_settings(_env_file=None, home=tmp_path)
    configuration = dagster_home(settings) / "dagster.yaml"
    before = configuration.stat().st_ino
    dagster_home(settings)
    assert configuration.stat().st_ino == before
    configuration.write_text("telemetry: {enabled: true}\n")
    dagster_home(settings)
    assert configuration.read_text() == configuration_text(settings)


def test_a_mistake_in_the_operators_file_is_one_line_that_names_it(settings: Settings, database: Database) -> None:
    own = settings.home / "dagster.overlay.yaml"
    settings.home.mkdir(parents=True, exist_ok=True)
    own.write_text("run_monitoring: {enabled: often}\nfoo: 1\n")
    with (
        pytest.raises(SettingsError, match=r"dagster\.overlay\.yaml: .*foo") as caught,
        open_instance(settings, database),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_an_operators_file_that_changes_counts_the_next_time(settings: Settings, database: Database) -> None:
    """A process reads and judges each text once."""
    own = settings.home / "dagster.overlay.yaml"
    settings.home.mkdir(parents=True, exist_ok=True)
    found = []
    for days in (3, 5, 3):
        own.write_text(f"retention: {{sensor: {{purge_after_days: {days}}}}}\n")
        with open_instance(settings, database) as opened:
            found.append(opened.get_settings("retention")["sensor"])
    assert found == [{"purge_after_days": days} for days in (3, 5, 3)]


def test_the_webserver_notices_no_restart_of_the_database(instance: dg.DagsterInstance, database: Database) -> None:
    """Its own three pools, which hold a connection each, all of which the server has ended."""
    instance.optimize_for_webserver(statement_timeout=5000, pool_recycle=3600, max_overflow=20)
    instance.get_runs(limit=1)
    assert instance.all_instigator_state() == []
    assert instance.get_daemon_statuses()
    instance.get_asset_keys()
    others = text(
        "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with database.engine.connect() as connection:
        assert connection.execute(others).scalar_one() >= 3
    instance.get_runs(limit=1)
    assert instance.all_instigator_state() == []
    assert instance.get_daemon_statuses()
    instance.get_asset_keys()
    for storage in (instance.run_storage, instance.event_log_storage, instance.schedule_storage):
        storage._engine.dispose()  # type: ignore[union-attr]


def test_a_home_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"^TWIZZIT_HOME: .*file/home/dagster cannot be written: "):
        dagster_home(load_settings(_env_file=None, home=tmp_path / "file" / "home"))


def test_the_environment_names_this_instance_and_paths_are_absolute(
    settings: Settings, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = settings.model_copy(update={"home": Path("somewhere")})
    assert dagster_environment(relative, database) == {
        "DAGSTER_HOME": str(tmp_path / "somewhere" / "dagster"),
        "DAGSTER_POSTGRES_URL": database.dagster_url,
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "TWIZZIT_HOME": str(tmp_path / "somewhere"),
    }


def test_opening_an_instance_changes_no_environment_and_leaves_no_connection(
    settings: Settings, database: Database
) -> None:
    before = dict(os.environ)
    with open_instance(settings, database) as instance:
        assert instance.get_runs_count() == 0
    ours = {"DAGSTER_EVENT_BATCH_SIZE": "1000"}  # of `kept_events`, where this process opens its first
    assert dict(os.environ) == before | ours
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'dagster'"))
        clients = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        until = time.monotonic() + 10  # the server's side of a connection outlives ours by a moment
        while connection.scalar(clients) != 1:
            assert time.monotonic() < until, "not this connection alone"
            connection.rollback()
            time.sleep(0.02)


@pytest.mark.dagster_tables
def test_an_instance_keeps_its_connections_while_it_is_open(instance: dg.DagsterInstance, database: Database) -> None:
    def backends() -> set[int]:
        with database.engine.connect() as connection:
            return set(
                connection.scalars(
                    text(
                        "SELECT pid FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            )

    instance.get_runs_count()
    kept = backends()
    assert kept
    instance.get_runs_count()
    assert backends() == kept

    with database.engine.connect() as connection:  # as when the server is started anew
        connection.execute(
            text("SELECT pg_terminate_backend(pid, 10000) FROM unnest(:pids) pid"), {"pids": sorted(kept)}
        )
    assert instance.get_runs_count() == 0, "it connects again, and says nothing of it"
    assert not kept & backends()


@pytest.mark.dagster_tables
def test_an_instance_opens_with_one_connection(settings: Settings, database: Database) -> None:
    opened = []

    @event.listens_for(Pool, "connect")
    def note(connection: object, _record: object) -> None:
        opened.append(type(connection).__module__.partition(".")[0])

    try:
        with open_instance(settings, database) as instance:
            assert instance.get_runs_count() == 0
    finally:
        event.remove(Pool, "connect", note)
    assert opened == ["psycopg2"]


@pytest.mark.dagster_tables
def test_an_instance_looks_for_a_table_once(instance: dg.DagsterInstance) -> None:
    events = instance.event_log_storage
    assert isinstance(events, PostgresEventLogStorage)
    asked = []

    @event.listens_for(Engine, "before_cursor_execute")
    def note(*given: object) -> None:
        asked.append(given)

    try:
        assert not events.has_table("no_such_table")
        assert events.has_table("asset_check_executions")
        before = len(asked)
        assert events.has_table("asset_check_executions")
        assert len(asked) == before
        assert not events.has_table("no_such_table")
        assert len(asked) > before, "what is not there may come yet"
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.dagster_tables
def test_credentials_and_seasons_become_partitions_once(
    instance: dg.DagsterInstance, database: Database, credential_id: int
) -> None:
    key = f"{credential_id}-kc-voorbeeld"
    assert register_partitions(instance, database.engine) == PartitionKeys((key,), ("2025-2026", "2026-2027"))
    assert register_partitions(instance, database.engine) == PartitionKeys((), ())
    assert instance.get_dynamic_partitions("credential") == [key]
    assert sorted(instance.get_dynamic_partitions("season")) == ["2025-2026", "2026-2027"]


@pytest.mark.dagster_tables
def test_the_sensor_asks_for_what_is_new(
    instance: dg.DagsterInstance, database: Database, settings: Settings, credential_id: int
) -> None:
    sensor = sync_sensor(settings, database)
    context = dg.build_sensor_context(instance=instance)
    asked = sensor.evaluate_tick(context)
    requests = {
        request.partitions_def_name: list(request.partition_keys) for request in asked.dynamic_partitions_requests or ()
    }
    assert requests == {"credential": [f"{credential_id}-kc-voorbeeld"], "season": ["2025-2026", "2026-2027"]}
    register_partitions(instance, database.engine)
    again = sensor.evaluate_tick(context)
    assert not again.dynamic_partitions_requests
    assert again.skip_message == "No credential is due, and no request can start"


@pytest.mark.dagster_tables
@pytest.mark.usefixtures("credential_id")
def test_dagsters_commands_work_on_this_instance_from_any_folder(
    settings: Settings,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", database.url.get_secret_value())

    assert run_dagster(settings, database, ["asset", "list"]) == 0, capfd.readouterr().err
    assert capfd.readouterr().out.split() == sorted(set(TABLES) - {CONFIGURATION})
    assert not (tmp_path / ".twizzit").exists()


@pytest.mark.dagster_tables
def test_an_event_that_finds_no_room_is_one_line_without_the_event(
    instance: dg.DagsterInstance, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dagster prints the error of its storage on the terminal, as often as it meets it."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE 'could not extend file' USING ERRCODE = '53100'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER no_room BEFORE INSERT ON dagster.event_logs EXECUTE FUNCTION no_room()"
        )

    @dg.op
    def work() -> None: ...

    @dg.job
    def some_job() -> None:
        work()

    with pytest.raises(DatabaseUnavailable, match="its disk is full: make room") as raised:
        some_job.execute_in_process(instance=instance)
    said = [str(raised.value), *capsys.readouterr().err.splitlines()]
    assert not [line for line in said if "INSERT" in line or "parameters" in line or "DagsterEvent" in line]
