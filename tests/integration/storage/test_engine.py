"""Connections: spellings of the URL, what never shows, and what Dagster needs."""

import json
import socket
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from dagster import DagsterInstance, job, op
from pydantic import SecretStr
from sqlalchemy import Engine, NullPool, create_engine, insert, make_url, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from twizzit_pipeline.errors import DatabaseRefused, DatabaseUnavailable, UnsupportedDatabase
from twizzit_pipeline.orchestration.instance.kept_storage import KeptPostgresStorage
from twizzit_pipeline.scheduling.automation import switched_off
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage import dagster_schema, idle_connections, tables
from twizzit_pipeline.storage import engine as engine_module
from twizzit_pipeline.storage.dagster_schema import dagsters_connection, missing_schema, prepare_schema
from twizzit_pipeline.storage.dump import dump
from twizzit_pipeline.storage.engine import Database, driver_errors, open_database
from twizzit_pipeline.storage.given_up import PARAMETERS
from twizzit_pipeline.storage.urls import PORT

PASSWORD = "s3cr3t/p@ss:word"


def _settings(url: str, tmp_path: Path, **more: object) -> Settings:
    return load_settings(_env_file=None, home=tmp_path / "home", database_url=SecretStr(url), **more)


def _everything_said(error: BaseException) -> str:
    """The error with all that hangs on it, as a traceback would print it."""
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize("spelling", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_spelling_of_postgresql_opens(database_url: str, tmp_path: Path, spelling: str) -> None:
    url = database_url.replace("postgresql:", f"{spelling}:")
    with open_database(_settings(url, tmp_path)) as database, database.engine.connect() as connection:
        assert connection.dialect.driver == "psycopg"
        assert connection.scalar(text("SELECT count(*) FROM clubs")) == 0


def test_of_several_hosts_one_that_is_away_is_passed_over(database_url: str, tmp_path: Path) -> None:
    """By all that connects: ours, Dagster's, the one that makes its schema, and the programs of PostgreSQL."""
    url = make_url(database_url)
    there = f"{url.query.get('host', url.host)}:{url.query.get('port', url.port) or PORT}"
    wanted = {"host": (str(tmp_path / "away"), there), "target_session_attrs": "read-write"}
    several = url.set(host=None, port=None, query=wanted).render_as_string(hide_password=False)
    with open_database(_settings(several, tmp_path)) as database:
        with database.engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM clubs")) == 0
        prepare_schema(database)
        with create_engine(database.dagster_url, poolclass=NullPool).connect() as dagsters:
            assert dagsters.scalar(text("SELECT current_schema()")) == "dagster"
        assert switched_off(database) == ()
        assert dump(database, tmp_path / "of_several.dump") > 10_000


def test_with_a_url_no_server_starts_and_no_folder_is_made(database_url: str, tmp_path: Path) -> None:
    with open_database(_settings(database_url, tmp_path)):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["mysql://u:hush@h/d", "sqlite:///x", "postgresql+asyncpg://u:hush@h/d", "nonsense hush"]
)
def test_other_databases_are_refused_without_their_password(url: str, tmp_path: Path) -> None:
    with (
        pytest.raises(UnsupportedDatabase, match="TWIZZIT_DATABASE_URL") as caught,
        open_database(_settings(url, tmp_path)),
    ):
        pass
    assert "hush" not in _everything_said(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_port_in_the_url_shows_no_password(tmp_path: Path) -> None:
    settings = _settings("postgresql://u:hush@h:port/d", tmp_path)  # not in a line that a traceback shows
    with pytest.raises(UnsupportedDatabase) as caught, open_database(settings):
        pass
    assert "hush" not in _everything_said(caught.value)


def test_a_server_that_is_not_there_is_one_line_without_the_password(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: no answer comes
        port = taken.getsockname()[1]
        url = make_url("postgresql://u@127.0.0.1/d").set(port=port, password=PASSWORD)
        settings = _settings(url.render_as_string(hide_password=False), tmp_path)
        with pytest.raises(DatabaseUnavailable, match="cannot be reached") as caught, open_database(settings):
            pass
    said = _everything_said(caught.value)
    assert PASSWORD not in said
    assert "s3cr3t" not in said
    assert "\n" not in str(caught.value)
    assert str(port) in str(caught.value)


def test_a_database_that_is_not_there_is_one_line(database_url: str, tmp_path: Path) -> None:
    url = make_url(database_url).set(database="absent").render_as_string(hide_password=False)
    with (
        pytest.raises(DatabaseRefused, match=r'There is no such database: .*"absent" does not exist') as caught,
        open_database(_settings(url, tmp_path)),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_an_older_server_is_refused(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "OLDEST_SERVER", 990000)
    with (
        pytest.raises(UnsupportedDatabase, match="version 99 or newer"),
        open_database(_settings(database_url, tmp_path)),
    ):
        pass


def test_sessions_are_in_utc_and_named(database: Database) -> None:
    with database.engine.connect() as connection:
        assert connection.scalar(text("SHOW timezone")) == "UTC"
        assert connection.scalar(text("SHOW application_name")) == "twizzit-pipeline"


def test_a_server_that_goes_without_a_word_is_given_up(database_url: str, tmp_path: Path) -> None:
    """By ours and by Dagster's, unless the URL says how long; Linux would wait a quarter of an hour, or two hours."""
    with open_database(_settings(database_url, tmp_path)) as database, database.engine.connect() as connection:
        ours = {option.keyword.decode(): option.val for option in connection.connection.driver_connection.pgconn.info}  # type: ignore[union-attr]
        dagsters = make_url(database.dagster_url).query
    for name, value in PARAMETERS.items():
        assert ours[name] == value.encode(), name
        assert dagsters[name] == value, name
    url = make_url(database_url).update_query_dict({"tcp_user_timeout": "7000"})
    text_ = url.render_as_string(hide_password=False)
    with open_database(_settings(text_, tmp_path, dagster_postgres_url=SecretStr(text_))) as database:
        assert make_url(database.url.get_secret_value()).query["tcp_user_timeout"] == "7000"
        assert make_url(database.dagster_url).query["tcp_user_timeout"] == "7000"
        assert make_url(database.dagster_url).query["keepalives_idle"] == PARAMETERS["keepalives_idle"]


def test_a_server_gives_us_up_as_soon(database_url: str, tmp_path: Path) -> None:
    """Else a machine that is cut off in a transaction keeps its locks, the lease among them, for two hours."""
    given_up = ["15", "5", "6", "45000"]
    with open_database(_settings(database_url, tmp_path)) as database:
        assert _given_up_there(database.engine) == given_up
        prepare_schema(database)
        dagsters = KeptPostgresStorage(database.dagster_url, should_autocreate_tables=False)
        assert _given_up_there(dagsters.run_storage._engine) == given_up  # type: ignore[attr-defined]
        dagsters.run_storage.dispose()
    bare = make_url(database_url).set(drivername="postgresql+psycopg2")
    of_a_unit = KeptPostgresStorage(bare.render_as_string(hide_password=False), should_autocreate_tables=False)
    assert _given_up_there(of_a_unit.run_storage._engine) == given_up  # type: ignore[attr-defined]
    of_a_unit.run_storage.dispose()
    query = {"keepalives_idle": "20", "options": "-ctcp_user_timeout=9000 -cjit=off"}
    said = make_url(database_url).update_query_dict(query).render_as_string(hide_password=False)
    with open_database(_settings(said, tmp_path)) as database:
        assert _given_up_there(database.engine) == ["20", "5", "6", "9000"]


def _given_up_there(engine: Engine) -> list[str]:
    """What the server was asked to do: seconds at rest, between two tries, tries; milliseconds for an answer to arrive.

    On a Unix socket, as here, it does nothing of it, and `SHOW` says 0.
    """
    names = ("keepalives_idle", "keepalives_interval", "keepalives_count", "user_timeout")
    asked = text("SELECT reset_val FROM pg_settings WHERE name = :name")
    with engine.connect() as connection:
        return [str(connection.scalar(asked, {"name": f"tcp_{name}"})) for name in names]


def test_options_in_the_url_are_kept(database_url: str, tmp_path: Path) -> None:
    url = make_url(database_url).update_query_dict({"options": "-cstatement_timeout=12345"})
    settings = _settings(url.render_as_string(hide_password=False), tmp_path)
    with open_database(settings) as database:
        with database.engine.connect() as connection:
            assert connection.scalar(text("SHOW statement_timeout")) == "12345ms"
            assert connection.scalar(text("SHOW timezone")) == "UTC"
        prepare_schema(database)
        assert make_url(database.dagster_url).query["options"] == (
            "-cstatement_timeout=12345 -cdefault_transaction_isolation=read\\ committed -csynchronous_commit=off"
            " -csearch_path=dagster -ctcp_keepalives_idle=15 -ctcp_keepalives_interval=5 -ctcp_keepalives_count=6"
            " -ctcp_user_timeout=45000"
        )


def test_a_stricter_isolation_of_the_database_does_not_count(database_url: str, tmp_path: Path) -> None:
    with open_database(_settings(database_url, tmp_path)) as database, database.engine.begin() as connection:
        name = connection.scalar(text("SELECT quote_ident(current_database())"))
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = serializable"))
    shown = text("SHOW transaction_isolation")
    with open_database(_settings(database_url, tmp_path)) as database:
        for asked, found in (
            (None, "read committed"),
            ("AUTOCOMMIT", "read committed"),
            ("SERIALIZABLE", "serializable"),
        ):
            connected = database.engine.connect().execution_options(**({"isolation_level": asked} if asked else {}))
            with connected as connection:
                assert connection.scalar(shown) == found
        with dagsters_connection(database) as dagsters:
            assert dagsters.execute("SHOW transaction_isolation").fetchone() == ("read committed",)


def test_what_a_person_sets_for_their_own_psql_does_not_count(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "German")
    monkeypatch.setenv("PGOPTIONS", "-csearch_path=nowhere")
    with open_database(_settings(database_url, tmp_path)) as database:
        with database.engine.connect() as connection:
            assert connection.scalar(text("SELECT current_setting('timezone')")) == "UTC"
            assert connection.scalar(text("SELECT now()")).tzinfo is not None
            assert connection.scalar(text("SELECT current_schema()")) == "public"
        with dagsters_connection(database) as dagsters:
            assert "ISO" in str(dagsters.execute("SELECT current_setting('datestyle')").fetchone())


def test_an_open_database_shows_no_url(database_url: str, tmp_path: Path) -> None:
    url = make_url(database_url).set(password=PASSWORD).render_as_string(hide_password=False)
    with open_database(_settings(url, tmp_path)) as database:
        assert "s3cr3t" not in f"{database!r} {database.url} {database.engine!r}"
        assert make_url(database.url.get_secret_value()).password == PASSWORD


def test_parameters_stay_out_of_errors(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught, database.engine.begin() as connection:
        connection.execute(insert(tables.players).values(first_name="Annelies", last_name=None))
    assert "NotNullViolation 23502, table players, column last_name" in str(caught.value)
    assert "Annelies" not in str(caught.value)


def test_accents_in_json_are_stored_as_they_are(database: Database) -> None:
    with database.engine.begin() as connection:
        credential = connection.scalar(
            insert(tables.credentials)
            .values(organization_name="KC", api_username="u", encrypted_password="0", encryption_iv="0")
            .returning(tables.credentials.c.id)
        )
        connection.execute(
            insert(tables.sync_requests).values(credential_id=credential, sync_type="all", options={"naam": "Zoë"})
        )
        assert connection.scalar(select(tables.sync_requests.c.options)) == {"naam": "Zoë"}
        assert connection.scalar(text("SELECT options::text FROM twizzit_sync_requests")) == json.dumps(
            {"naam": "Zoë"}, ensure_ascii=False
        )


def test_accents_fold_their_case_in_the_embedded_database(database: Database) -> None:
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT lower('ÉLÈVE ÇA')")) == "élève ça"


@pytest.mark.parametrize("rest", [0, 3600])
def test_a_connection_cut_by_the_server_is_replaced(
    database: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch, rest: float
) -> None:
    monkeypatch.setattr(idle_connections, "IDLE_SECONDS", rest)

    def my_backend() -> int:
        with database.engine.connect() as connection:
            return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)

    before = my_backend()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 10000)", (before,))
    assert my_backend() != before


def test_a_connection_is_tried_when_it_rested_and_only_then(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    monkeypatch.setattr(database.engine.dialect, "do_ping", tried.append)

    def used_twice() -> int:
        tried.clear()
        for _ in range(2):
            with database.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        return len(tried)

    monkeypatch.setattr(idle_connections, "IDLE_SECONDS", 3600)
    assert used_twice() == 0
    monkeypatch.setattr(idle_connections, "IDLE_SECONDS", 0)
    assert used_twice() == 2


def test_a_connection_cut_in_the_middle_is_our_own_error(database: Database, postgres_url: str) -> None:
    with pytest.raises(DatabaseUnavailable) as caught, driver_errors(), database.engine.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 60000)", (backend,))
        connection.execute(text("SELECT 1"))
    assert "\n" not in str(caught.value)


def test_what_the_server_cannot_do_just_now_is_transient_and_not_called_unreachable(database: Database) -> None:
    with (
        pytest.raises(DatabaseUnavailable, match=r"cancelled a statement: .*statement timeout") as caught,
        driver_errors(),
        database.engine.connect() as connection,
    ):
        connection.execute(text("SET LOCAL statement_timeout = 10"))
        connection.execute(text("SELECT pg_sleep(5)"))
    assert "\n" not in str(caught.value)


def test_a_missing_privilege_is_said(database: Database) -> None:
    with (
        pytest.raises(DatabaseRefused, match="permission denied"),
        driver_errors(),
        database.engine.connect() as connection,
    ):
        connection.execute(text("SET LOCAL ROLE pg_monitor"))
        connection.execute(text("SELECT * FROM clubs"))


def test_a_connection_that_a_thread_still_has_when_the_database_closes_is_closed_as_it_comes_back(
    settings: Settings,
) -> None:
    with open_database(settings) as opened:
        late = opened.engine.connect()
        ours = late.connection.dbapi_connection
    assert isinstance(ours, psycopg.Connection) and not ours.closed
    late.close()
    assert ours.closed


def test_errors_about_our_own_sql_pass_as_they_are(database: Database) -> None:
    with (
        pytest.raises(ProgrammingError, match="syntax error"),
        driver_errors(),
        database.engine.connect() as connection,
    ):
        connection.execute(text("SELECT FROM WHERE"))


# --- Dagster's storage ------------------------------------------------------------------------------------------------


@op
def _one() -> int:
    return 1


@job
def _smallest_job() -> None:
    _one()


def _run_through_dagster(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text(
        "storage:\n  postgres:\n    postgres_url:\n      env: DAGSTER_POSTGRES_URL\ntelemetry:\n  enabled: false\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
    with DagsterInstance.from_config(str(home)) as instance:
        result = _smallest_job.execute_in_process(instance=instance)
        assert result.success
        assert instance.get_run_by_id(result.run_id) is not None


def test_dagster_keeps_its_tables_in_its_own_schema(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_schema(database)
    _run_through_dagster(database.dagster_url, tmp_path, monkeypatch)
    with database.engine.connect() as connection:
        schema = text("SELECT table_schema FROM information_schema.tables WHERE table_name IN ('runs', 'event_logs')")
        assert set(connection.scalars(schema)) == {"dagster"}


@pytest.mark.parametrize(
    ("search_path", "schema"), [("Dagster", "dagster"), ('"Dagster"', "Dagster"), ("Mine,public", "mine")]
)
def test_the_schema_that_is_made_for_dagster_is_the_one_that_its_url_means(
    search_path: str, schema: str, database_url: str, tmp_path: Path
) -> None:
    url = make_url(database_url).update_query_dict({"options": f"-csearch_path={search_path}"})
    named = SecretStr(url.render_as_string(hide_password=False))
    with open_database(_settings(database_url, tmp_path, dagster_postgres_url=named)) as database:
        prepare_schema(database)
        with create_engine(database.dagster_url, poolclass=NullPool).connect() as dagsters:
            assert dagsters.scalar(text("SELECT current_schema()")) == schema
        assert missing_schema(database) is None


def test_a_schema_that_another_process_makes_meanwhile_is_there_already(database: Database) -> None:
    with dagsters_connection(database) as first, ThreadPoolExecutor(1) as pool:
        first.execute("SELECT pg_advisory_xact_lock(%s)", [dagster_schema._LOCK])
        second = pool.submit(prepare_schema, database)
        here = "(SELECT oid FROM pg_database WHERE datname = current_database())"
        waiting = f"SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = {here}"
        while first.execute(waiting).fetchone() is None and not second.done():
            time.sleep(0.05)
        first.execute("CREATE SCHEMA dagster")
        first.commit()
        second.result(60)
    assert missing_schema(database) is None


def test_dagster_can_live_in_a_database_of_its_own(
    database_url: str, empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(database_url, tmp_path, dagster_postgres_url=SecretStr(empty_database_url))
    with open_database(settings) as database:
        assert make_url(database.dagster_url).drivername == "postgresql+psycopg2"
        prepare_schema(database)
        _run_through_dagster(database.dagster_url, tmp_path, monkeypatch)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regclass('public.runs') IS NOT NULL").fetchone() == (True,)


def test_a_dagster_url_of_another_database_is_refused_by_its_own_name(database_url: str, tmp_path: Path) -> None:
    settings = _settings(database_url, tmp_path, dagster_postgres_url=SecretStr("mysql://u:hush@h/d"))
    with pytest.raises(UnsupportedDatabase, match=r"^DAGSTER_POSTGRES_URL names 'mysql'"), open_database(settings):
        pass
