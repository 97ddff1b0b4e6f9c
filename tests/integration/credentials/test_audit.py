"""The audit log: rows as they were recorded, and the one that a trigger leaves when a password is stored elsewhere."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text

from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor, leaves_its_own_row
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import migrate

SHOTSPOT = Path(__file__).parents[2] / "support" / "shotspot"


def add_row(connection: Connection, mac: str | None) -> int:
    statement = text(
        "INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv,"
        " encryption_mac) VALUES ('KC', 'kc.api', 'aa', 'bb', :mac) RETURNING id"
    )
    return int(connection.execute(statement, {"mac": mac}).scalar_one())


def mac_of(engine: Engine, credential_id: int) -> str | None:
    with engine.connect() as connection:
        statement = text("SELECT encryption_mac FROM twizzit_credentials WHERE id = :id")
        mac: str | None = connection.execute(statement, {"id": credential_id}).scalar_one()
    return mac


def me(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(text("SELECT session_user")))


def change(engine: Engine, assignments: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE twizzit_credentials SET {assignments}"))


def test_rows_come_back_newest_first_with_who_when_and_what(database: Database) -> None:
    admin = Actor("token", "12", "admin")
    with database.engine.begin() as connection:
        audit.record(connection, admin, action="add", target="credential", target_id="3", details={"fields": ["name"]})
        audit.record(connection, Actor("os", "anna"), action="rotate_key", target="vault", target_id=None)
    newest, oldest = audit.recent(database.engine)
    assert (newest.actor, newest.action, newest.target, newest.target_id, newest.details) == (
        Actor("os", "anna", None),
        "rotate_key",
        "vault",
        None,
        {},
    )
    assert (oldest.actor, oldest.target_id, oldest.details) == (admin, "3", {"fields": ["name"]})
    assert abs(oldest.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert [row.action for row in audit.recent(database.engine, limit=1, offset=1)] == ["add"]
    assert audit.count(database.engine) == 2


def test_two_that_wait_for_each_other_have_times_in_the_order_of_their_changes(database: Database) -> None:
    def noted(connection: Connection, action: str) -> None:
        audit.record(connection, audit.this_user(), action=action, target="credential", target_id="1")

    with database.engine.begin() as waits:
        waits.execute(text("SELECT 1"))
        with database.engine.begin() as quicker:
            noted(quicker, "deactivate")
        noted(waits, "activate")
    second, first = audit.recent(database.engine)
    assert (first.action, second.action) == ("deactivate", "activate")
    assert first.at < second.at


def test_a_row_is_of_the_transaction_of_its_change(database: Database) -> None:
    def fail() -> None:
        with database.engine.begin() as connection:
            audit.record(connection, audit.this_user(), action="add", target="credential", target_id="1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert audit.recent(database.engine) == []


def test_a_secret_has_no_place_in_the_details(database: Database) -> None:
    with pytest.raises(Exception, match="SecretStr is not JSON serializable"), database.engine.begin() as connection:
        details = {"password": SecretStr("hunter2")}
        audit.record(connection, audit.this_user(), action="add", target="credential", target_id="1", details=details)


def test_the_user_of_this_process_is_known() -> None:
    assert audit.this_user().kind == "os"
    assert audit.this_user().id


PASSWORD = "password_changed_elsewhere"
LOGIN = "login_changed_elsewhere"
CHANGES = {
    "encrypted_password = 'cc', encryption_iv = 'dd'": (PASSWORD, "encrypted_password encryption_iv encryption_mac"),
    "encryption_iv = 'dd'": (PASSWORD, "encryption_iv encryption_mac"),
    "encrypted_password = 'cc', encryption_mac = encryption_mac": (PASSWORD, "encrypted_password encryption_mac"),
    "encrypted_password = 'cc', encryption_mac = NULL": (PASSWORD, "encrypted_password encryption_mac"),
    "encrypted_password = 'cc', encryption_mac = 'another'": (PASSWORD, "encrypted_password encryption_mac"),
    "encrypted_password = 'aa', api_username = 'another'": (LOGIN, "api_username"),
    "api_endpoint = 'https://elsewhere.example/v1', api_username = 'another'": (LOGIN, "api_endpoint api_username"),
    "api_endpoint = NULL": (LOGIN, "api_endpoint"),
    "api_endpoint = 'https://elsewhere.example/v1', encryption_mac = NULL": (LOGIN, "api_endpoint"),
    "encryption_mac = 'another'": (LOGIN, "encryption_mac"),
    "id = 77": (LOGIN, "id"),
}


@pytest.mark.parametrize("assignments", CHANGES)
def test_a_change_by_sql_leaves_one_row_without_values(database: Database, assignments: str) -> None:
    action, columns = CHANGES[assignments]
    with database.engine.begin() as connection:
        leaves_its_own_row(connection)
        credential_id = add_row(connection, "fitting")
    change(database.engine, assignments)
    mac = mac_of(database.engine, 77 if "id = 77" in assignments else credential_id)
    emptied = action == PASSWORD and "'another'" not in assignments
    assert mac == (None if emptied else "another" if "mac = 'another'" in assignments else "fitting")
    (row,) = audit.recent(database.engine)
    assert (row.actor.kind, row.action, row.target, row.target_id) == ("trigger", action, "credential", "1")
    assert row.actor.id == me(database.engine)
    assert row.details == {
        "application": "twizzit-pipeline",
        "columns": columns.split(),
        "mac_emptied": emptied,
    }


@pytest.mark.parametrize(
    "assignments",
    ["is_active = false", "organization_name = 'Another'", "encryption_mac = NULL", "api_username = 'kc.api'"],
)
def test_what_changes_no_login_leaves_none(database: Database, assignments: str) -> None:
    with database.engine.begin() as connection:
        leaves_its_own_row(connection)
        credential_id = add_row(connection, "fitting")
    change(database.engine, assignments)
    assert mac_of(database.engine, credential_id) == "fitting"
    assert audit.recent(database.engine) == []


def test_a_password_changed_elsewhere_is_logged_without_a_mac_too(database: Database) -> None:
    with database.engine.begin() as connection:
        add_row(connection, None)
    change(database.engine, "encrypted_password = 'cc'")
    assert [(row.action, row.details.get("mac_emptied")) for row in audit.recent(database.engine)] == [
        (PASSWORD, False),
        ("added_elsewhere", None),
    ]


def test_added_deleted_and_emptied_by_sql_leave_a_row_each(database: Database) -> None:
    with database.engine.begin() as connection:
        first, second = add_row(connection, None), add_row(connection, None)
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM twizzit_credentials"))
    with database.engine.begin() as connection:
        connection.execute(text("TRUNCATE twizzit_credentials CASCADE"))
    rows = audit.recent(database.engine)[::-1]
    assert [(row.action, row.target_id) for row in rows] == [
        ("added_elsewhere", str(first)),
        ("added_elsewhere", str(second)),
        ("deleted_elsewhere", str(first)),
        ("deleted_elsewhere", str(second)),
        ("emptied_elsewhere", None),
    ]
    assert all(row.details == {"application": "twizzit-pipeline"} for row in rows)


def test_each_row_of_a_change_of_many_leaves_one(database: Database) -> None:
    with database.engine.begin() as connection:
        leaves_its_own_row(connection)
        ids = [add_row(connection, None) for _ in range(3)]
    change(database.engine, "api_endpoint = 'https://elsewhere.example/v1'")
    assert {row.target_id for row in audit.recent(database.engine)} == set(map(str, ids))


def test_what_the_next_transaction_changes_is_seen_again(database: Database) -> None:
    """On the same connection: the word that a transaction records itself ends with it, however it ends."""
    with database.engine.connect() as connection:
        for ended in (connection.commit, connection.rollback):
            leaves_its_own_row(connection)
            add_row(connection, None)
            ended()
        connection.execute(text("UPDATE twizzit_credentials SET api_username = 'another'"))
        connection.commit()
    assert [row.action for row in audit.recent(database.engine)] == [LOGIN]


@pytest.mark.parametrize(
    "trouble",
    [
        "ALTER TABLE twizzit_audit_log RENAME TO gone",
        "ALTER TABLE twizzit_audit_log ADD CHECK (actor_kind <> 'trigger') NOT VALID",
        "ALTER TABLE twizzit_audit_log RENAME target TO target_kind",
    ],
)
def test_a_log_that_cannot_be_written_prevents_no_change(database: Database, trouble: str) -> None:
    with database.engine.begin() as connection:
        add_row(connection, "fitting")
    with database.engine.begin() as connection:
        connection.execute(text(trouble))
    change(database.engine, "api_endpoint = 'https://elsewhere.example/v1', encrypted_password = 'cc'")
    with database.engine.begin() as connection:
        assert connection.execute(text("DELETE FROM twizzit_credentials")).rowcount == 1


def test_a_log_that_is_locked_is_waited_for_two_seconds(database: Database) -> None:
    with database.engine.begin() as connection:
        credential_id = add_row(connection, "fitting")
    with database.engine.begin() as holder:
        holder.execute(text("LOCK TABLE twizzit_audit_log IN ACCESS EXCLUSIVE MODE"))
        began = time.monotonic()
        change(database.engine, "encrypted_password = 'cc'")
        assert 1.5 < time.monotonic() - began < 15
    assert mac_of(database.engine, credential_id) is None


@pytest.mark.parametrize("shape", ["older", "newer"])
def test_shotspots_user_needs_no_right_on_the_log(empty_database_url: str, tmp_path: Path, shape: str) -> None:
    settings = load_settings(_env_file=None, home=tmp_path, database_url=empty_database_url)
    with open_database(settings) as opened:
        with opened.engine.begin() as connection:
            connection.exec_driver_sql((SHOTSPOT / "older.sql").read_text(encoding="utf-8"))
            if shape == "newer":
                connection.exec_driver_sql((SHOTSPOT / "newer.sql").read_text(encoding="utf-8"))
        migrate(opened.engine)
        with opened.engine.begin() as connection:
            connection.exec_driver_sql(
                "DO $$ BEGIN CREATE ROLE shotspot; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
            )
            connection.exec_driver_sql("GRANT SELECT, UPDATE ON twizzit_credentials TO shotspot")
            connection.exec_driver_sql("UPDATE twizzit_credentials SET encryption_mac = 'fitting'")
        with opened.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL ROLE shotspot")
            connection.exec_driver_sql("CREATE TEMPORARY TABLE twizzit_audit_log (id int) ON COMMIT DROP")
            connection.exec_driver_sql("UPDATE twizzit_credentials SET encrypted_password = 'cc' WHERE id = 1")
        assert mac_of(opened.engine, 1) is None
        row, *before = audit.recent(opened.engine)
        assert (row.target_id, row.action, row.details["role"]) == ("1", PASSWORD, "shotspot")
        assert {(one.action, *one.details["columns"], "role" in one.details) for one in before} == {
            (LOGIN, "encryption_mac", False)
        }
