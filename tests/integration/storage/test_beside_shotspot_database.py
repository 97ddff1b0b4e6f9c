"""A guest in ShotSpot's database: locks, roles, encodings, read-only, and ShotSpot's own next migrations."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import Engine, insert, make_url, select, text, update

from tests.conftest import ENCRYPTION_KEY
from tests.support.shotspot_house import (
    House,
    house_in,
    load,
    role_of,
    run,
    settings_of,
)
from twizzit_pipeline.cli.doctor.database import look_at_server
from twizzit_pipeline.cli.doctor.finding import Installation, Severity
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import (
    DatabaseRefused,
    DatabaseUnavailable,
    MigrationsPending,
    TwizzitPipelineError,
    UnsupportedDatabase,
)
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.queries import monitoring_views, overview
from twizzit_pipeline.runs import history
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import patience, tables
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.hanging import detach
from twizzit_pipeline.storage.migrate import check, migrate, restore
from twizzit_pipeline.storage.revisions import require_current
from twizzit_pipeline.sync.rewrites import rewrites
from twizzit_pipeline.sync.session import SyncSession

BEFORE_CLUBS = """
CREATE TABLE teams (id serial PRIMARY KEY, name varchar(100) NOT NULL UNIQUE);
CREATE TABLE players (id serial PRIMARY KEY, team_id integer REFERENCES teams (id), first_name varchar(50));
"""


NEWER = ("older.sql", "newer.sql")
in_two_versions = pytest.mark.parametrize("house", [("older.sql",), NEWER], ids=["older", "newer"], indirect=True)


@pytest.fixture
def house(request: pytest.FixtureRequest, empty_database_url: str) -> Iterator[House]:
    """ShotSpot's database, all of it its own role's: the newer version, unless the test is about both."""
    with house_in(empty_database_url, *getattr(request, "param", NEWER)) as url:
        yield url


# --- locks ------------------------------------------------------------------------------------------------------------


@contextmanager
def _holding(url: str, statement: str) -> Iterator[psycopg.Connection]:
    """A transaction of ShotSpot's that has done this and goes on."""
    with psycopg.connect(url, application_name="shotspot-api") as connection:
        connection.execute(statement)
        yield connection


def test_a_migration_lets_readers_go_on_and_ends_when_the_tables_are_free(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "LOCK_SECONDS", 1)
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.3)
    messages: list[str] = []
    slowest = 0.0
    with open_database(settings_of(house, tmp_path)) as database, psycopg.connect(house, autocommit=True) as reader:
        with _holding(house, "LOCK TABLE players IN ROW EXCLUSIVE MODE") as held:
            migrating = threading.Thread(target=migrate, args=(database.engine, messages.append))
            migrating.start()
            while len(messages) < 2 and migrating.is_alive():
                began = time.monotonic()
                reader.execute("SELECT count(*) FROM players")
                slowest = max(slowest, time.monotonic() - began)
                time.sleep(0.02)
            pid = held.info.backend_pid
        migrating.join(30)
        assert check(database.engine).differences == ()
    assert slowest < 3
    assert f"process {pid} (shotspot-api, user {role_of(house)}, idle in transaction for" in messages[0]
    assert "players" in messages[0]


def test_a_migration_that_never_gets_its_locks_changes_nothing_and_says_whose_they_are(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "LOCK_SECONDS", 1)
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(patience, "TRIES", 2)
    with (
        open_database(settings_of(house, tmp_path)) as database,
        _holding(house, "UPDATE players SET last_name = last_name") as held,
        pytest.raises(DatabaseUnavailable, match=f"nothing was changed: process {held.info.backend_pid} ") as caught,
    ):
        migrate(database.engine)
    assert "\n" not in str(caught.value)
    with (
        open_database(settings_of(house, tmp_path)) as database,
        pytest.raises(MigrationsPending, match="not migrated"),
    ):
        require_current(database.engine)


def test_a_sync_waits_for_a_row_with_a_limit_tries_again_and_says_whose_it_is(
    database_url: str, tmp_path: Path
) -> None:
    hasty = make_url(database_url).update_query_dict({"options": "-clock_timeout=100ms"})
    run(database_url, "INSERT INTO clubs (name) VALUES ('KC Noord')")
    tries = 0
    with (
        open_database(settings_of(hasty.render_as_string(hide_password=False), tmp_path)) as database,
        _holding(database_url, "UPDATE clubs SET name = name") as held,
    ):
        with pytest.raises(DatabaseUnavailable, match=f"process {held.info.backend_pid} .*holds clubs; end it"):
            for attempt in rewrites(database.engine):
                with attempt, database.engine.begin() as connection:
                    tries += 1
                    connection.execute(update(tables.clubs).values(name="KC Zuid"))
        assert tries == 5
        held.rollback()
        for attempt in rewrites(database.engine):
            with attempt, database.engine.begin() as connection:
                connection.execute(update(tables.clubs).values(name="KC Zuid"))


def test_no_statement_of_ours_waits_for_a_lock_without_limit(database: Database) -> None:
    with database.engine.connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "5s"


# --- databases that are none to write into ----------------------------------------------------------------------------


@pytest.fixture
def latin1(postgres_url: str) -> Iterator[str]:
    """ShotSpot's database in LATIN1."""
    name = f"latin_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        named = sql.Identifier(name)
        # Another provider of locales, which a server from version 15 on may have, has no LATIN1.
        provider = sql.SQL("LOCALE_PROVIDER libc" if admin.info.server_version >= 150_000 else "")
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING LATIN1 {} LC_COLLATE 'C' LC_CTYPE 'C'").format(
                named, provider
            )
        )
        url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
        load(url, "older.sql")
        yield url
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(named))


def _assert_refused_untouched(url: str, home: Path, kind: type[TwizzitPipelineError], words: str) -> None:
    everything = text("SELECT relname FROM pg_class WHERE relnamespace >= 16384 OR relnamespace = 2200 ORDER BY 1")
    settings = settings_of(url, home)
    with open_database(settings) as database:
        with database.engine.connect() as connection:
            before = list(connection.scalars(everything))
        found = next(one for one in look_at_server(Installation(settings, database)) if one.subject == "database")
        assert found.severity is Severity.PROBLEM
        assert words in found.message
        attempts_to_write: list[Callable[[], object]] = [
            lambda: migrate(database.engine),
            lambda: require_current(database.engine),
            lambda: open_instance(settings, database).__enter__(),
            lambda: detach(database.engine, print),
        ]
        for attempt in attempts_to_write:
            with pytest.raises(kind, match=words) as caught:
                attempt()
            assert "\n" not in str(caught.value)
        with database.engine.connect() as connection:
            assert list(connection.scalars(everything)) == before
            assert connection.scalar(text("SELECT to_regnamespace('dagster')")) is None


def test_a_latin1_database_is_refused_untouched(latin1: str, tmp_path: Path) -> None:
    _assert_refused_untouched(latin1, tmp_path, UnsupportedDatabase, "encoding is LATIN1")


def test_a_shotspot_of_before_its_clubs_is_refused_untouched(empty_database_url: str, tmp_path: Path) -> None:
    run(empty_database_url, BEFORE_CLUBS)
    _assert_refused_untouched(empty_database_url, tmp_path, UnsupportedDatabase, "before it had clubs")


def test_a_read_only_database_is_refused_untouched(house: House, tmp_path: Path) -> None:
    run(house, f"ALTER DATABASE {make_url(house).database} SET default_transaction_read_only = on")
    _assert_refused_untouched(house, tmp_path, DatabaseRefused, "Nothing can be written here")


def test_where_nothing_can_be_written_status_and_history_are_read_and_a_sync_is_refused(
    database: Database, database_url: str, settings: Settings
) -> None:
    credential_id = store.add(
        database.engine,
        SecretStr(ENCRYPTION_KEY),
        organization_name="KC Noord",
        api_username="u",
        password=SecretStr("hush"),
        api_endpoint="https://twizzit.example/v2/api",
    )
    with database.engine.begin() as connection:
        history.start(connection, credential_id=credential_id, entity="teams", run_id="dead", season="2025-2026")
        lease = {"organization": "x", "token": secrets.token_hex(16), "credential_id": credential_id}
        connection.execute(
            insert(tables.leases).values(
                **lease, dagster_run_id="dead", holder="elsewhere|1", heartbeat_at=text("now() - interval '1 hour'")
            )
        )
    run(database_url, f"ALTER DATABASE {make_url(database_url).database} SET default_transaction_read_only = on")
    with open_database(settings) as read_only:
        engine = read_only.engine
        (row,) = history.recent(engine, credential_id)
        assert row.status == "in_progress"  # it cannot be closed here
        assert history.one(engine, credential_id, row.id) == row
        (seen,) = overview.read(engine, season_start="07-01").credentials
        assert seen.facts.credential_id == credential_id
        assert monitoring_views.failures(engine) == []
        with pytest.raises(DatabaseRefused, match="Nothing can be written here"):
            SyncSession(
                settings=settings, database=read_only, credential_id=credential_id, season="2025-2026", run_id="r"
            )
    # Where it can, the same reading closes it.
    (closed,) = history.recent(database.engine, credential_id)
    assert closed.status == "failed"


# --- ShotSpot's own next migrations -----------------------------------------------------------------------------------


def _refused(engine: Engine, statements: list[str]) -> list[str]:
    refused = []
    for statement in statements:
        with engine.connect() as connection:
            try:
                connection.exec_driver_sql(statement)
            except Exception:
                refused.append(statement)
            connection.rollback()
    return refused


HANGING = [
    "ALTER TABLE twizzit_sync_history ALTER error_message TYPE varchar(2000)",
    "ALTER TABLE twizzit_sync_history ALTER started_at TYPE timestamptz",
    "ALTER TABLE twizzit_credentials ALTER organization_name TYPE text",
    "ALTER TABLE twizzit_sync_config DROP COLUMN sync_interval_minutes",
]
FREE = [
    "ALTER TABLE twizzit_credentials ALTER encrypted_password TYPE varchar(2000)",
    "ALTER TABLE twizzit_credentials RENAME encryption_iv TO iv",
    "ALTER TABLE twizzit_player_mappings ALTER local_player_id TYPE bigint",
    "ALTER TABLE twizzit_player_mappings DROP COLUMN local_player_id",
    "ALTER TABLE players ALTER is_twizzit_registered TYPE boolean",
    "ALTER TABLE games ALTER date TYPE timestamptz(0)",
]


@in_two_versions
def test_what_hangs_on_shotspots_columns_is_taken_out_of_its_way_and_put_back(house: House, tmp_path: Path) -> None:
    with open_database(settings_of(house, tmp_path)) as database:
        engine = database.engine
        migrate(engine)
        with engine.connect() as connection:
            columns = set(
                connection.scalars(
                    text(
                        "SELECT column_name FROM information_schema.columns WHERE table_name = 'twizzit_team_mappings'"
                    )
                )
            )
        link = ["ALTER TABLE twizzit_team_mappings ALTER local_club_id TYPE bigint"] * ("local_club_id" in columns)
        assert _refused(engine, [*HANGING, *link, *FREE]) == [*HANGING, *link]
        taken = detach(engine, print)
        assert len(taken) >= 5
        assert ("column twizzit_team_mappings.local_team_id" in taken) == bool(link)
        assert _refused(engine, [*HANGING, *link, *FREE]) == []
        assert sorted(restore(engine)) == sorted(taken)
        assert restore(engine) == []
        assert check(engine).differences == ()


@in_two_versions
def test_a_link_that_shotspot_renames_there_or_back_reads_the_same_after_attach(house: House, tmp_path: Path) -> None:
    with open_database(settings_of(house, tmp_path)) as database:
        engine = database.engine
        migrate(engine)
        mapped = select(tables.team_mappings.c.local_team_id).order_by(tables.team_mappings.c.id)
        newer = "column twizzit_team_mappings.local_team_id" in detach(engine, print)
        there = "local_club_id TO local_team_id" if newer else "local_team_id TO local_club_id"
        run(house, f"ALTER TABLE twizzit_team_mappings RENAME {there}")
        restore(engine)
        assert check(engine).differences == ()
        with engine.connect() as connection:
            assert list(connection.scalars(mapped)) == [1, 3]


@in_two_versions
def test_shotspots_updates_go_on_where_it_renamed_a_column_that_a_trigger_looks_at(
    house: House, tmp_path: Path
) -> None:
    with open_database(settings_of(house, tmp_path)) as database:
        migrate(database.engine)
    run(house, "ALTER TABLE twizzit_credentials RENAME encryption_iv TO iv")
    run(house, "UPDATE twizzit_credentials SET encrypted_password = 'beef', iv = '00', encryption_mac = encryption_mac")
    with psycopg.connect(house) as connection:
        recorded = connection.execute("SELECT count(*) FROM twizzit_audit_log WHERE actor_kind = 'trigger'").fetchone()
        everyone = connection.execute("SELECT count(*) FROM twizzit_credentials").fetchone()
    assert recorded == everyone
