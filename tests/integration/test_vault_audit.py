"""The audit log: rows as they were recorded, and the one that a trigger leaves when a password is stored elsewhere."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text

from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import migrate

SHOTSPOT = Path(__file__).parent / "shotspot"


def add_row(connection: Connection, mac: str | None) -> int:
    statement = text(
        "INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv,"
        " encryption_mac) VALUES ('KC', 'kc.api', 'aa', 'bb', :mac) RETURNING id"
    )
    return int(connection.execute(statement, {"mac": mac}).scalar_one())


def mac_of(engine: Engine, credential_id: int) -> str | None:
    with engine.connect() as connection:
        statement = text("SELECT encryption_mac FROM twizzit_credentials WHERE id = :id")
        return connection.execute(statement, {"id": credential_id}).scalar_one()


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


@pytest.mark.parametrize(
    ("assignments", "emptied"),
    [
        ("encrypted_password = 'cc', encryption_iv = 'dd'", True),
        ("encryption_iv = 'dd'", True),
        ("encrypted_password = 'cc', encryption_mac = encryption_mac", True),
        ("encrypted_password = 'cc', encryption_mac = 'another'", False),
        ("encrypted_password = 'aa', api_username = 'another'", False),
        ("is_active = false", False),
    ],
)
def test_a_mac_goes_when_a_password_changes_without_it(database: Database, assignments: str, emptied: bool) -> None:
    with database.engine.begin() as connection:
        credential_id = add_row(connection, "fitting")
    change(database.engine, assignments)
    assert (mac_of(database.engine, credential_id) is None) == emptied
    rows = audit.recent(database.engine)
    assert [row.action for row in rows] == ["password_changed_elsewhere"] * emptied
    for row in rows:
        assert (row.actor.kind, row.target, row.target_id) == ("trigger", "credential", str(credential_id))
        assert row.actor.id
        assert row.details == {"application": "twizzit-pipeline", "mac_emptied": True}


def test_a_password_changed_elsewhere_is_logged_without_a_mac_too(database: Database) -> None:
    with database.engine.begin() as connection:
        add_row(connection, None)
    change(database.engine, "encrypted_password = 'cc'")
    assert [row.details["mac_emptied"] for row in audit.recent(database.engine)] == [False]


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
        assert [row.target_id for row in audit.recent(opened.engine)] == ["1"]
