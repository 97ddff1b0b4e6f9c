"""A credential entered again: registrations last throughout, and the new credential adopts the mappings."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event, text

from tests.support.previewed import previewed
from tests.support.sync_process import wait_until, watching
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.accounts.verify import verify
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.rows import locked
from twizzit_pipeline.errors import DatabaseRefused, InactiveCredential, LoginRefused, SyncInProgress, UnknownCredential
from twizzit_pipeline.runs.alone import alone
from twizzit_pipeline.runs.lease import lease_keys
from twizzit_pipeline.scheduling import config, recipients
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import recent, this_user
from twizzit_pipeline.storage.engine import Database, driver_errors
from twizzit_pipeline.sync.rewrites import rewrites

Simulate = Callable[..., SimulatorServer]


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Simulate) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=2, teams=2, players_per_team=4, other_contacts=0))


def note_lost_registrations(database: Database) -> None:
    """From now on, every player who stops being registered is written down, were it for a moment."""
    with database.engine.begin() as connection:
        connection.exec_driver_sql(
            """
            CREATE TABLE lost_registrations (player_id integer);
            CREATE FUNCTION note_lost_registration() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO lost_registrations VALUES (OLD.id);
                RETURN NULL;
            END $$;
            CREATE TRIGGER note_lost_registration AFTER UPDATE OR DELETE ON players FOR EACH ROW
                WHEN (OLD.is_twizzit_registered) EXECUTE FUNCTION note_lost_registration();
            """
        )


def lost_registrations(database: Database) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM lost_registrations")).scalar_one())


def verified(world: SyncWorld, credential_id: int) -> None:
    verify(world.settings, world.database, credential_id)


def notified(world: SyncWorld, credential_id: int) -> None:
    recipients.change(world.database.engine, credential_id, ["club@twizzit.example"], actor=this_user())


def configured(world: SyncWorld, credential_id: int) -> None:
    config.change(world.database.engine, credential_id, actor=this_user(), auto_sync_enabled=True)


def decided(world: SyncWorld, credential_id: int) -> None:
    key = lease_keys(store.get(world.database.engine, credential_id))
    with driver_errors():
        for attempt in rewrites(world.database.engine):
            with attempt, alone(world.database.engine, key, credential_id=credential_id):
                pass


@pytest.mark.parametrize(
    ("act", "table"),
    [
        (SyncWorld.sync, "twizzit_leases"),
        (previewed, "twizzit_leases"),
        (decided, "twizzit_leases"),
        (verified, "twizzit_api_usage"),
    ],
)
def test_one_that_is_deleted_meanwhile_is_unknown(
    world: SyncWorld, act: Callable[[SyncWorld, int], object], table: str
) -> None:
    credential_id = world.add_credential()
    tries = 0

    @event.listens_for(world.database.engine, "before_cursor_execute")
    def delete_first(*given: Any) -> None:
        nonlocal tries
        if given[2].startswith(f"INSERT INTO {table}"):
            tries += 1
            with world.connected() as another:
                another.execute("DELETE FROM twizzit_credentials WHERE id = %s", [credential_id])

    with pytest.raises(UnknownCredential, match="was deleted meanwhile"):
        act(world, credential_id)
    assert tries <= 2  # once more where all was read of one moment
    assert not world.rows(tables.leases)


def test_a_change_of_the_configuration_waits_for_a_deletion(world: SyncWorld) -> None:
    engine, credential_id = world.database.engine, world.add_credential()
    config.read(engine, credential_id)
    with engine.begin() as connection:  # so that the next sync is planned, in a second statement
        connection.execute(text("UPDATE twizzit_sync_config SET last_sync_at = now()"))
    with ThreadPoolExecutor(1) as beside, watching(world) as waiting:
        with engine.begin() as connection:
            locked(connection, credential_id)  # as a deletion begins
            change = beside.submit(configured, world, credential_id)
            wait_until(waiting)
            connection.execute(text("DELETE FROM twizzit_credentials"))
        with pytest.raises(UnknownCredential):
            change.result()


def test_recipients_that_a_deletion_overtakes_are_not_said_to_be_set(world: SyncWorld) -> None:
    engine, credential_id = world.database.engine, world.add_credential()
    config.read(engine, credential_id)
    with ThreadPoolExecutor(2) as beside, watching(world) as waiting:
        with engine.begin() as connection:  # the deletion has the credential, and waits for its configuration
            connection.execute(text("SELECT FROM twizzit_sync_config FOR UPDATE"))
            deletion = beside.submit(store.delete, engine, credential_id)
            wait_until(waiting)
            change = beside.submit(notified, world, credential_id)
            wait_until(lambda: _waiting(world) == 2)
        deletion.result()
        with pytest.raises(UnknownCredential):
            change.result()
    assert "change" not in {row.action for row in recent(engine)}


def _waiting(world: SyncWorld) -> int:
    """How many sessions wait for a lock."""
    with world.connected() as watcher:
        asked = b"SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return len(watcher.execute(asked).fetchall())


def test_one_that_another_table_refers_to_is_not_called_unknown(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with world.connected() as another:
        another.execute("CREATE TABLE notes (credential_id integer REFERENCES twizzit_credentials)")
        another.execute("INSERT INTO notes VALUES (%s)", [credential_id])
    with pytest.raises(DatabaseRefused, match="table notes"), driver_errors():
        store.delete(world.database.engine, credential_id)


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_no_registration_is_lost_when_a_credential_is_entered_again(world: SyncWorld, dialect: str) -> None:
    first = world.add_credential(0, dialect)
    before = world.sync(first)
    note_lost_registrations(world.database)
    shotspot = world.dump((tables.clubs, tables.seasons, tables.teams, tables.players))
    mapped = {table.name: world.rows(table) for table in (tables.team_mappings, tables.player_mappings)}
    assert all(mapped.values())

    gone = store.delete(world.database.engine, first)

    assert gone.mappings == sum(map(len, mapped.values()))
    assert gone.history == len(before.history)
    assert world.rows(tables.sync_history) == world.rows(tables.twizzit_players) == []
    for table in (tables.team_mappings, tables.player_mappings):
        unowned = [{**row, "credential_id": None} for row in mapped[table.name]]
        assert world.rows(table) == unowned

    second = world.add_credential(0, dialect)
    assert second != first
    again = world.sync(second)

    assert again.teams.adopted == len(mapped["twizzit_team_mappings"])
    assert again.players.adopted == len(mapped["twizzit_player_mappings"])
    assert (again.teams.created, again.players.created, again.players.linked) == (0, 0, 0)
    assert world.dump((tables.clubs, tables.seasons, tables.teams, tables.players)) == shotspot
    for table in (tables.team_mappings, tables.player_mappings):
        assert {row["id"]: row["credential_id"] for row in world.rows(table)} == {
            row["id"]: second for row in mapped[table.name]
        }
    assert lost_registrations(world.database) == 0
    world.assert_truth(second)


def test_a_mapping_without_a_credential_is_not_for_another_organization(world: SyncWorld) -> None:
    first, other = world.add_credential(0), world.add_credential(1)
    world.sync(first)
    mapped = world.rows(tables.player_mappings)
    store.delete(world.database.engine, first)
    world.sync(other)
    unowned = world.rows(tables.player_mappings, credential_id=None)
    assert {row["id"] for row in unowned} == {row["id"] for row in mapped}


def test_a_credential_switched_off_syncs_nothing_and_loses_nothing(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    world.sync(credential_id)
    before = world.dump()
    store.set_active(world.database.engine, credential_id, False)
    with pytest.raises(InactiveCredential, match="switched off"):
        world.sync(credential_id)
    assert world.dump() == before
    store.set_active(world.database.engine, credential_id, True)
    world.sync(credential_id)
    assert world.dump() == before


def test_deleting_in_the_middle_of_a_sync_is_refused(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with world.session(credential_id) as session, session.recording("teams"):
        with pytest.raises(SyncInProgress) as caught:
            store.delete(world.database.engine, credential_id)
        assert caught.value.history_id == session.history_id("teams")
    assert store.delete(world.database.engine, credential_id).history == 1


def test_deleting_is_refused_at_once_while_a_sync_writes_what_refers_to_the_credential(world: SyncWorld) -> None:
    """A transaction that writes for minutes keeps the row: the deletion gave up at the lock, and named no sync."""
    credential_id = world.add_credential()
    with world.session(credential_id) as session, session.recording("teams"), world.connected() as writing:
        with writing.transaction():
            writing.execute("SELECT FROM twizzit_credentials WHERE id = %s FOR KEY SHARE", (credential_id,))
            with pytest.raises(SyncInProgress) as caught:
                store.delete(world.database.engine, credential_id)
        assert caught.value.history_id == session.history_id("teams")


def test_a_password_changed_in_place_keeps_everything(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    world.sync(credential_id)
    before = world.dump()
    login = store.get(world.database.engine, credential_id)
    assert world.settings.encryption_key is not None
    account: dict[str, Any] = {"api_username": login.api_username, "api_endpoint": login.api_endpoint}
    key = world.settings.encryption_key
    store.change_login(world.database.engine, key, credential_id, password=SecretStr("wrong"), **account)
    with pytest.raises(LoginRefused):
        world.sync(credential_id)
    right = SecretStr(world.club().account.password)
    store.change_login(world.database.engine, key, credential_id, password=right, **account)
    world.sync(credential_id)
    assert world.dump() == before
