"""Changes of a credential: what they leave in the row and in the audit log, and what they never take along."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.support.sync_process import wait_until, watching
from tests.support.sync_world import SyncWorld
from tests.support.vault_rows import NEW, OLD, add, is_bound, owner, password_of, stored, write_as_shotspot, write_mac
from twizzit_pipeline.accounts import moving
from twizzit_pipeline.credentials import acceptance, clubs, store
from twizzit_pipeline.credentials.cipher import encrypt
from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.credentials.mac import Owner
from twizzit_pipeline.credentials.rows import locked, store_password
from twizzit_pipeline.errors import DecryptionFailed, NotAsShown, SyncInProgress, TamperedCredential, UnknownCredential
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database

ADMIN = Actor("token", "12", "admin")
LOGIN: dict[str, Any] = {
    "api_username": "other.api",
    "password": SecretStr("another"),
    "api_endpoint": "https://example.org/v1",
}


@pytest.fixture
def world(settings: Settings, database: Database, simulator: SimulatorServer) -> SyncWorld:
    return SyncWorld(settings, database, simulator)


def test_a_wrong_key_and_a_damaged_row_are_two_answers(database: Database) -> None:
    credential_id = add(database)
    with pytest.raises(DecryptionFailed, match=rf"^Password decryption failed: .* \(credential {credential_id}\)$"):
        store.reveal_login(database.engine, NEW, credential_id)
    mac = stored(database, credential_id).mac
    write_as_shotspot(database, credential_id, "00" * 16, "00" * 16)
    write_mac(database, credential_id, mac)
    with pytest.raises(TamperedCredential, match=rf"\(credential {credential_id}\)$"):
        store.reveal_login(database.engine, OLD, credential_id)


def test_a_row_without_a_mac_is_read_and_gets_one_at_the_next_write(database: Database) -> None:
    credential_id = add(database)
    theirs = encrypt(SecretStr("theirs"), OLD)
    write_as_shotspot(database, credential_id, theirs.cipher_text_hex, theirs.iv_hex)
    assert stored(database, credential_id).mac is None
    assert password_of(database, OLD, credential_id) == "theirs"
    store.change_login(database.engine, OLD, credential_id, **LOGIN)
    assert is_bound(database, credential_id, OLD)
    assert password_of(database, OLD, credential_id) == "another"


def test_writes_are_under_the_current_key(database: Database) -> None:
    credential_id = add(database, Keys(OLD))
    store.change_login(database.engine, Keys(NEW, OLD), credential_id, **LOGIN)
    assert password_of(database, NEW, credential_id) == "another"


def test_a_password_is_stored_only_for_what_was_looked_at(database: Database) -> None:
    credential_id = add(database)
    shown = store.get(database.engine, credential_id)
    store.change_login(database.engine, OLD, credential_id, **LOGIN)
    old: dict[str, Any] = {
        "api_username": shown.api_username,
        "api_endpoint": shown.api_endpoint,
        "password": SecretStr("late"),
    }
    with pytest.raises(NotAsShown, match="another user name or endpoint by now"):
        store.change_login(database.engine, OLD, credential_id, **old, shown=shown)
    now = store.get(database.engine, credential_id)
    assert (now.api_username, now.api_endpoint) == (LOGIN["api_username"], LOGIN["api_endpoint"])
    assert password_of(database, OLD, credential_id) == "another"
    store.change_login(database.engine, OLD, credential_id, **LOGIN | {"password": SecretStr("third")}, shown=now)
    assert password_of(database, OLD, credential_id) == "third"


def test_another_address_keeps_a_login_that_is_changed_meanwhile(world: SyncWorld) -> None:
    engine, credential_id = world.database.engine, add(world.database)
    moved = "https://example.org/v2/api"
    with ThreadPoolExecutor(1) as beside, watching(world) as waiting:
        with engine.begin() as connection:
            locked(connection, credential_id)
            other = Owner(credential_id, "other.api", owner(world.database, credential_id).api_endpoint)
            store_password(connection, OLD, other, SecretStr("another"), api_username="other.api")
            change = beside.submit(moving.change_endpoint, engine, OLD, credential_id, endpoint=moved)
            wait_until(waiting)
        change.result()
    now = store.get(engine, credential_id)
    assert (now.api_username, now.api_endpoint) == ("other.api", moved)
    assert password_of(world.database, OLD, credential_id) == "another"


def test_every_change_leaves_a_row(database: Database) -> None:
    engine = database.engine
    credential_id = add(database)
    store.change_login(engine, OLD, credential_id, **LOGIN, actor=ADMIN)
    assert store.set_active(engine, credential_id, False, actor=ADMIN)
    assert not store.set_active(engine, credential_id, False, actor=ADMIN)
    assert store.set_active(engine, credential_id, True)
    store.delete(engine, credential_id, actor=ADMIN)
    rows = audit.recent(engine)[::-1]
    assert [(row.action, row.actor) for row in rows] == [
        ("add", audit.this_user()),
        ("change_login", ADMIN),
        ("deactivate", ADMIN),
        ("activate", audit.this_user()),
        ("delete", ADMIN),
    ]
    assert {(row.target, row.target_id) for row in rows} == {("credential", str(credential_id))}
    assert rows[1].details == {"fields": ["password", "api_username", "api_endpoint"]}
    assert rows[4].details == {"organization": "KC Ter Linden", "history": 0, "mappings_kept": 0}


def test_a_change_of_one_credential_is_of_no_other(database: Database) -> None:
    changed, other = add(database), add(database)
    engine = database.engine
    before = store.get(engine, other), stored(database, other)
    store.change_login(engine, OLD, changed, **LOGIN)
    store.set_active(engine, changed, False)
    store.remember_organization(engine, changed, "7", "Another club")
    store.mark_verified(engine, changed)
    assert (store.get(engine, other), stored(database, other)) == before
    found = store.get(engine, changed)
    assert (found.is_active, found.twizzit_organization_id, found.last_verified_at is None) == (False, "7", False)
    store.delete(engine, changed)
    assert [one.id for one in store.list_all(engine)] == [other]


def test_nothing_of_a_password_is_in_the_log(database: Database) -> None:
    credential_id = add(database, password="hunter-two-hunter")
    store.change_login(database.engine, OLD, credential_id, **LOGIN)
    columns = stored(database, credential_id)
    with database.engine.connect() as connection:
        logged = "\n".join(connection.scalars(text("SELECT log::text FROM twizzit_audit_log log")))
    for secret in ("hunter-two-hunter", "another", columns.cipher_text_hex, columns.iv_hex, OLD.get_secret_value()):
        assert secret not in logged


def test_a_credential_is_changed_while_a_sync_writes(database: Database) -> None:
    """Each row that refers to a credential keeps it from being deleted until its transaction ends."""
    credential_id = add(database)
    with database.engine.begin() as writing:
        writing.execute(
            text(
                "INSERT INTO twizzit_sync_requests (credential_id, sync_type, trigger, requested_by)"
                " VALUES (:id, 'full', 'request', 'os:ann')"
            ),
            {"id": credential_id},
        )
        assert store.set_active(database.engine, credential_id, False)
        store.change_login(database.engine, OLD, credential_id, **LOGIN)
        clubs.set_club(database.engine, credential_id, None)
        assert (
            acceptance.accept(
                database.engine, OLD, credential_id, api_username="other.api", api_endpoint="https://example.org/v1"
            )
            is None
        )
    assert password_of(database, OLD, credential_id) == "another"


def test_switching_off_and_on(database: Database) -> None:
    credential_id = add(database)
    store.set_active(database.engine, credential_id, False)
    assert not store.get(database.engine, credential_id).is_active
    store.set_active(database.engine, credential_id, True)
    assert store.get(database.engine, credential_id).is_active


@pytest.mark.parametrize("credential_id", [0, -1, 99, 2**31])
def test_an_unknown_id_changes_nothing(database: Database, credential_id: int) -> None:
    engine = database.engine
    for change in (
        lambda: store.delete(engine, credential_id),
        lambda: store.set_active(engine, credential_id, False),
        lambda: store.change_login(engine, OLD, credential_id, **LOGIN),
    ):
        with pytest.raises(UnknownCredential):
            change()
    assert audit.recent(engine) == []


def lease(database: Database, credential_id: int, *, silent_for: int) -> None:
    with database.engine.begin() as connection:
        history_id = connection.execute(
            text(
                "INSERT INTO twizzit_sync_history (credential_id, sync_type, sync_direction, status, started_at)"
                " VALUES (:id, 'teams', 'import', 'in_progress', now()) RETURNING id"
            ),
            {"id": credential_id},
        ).scalar_one()
        statement = text(
            "INSERT INTO twizzit_leases (organization, token, credential_id, dagster_run_id, holder, history_id,"
            " heartbeat_at) VALUES ('v2:1', gen_random_uuid(), :id, 'run', 'elsewhere|1', :history_id,"
            " now() - make_interval(secs => :silent_for))"
        )
        connection.execute(statement, {"id": credential_id, "history_id": history_id, "silent_for": silent_for})


def test_a_credential_at_work_is_not_deleted(database: Database) -> None:
    credential_id = add(database)
    lease(database, credential_id, silent_for=30)
    with pytest.raises(SyncInProgress, match="is under way") as caught:
        store.delete(database.engine, credential_id)
    assert caught.value.history_id is not None
    assert store.get(database.engine, credential_id)
    assert [row.action for row in audit.recent(database.engine)] == ["add"]


@pytest.mark.parametrize("silent_for", [61, -366 * 86400])  # the latter before the clock was put back
def test_a_credential_whose_sync_died_is_deleted(silent_for: int, database: Database) -> None:
    credential_id = add(database)
    lease(database, credential_id, silent_for=silent_for)
    assert store.delete(database.engine, credential_id).history == 1
    with pytest.raises(UnknownCredential):
        store.get(database.engine, credential_id)


def use(database: Database, credential_id: int) -> None:
    """A row in every table that points at credentials."""
    with database.engine.begin() as connection:
        for statement in (
            "INSERT INTO twizzit_sync_config (credential_id) VALUES (:id)",
            "INSERT INTO twizzit_seasons (credential_id, label) VALUES (:id, '2026-2027')",
            "INSERT INTO twizzit_teams (credential_id, season_id, twizzit_team_id, name)"
            " SELECT :id, id, '7', 'A' FROM twizzit_seasons WHERE credential_id = :id",
            "INSERT INTO twizzit_sync_requests (credential_id, sync_type) VALUES (:id, 'all')",
            "INSERT INTO twizzit_sync_history (credential_id, sync_type, sync_direction, status, started_at)"
            " VALUES (:id, 'teams', 'import', 'success', now())",
            "INSERT INTO twizzit_rejected_rows (history_id, credential_id, entity, column_name, rule)"
            " SELECT id, :id, 'teams', 'name', 'present' FROM twizzit_sync_history WHERE credential_id = :id",
            "INSERT INTO twizzit_sync_changes (history_id, credential_id, table_name, row_id, action)"
            " SELECT id, :id, 'teams', 1, 'create' FROM twizzit_sync_history WHERE credential_id = :id",
            "INSERT INTO clubs (id, name) VALUES (:id, 'club ' || :id)",
            "INSERT INTO teams (id, club_id, name) VALUES (:id, :id, 'A')",
            "INSERT INTO players (id, first_name, last_name, team_id) VALUES (:id, 'p', 'q', :id)",
            "INSERT INTO twizzit_team_mappings (id, local_team_id, twizzit_team_id, credential_id)"
            " VALUES (:id, :id, 't' || :id, :id)",
            "INSERT INTO twizzit_player_mappings"
            " (local_player_id, twizzit_player_id, credential_id, team_mapping_id) VALUES (:id, 'p' || :id, :id, :id)",
            "INSERT INTO competitions (id, name, competition_type, start_date) VALUES (:id, 'c', 'league', now())",
            "INSERT INTO twizzit_competition_mappings (local_competition_id, twizzit_competition_id, credential_id)"
            " VALUES (:id, 'c' || :id, :id)",
            "INSERT INTO games (id, home_club_id, away_club_id, home_team_id, away_team_id, date)"
            " VALUES (:id, :id, 4711, :id, 4711, now())",
            "INSERT INTO twizzit_match_mappings (local_game_id, twizzit_match_id, credential_id)"
            " VALUES (:id, 'm' || :id, :id)",
        ):
            connection.exec_driver_sql(statement.replace(":id", str(credential_id)))


def test_what_hangs_on_a_credential_goes_along_and_mappings_stay(database: Database) -> None:
    gone, other = add(database, name="A"), add(database, name="B")
    with database.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO clubs (id, name) VALUES (4711, 'opponent')")
        connection.exec_driver_sql("INSERT INTO teams (id, club_id, name) VALUES (4711, 4711, 'A')")
    use(database, gone)
    use(database, other)
    assert store.delete(database.engine, gone) == store.Deleted("A", history=1, mappings=4)
    assert audit.recent(database.engine)[0].details["mappings_kept"] == 4
    with database.engine.connect() as connection:

        def owners(table: str) -> list[int | None]:
            return list(connection.scalars(text(f"SELECT credential_id FROM {table} ORDER BY credential_id")))

        for table in ("sync_config", "seasons", "teams", "sync_requests", "sync_history", "rejected_rows"):
            assert owners(f"twizzit_{table}") == [other]
        mapped = [f"{name}_mappings" for name in ("team", "player", "competition", "match")]
        for table in (*mapped, "sync_changes"):
            assert owners(f"twizzit_{table}") == [other, None]
        assert connection.scalar(text("SELECT count(*) FROM teams")) == 3
        registered = connection.scalars(text("SELECT is_twizzit_registered FROM players"))
        assert list(registered) == [True, True]


def test_two_who_delete_at_once(database: Database) -> None:
    credential_id = add(database)

    def delete(_: int) -> str:
        try:
            return type(store.delete(database.engine, credential_id)).__name__
        except UnknownCredential as error:
            return type(error).__name__

    with ThreadPoolExecutor(4) as pool:
        ended = sorted(pool.map(delete, range(4)))
    assert ended == ["Deleted", *["UnknownCredential"] * 3]
    assert [row.action for row in audit.recent(database.engine)] == ["delete", "add"]
