"""The migrations: alone, twice at once, and out of step."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, insert, select, text, update

from twizzit_pipeline.errors import DatabaseRefused, MigrationsPending
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import check, migrate, restore
from twizzit_pipeline.storage.migrations.triggers import REGISTRATION_TRIGGERS
from twizzit_pipeline.storage.revisions import require_current, require_revision

ALL = [f"{number:04}" for number in range(1, 24)]


@pytest.fixture
def empty(empty_database_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    with open_database(load_settings(_env_file=None, home=tmp_path, database_url=empty_database_url)) as database:
        yield database.engine


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


def test_each_trigger_of_registration_that_is_gone_or_off_is_seen_and_put_back(database: Database) -> None:
    table = "twizzit_player_mappings"
    state = f"SELECT tgname, tgenabled::text FROM pg_trigger WHERE tgrelid = '{table}'::regclass ORDER BY tgname"
    with database.engine.connect() as connection:
        right = connection.exec_driver_sql(state).all()
    for how in ("DROP TRIGGER {0} ON {1}", "ALTER TABLE {1} DISABLE TRIGGER {0}"):
        for trigger in REGISTRATION_TRIGGERS:
            damage = how.format(trigger, table)
            with database.engine.begin() as connection:
                connection.exec_driver_sql(damage)
            assert check(database.engine).differences == (f"add_trigger {table}",), damage
            assert restore(database.engine) == ["triggers twizzit_register_players and the like"], damage
            with database.engine.connect() as connection:
                assert connection.exec_driver_sql(state).all() == right, damage
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
