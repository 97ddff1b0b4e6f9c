"""The migrations: alone, beside two shapes of ShotSpot's own database, twice at once, and out of step."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, create_engine, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from twizzit_pipeline.errors import DatabaseRefused, MigrationsPending
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.bulk import synchronise, written_through
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import check, migrate, restore
from twizzit_pipeline.storage.migrations.triggers import REGISTRATION_TRIGGERS
from twizzit_pipeline.storage.revisions import require_current, require_revision

ALL = [f"{number:04}" for number in range(1, 24)]
SHOTSPOT = Path(__file__).parents[2] / "support" / "shotspot"


@pytest.fixture
def empty(empty_database_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    with open_database(load_settings(_env_file=None, home=tmp_path, database_url=empty_database_url)) as database:
        yield database.engine


@pytest.fixture(params=["older", "newer"])
def shotspot(request: pytest.FixtureRequest, empty: Engine) -> Engine:
    """ShotSpot's own database with rows, in the named shape."""
    with empty.begin() as connection:
        connection.exec_driver_sql((SHOTSPOT / "older.sql").read_text(encoding="utf-8"))
        if request.param == "newer":
            connection.exec_driver_sql((SHOTSPOT / "newer.sql").read_text(encoding="utf-8"))
    return empty


def _content(
    connection: Connection, columns: dict[str, list[str]] | None = None
) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables; of the named columns alone, if they are given."""
    found = columns or _columns(connection)
    return {
        table: sorted(tuple(row) for row in connection.exec_driver_sql(f"SELECT {', '.join(names)} FROM {table}"))
        for table, names in found.items()
    }


def _columns(connection: Connection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in connection.exec_driver_sql(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
    ):
        found.setdefault(table, []).append(f"{column}::text")
    return found


def _structure(connection: Connection) -> set[tuple[object, ...]]:
    """Every column with its type, nullability and default, every constraint and every trigger."""
    return {
        *map(
            tuple,
            connection.exec_driver_sql(
                "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default"
                " FROM information_schema.columns WHERE table_schema = 'public'"
            ),
        ),
        *map(
            tuple,
            connection.exec_driver_sql(
                "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE connamespace = 'public'::regnamespace"
            ),
        ),
        *map(tuple, connection.exec_driver_sql("SELECT tgrelid::regclass::text, tgname FROM pg_trigger")),
    }


# --- alone ------------------------------------------------------------------------------------------------------------


def test_alone_the_database_is_what_the_models_say(database: Database) -> None:
    state = check(database.engine)
    assert (state.current, state.pending, state.differences) == (state.head, (), ())


def test_alone_no_second_credential_of_a_name_is_refused(database: Database) -> None:
    values = {"organization_name": "KC", "api_username": "u", "encrypted_password": "0", "encryption_iv": "0"}
    with database.engine.begin() as connection:
        connection.execute(insert(tables.credentials), [values, values])


DAMAGES = {
    "ALTER TABLE players DROP COLUMN twizzit_verified_at": "add_column players.twizzit_verified_at",
    "ALTER TABLE twizzit_opponents ALTER name TYPE text": "modify_type twizzit_opponents.name",
    "ALTER TABLE twizzit_leases ALTER heartbeat_at DROP DEFAULT": "modify_default twizzit_leases.heartbeat_at",
    "ALTER TABLE players ALTER last_name DROP NOT NULL": "modify_nullable players.last_name",
    "ALTER TABLE teams ADD COLUMN colour text": "remove_column teams.colour",
    "DROP INDEX ix_twizzit_sync_changes_history_id": "add_index twizzit_sync_changes: ix_twizzit_sync_changes_",
    "ALTER TABLE players DROP CONSTRAINT players_team_id_fkey": "add_fk players",
    "ALTER TABLE twizzit_team_mappings DROP CONSTRAINT twizzit_team_mappings_local_team_id_key": "add_constraint",
    "DROP TABLE twizzit_sync_requests": "add_table twizzit_sync_requests",
    "DROP FUNCTION twizzit_register_players, twizzit_unregister_players CASCADE": "add_trigger twizzit_player",
    "DROP TRIGGER twizzit_empty_mac ON twizzit_credentials": "add_trigger twizzit_credentials: twizzit_empty_mac",
    "DROP TRIGGER twizzit_audit_emptied ON twizzit_credentials": "add_trigger twizzit_credentials: twizzit_audit",
    "DROP VIEW twizzit_recent_failures": "add_view twizzit_recent_failures",
}


def test_alone_every_difference_from_the_models_is_seen(database: Database) -> None:
    with database.engine.begin() as connection:
        for damage in DAMAGES:
            connection.exec_driver_sql(damage)
    differences = list(check(database.engine).differences)
    for said in DAMAGES.values():
        (seen,) = (one for one in differences if one.startswith(said))
        differences.remove(seen)
    assert differences == []


@pytest.mark.parametrize("how", ["DROP TRIGGER {} ON twizzit_player_mappings", "ALTER TABLE {1} DISABLE TRIGGER {0}"])
@pytest.mark.parametrize("trigger", REGISTRATION_TRIGGERS)
def test_a_single_trigger_of_registration_that_is_gone_or_off_is_seen_and_put_back(
    database: Database, trigger: str, how: str
) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql(how.format(trigger, "twizzit_player_mappings"))
    assert check(database.engine).differences == ("add_trigger twizzit_player_mappings",)
    assert restore(database.engine) == ["triggers twizzit_register_players and the like"]
    assert check(database.engine).differences == ()


def test_who_was_mapped_while_no_trigger_registered_them_is_registered_when_it_is_back(database: Database) -> None:
    players = tables.players
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER twizzit_register_players ON twizzit_player_mappings")
        connection.execute(insert(players), [{"first_name": name, "last_name": name} for name in "AB"])
        connection.execute(insert(tables.player_mappings), {"local_player_id": 1, "twizzit_player_id": "x"})
    assert "the registration of players that were mapped meanwhile (1)" in restore(database.engine)
    with database.engine.connect() as connection:
        flags = connection.scalars(select(players.c.is_twizzit_registered).order_by(players.c.id)).all()
    assert flags == [True, False]


def test_a_player_is_registered_as_long_as_a_mapping_says_so(database: Database) -> None:
    players, mappings = tables.players, tables.player_mappings

    def registered(connection: Connection) -> list[tuple[bool, bool]]:
        verified = players.c.twizzit_verified_at.is_not(None)
        rows = connection.execute(select(players.c.is_twizzit_registered, verified).order_by(players.c.id))
        return [(row[0], row[1]) for row in rows]

    with database.engine.begin() as connection:
        connection.execute(insert(players), [{"first_name": name, "last_name": name} for name in "ABC"])
        assert registered(connection) == [(False, False)] * 3
        mapped = [{"local_player_id": at, "twizzit_player_id": remote_id} for at, remote_id in ((1, "x"), (2, "y"))]
        connection.execute(insert(mappings), mapped)
        assert registered(connection) == [(True, True), (True, True), (False, False)]
        connection.execute(update(mappings).where(mappings.c.local_player_id == 2).values(local_player_id=3))
        assert registered(connection) == [(True, True), (False, False), (True, True)]
        connection.execute(mappings.delete().where(mappings.c.twizzit_player_id == "x"))
        assert registered(connection) == [(False, False), (False, False), (True, True)]


# --- beside ShotSpot --------------------------------------------------------------------------------------------------


def test_beside_shotspot_nothing_of_it_changes(shotspot: Engine) -> None:
    with shotspot.connect() as connection:
        columns = _columns(connection)
        content, structure = _content(connection), _structure(connection)
    assert migrate(shotspot) == ALL
    with shotspot.connect() as connection:
        assert _content(connection, columns) == content
        assert _structure(connection) >= structure
    state = check(shotspot)
    assert (state.pending, state.differences) == ((), ())


def test_beside_shotspot_registration_is_in_step_with_mappings(shotspot: Engine) -> None:
    migrate(shotspot)
    with shotspot.begin() as connection:
        registered = select(tables.players.c.id).where(tables.players.c.is_twizzit_registered)
        assert set(connection.scalars(registered)) == {1, 3}
        connection.exec_driver_sql(
            "INSERT INTO twizzit_player_mappings (local_player_id, twizzit_player_id) VALUES (2, '9002')"
        )
        connection.exec_driver_sql("DELETE FROM twizzit_player_mappings WHERE local_player_id = 1")
        assert set(connection.scalars(registered)) == {2, 3}
        triggers = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname = 'player_registration'"
        ours = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'twizzit_%regist%'"
        assert (connection.scalar(text(triggers)), connection.scalar(text(ours))) in {(1, 0), (0, 3)}


def test_beside_shotspot_its_own_inserts_go_on_working(shotspot: Engine) -> None:
    migrate(shotspot)
    with shotspot.begin() as connection:
        link = written_through(connection, tables.team_mappings).get("local_team_id", "local_team_id")
        connection.exec_driver_sql(
            f"INSERT INTO twizzit_team_mappings ({link}, twizzit_team_id, twizzit_team_name)"
            " VALUES (2, '503', 'Noord 2')"
        )
        connection.exec_driver_sql(
            "INSERT INTO twizzit_sync_history (credential_id, sync_type, sync_direction, status, started_at)"
            " VALUES (1, 'teams', 'import', 'in_progress', now())"
        )
        connection.exec_driver_sql(
            "INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv)"
            " VALUES ('KC Oost', 'oost', '00', '00')"
        )
        mapped = select(tables.team_mappings.c.local_team_id).order_by(tables.team_mappings.c.id)
        assert list(connection.scalars(mapped)) == [1, 3, 2]


def test_beside_shotspot_the_link_is_written_in_bulk_under_either_name(shotspot: Engine) -> None:
    migrate(shotspot)
    mappings = tables.team_mappings
    with shotspot.begin() as connection:
        new = pd.DataFrame({"local_team_id": [2, 1], "twizzit_team_id": ["503", "504"]})
        connection.execute(mappings.delete().where(mappings.c.twizzit_team_id == "501"))
        synchronise(connection, mappings, new, keys=["twizzit_team_id"], scope={"sync_status": "new"})
        rows = connection.execute(select(mappings.c.twizzit_team_id, mappings.c.local_team_id)).all()
        assert sorted(tuple(row) for row in rows) == [("502", 3), ("503", 2), ("504", 1)]


def test_beside_shotspot_a_name_is_as_unique_as_it_was(shotspot: Engine) -> None:
    unique = "SELECT count(*) FROM pg_constraint WHERE conname = 'twizzit_credentials_organization_name_key'"
    with shotspot.connect() as connection:
        was_unique = connection.scalar(text(unique)) == 1
    migrate(shotspot)
    values = {"organization_name": "KC Zuid", "api_username": "u", "encrypted_password": "0", "encryption_iv": "0"}
    statement = insert(tables.credentials).values(values)
    if was_unique:
        with pytest.raises(IntegrityError, match="organization_name_key"), shotspot.begin() as connection:
            connection.execute(statement)
    else:
        with shotspot.begin() as connection:
            connection.execute(statement)


def test_beside_shotspot_a_missing_column_of_ours_is_seen(shotspot: Engine) -> None:
    migrate(shotspot)
    with shotspot.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE twizzit_player_mappings DROP COLUMN last_values")
        connection.exec_driver_sql("ALTER TABLE clubs ADD COLUMN colour text")
    assert check(shotspot).differences == ("add_column twizzit_player_mappings.last_values",)


# --- in and out of step -----------------------------------------------------------------------------------------------


def test_two_at_once_apply_each_migration_once(empty: Engine) -> None:
    with ThreadPoolExecutor(2) as pool:
        applied = list(pool.map(migrate, [empty, empty]))
    assert sorted(applied) == [[], ALL]
    assert check(empty).differences == ()


def test_an_unmigrated_database_says_what_to_run(empty: Engine) -> None:
    state = check(empty)
    assert (state.current, list(state.pending)) == (None, ALL)
    with pytest.raises(MigrationsPending, match=f"not migrated yet, and {len(ALL)} are pending; run: twizzit migrate"):
        require_current(empty)
    migrate(empty)
    require_current(empty)
    with pytest.raises(MigrationsPending, match=f"at migration {ALL[-2]}, and 1 is pending"):
        require_revision(ALL[-2])


def test_the_type_of_matches_that_was_set_becomes_a_word_with_a_meaning(database: Database) -> None:
    before = {1: " Wedstrijd ", 2: None, 3: "  ", 4: "52"}
    with database.engine.begin() as connection:
        for id_ in before:
            connection.exec_driver_sql(
                "INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv)"
                f" VALUES ('KC {id_}', 'u', '0', '0')"
            )
        # As the migration before found it.
        connection.exec_driver_sql("ALTER TABLE twizzit_sync_config DROP COLUMN meanings")
        connection.exec_driver_sql("ALTER TABLE twizzit_sync_config ADD COLUMN match_event_type varchar(100)")
        for id_, type_ in before.items():
            set_ = text("INSERT INTO twizzit_sync_config (credential_id, match_event_type) VALUES (:id, :type)")
            connection.execute(set_, {"id": id_, "type": type_})
        earlier = text("UPDATE twizzit_alembic_version SET version_num = :revision")
        connection.execute(earlier, {"revision": ALL[ALL.index("0010") - 1]})
    assert migrate(database.engine) == ALL[ALL.index("0010") :]
    assert check(database.engine).differences == ()
    with database.engine.connect() as connection:
        config = tables.sync_config.c
        found = {row[0]: row[1] for row in connection.execute(select(config.credential_id, config.meanings))}
    assert found == {1: {"event_types": {"Wedstrijd": "match"}}, 2: None, 3: None, 4: {"event_types": {"52": "match"}}}


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE twizzit_alembic_version SET version_num = '9999'")
    for attempt in (migrate, check, require_current):
        with pytest.raises(MigrationsPending, match="migration 9999, which is newer than this version"):
            attempt(database.engine)


def test_nothing_stays_of_migrations_that_broke(shotspot: Engine) -> None:
    with shotspot.begin() as connection:
        # A view of that name is in the way of the last migration.
        connection.exec_driver_sql("CREATE VIEW twizzit_leases AS SELECT 1 AS one")
        before = _structure(connection)
    with pytest.raises(Exception, match="twizzit_leases"):
        migrate(shotspot)
    with shotspot.connect() as connection:
        assert _structure(connection) == before
    assert list(check(shotspot).pending) == ALL


def test_a_user_without_privileges_gets_an_error_that_says_so(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.exec_driver_sql("DO $$ BEGIN CREATE ROLE reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        connection.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # a right of all before version 15
    reader = create_engine(empty.url, connect_args={"options": "-crole=reader"})
    with pytest.raises(DatabaseRefused, match=r"GRANT CREATE ON SCHEMA public TO reader$") as caught:
        migrate(reader)
    assert "\n" not in str(caught.value)
    reader.dispose()


def test_a_search_path_without_a_schema_gets_an_error_that_says_so(empty: Engine) -> None:
    """Of a schema that was dropped, or whose name was written with quotes inside of quotes."""
    nowhere = create_engine(empty.url, connect_args={"options": "-csearch_path=nowhere"})
    with pytest.raises(DatabaseRefused, match=r"names no schema .+: ALTER ROLE .+ SET search_path = public$") as caught:
        migrate(nowhere)
    assert "None" not in str(caught.value)
    nowhere.dispose()
