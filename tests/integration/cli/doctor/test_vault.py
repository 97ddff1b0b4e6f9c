"""Keys, secrets and passwords that do not fit, or that others can read, are found."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text, update

from tests.conftest import ENCRYPTION_KEY
from tests.support.examined import look
from twizzit_pipeline.cli.doctor.finding import Severity
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import leaves_its_own_row
from twizzit_pipeline.storage.engine import Database


def test_passwords_of_another_key_and_damaged_ones_are_named_by_id(
    credential: Callable[..., int], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [credential(organization_name=f"Club {place}") for place in range(4)]
    column = tables.credentials.c
    with database.engine.begin() as connection:
        leaves_its_own_row(connection)
        bare = update(tables.credentials).where(column.id == ids[1]).values(encryption_mac=None)
        connection.execute(bare)
        torn = update(tables.credentials).where(column.id == ids[2])
        connection.execute(torn.values(encryption_mac=text("overlay(encryption_mac placing '0000' from 20)")))
    seen = look()
    assert seen.of("passwords").message == f"The passwords of credentials {ids[2]} are damaged"
    fine = [one for one in seen.findings if one.subject == "passwords" and one.severity is Severity.OK]
    assert [one.message for one in fine] == [
        "3 passwords can be read, and every MAC fits; ShotSpot stored 1 of them, without a MAC"
    ]

    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY_PREVIOUS", ENCRYPTION_KEY)
    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY", "f" * 64)
    rotating = [one for one in look().findings if one.subject == "passwords" and one.severity is Severity.WARNING]
    assert [one.what_to_do for one in rotating] == ["Finish the rotation: twizzit credentials rotate-key"]

    monkeypatch.delenv("TWIZZIT_ENCRYPTION_KEY_PREVIOUS")
    lost = look().problems["passwords"]
    assert "cannot be read with this key" in lost or "are damaged" in lost


def test_a_key_of_another_text_is_to_be_used_as_in_shotspot(own_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY", "short")
    key = look().of("key")
    assert key.severity is Severity.OK
    assert "SHA-256" in key.message


@pytest.mark.parametrize(("key", "said"), [(" ", "is empty"), (None, "is not set")])
def test_a_key_that_is_none_is_a_problem(
    own_database: str, monkeypatch: pytest.MonkeyPatch, key: str | None, said: str
) -> None:
    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY", key or "")
    assert said in look().problems["key"]


def test_a_secret_of_tokens_that_the_api_refuses_is_a_problem(
    own_database: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET", "too short to be one")
    assert look().problems["tokens"].startswith("JWT_SECRET is too short")
    monkeypatch.delenv("JWT_SECRET")
    monkeypatch.delenv("TWIZZIT_DATABASE_URL")
    (home / "jwt.secret").write_text("too short to be one")
    (home / "jwt.secret").chmod(0o600)
    assert "jwt.secret is too short" in look().problems["tokens"]


def test_files_that_others_can_read_are_found(home: Path) -> None:
    for name in ("encryption.key", "jwt.secret"):
        (home / name).write_text("0" * 64)
        (home / name).chmod(0o644)
    home.chmod(0o755)
    Path(".env").write_text("TWIZZIT_REQUEST_TIMEOUT=3\n")
    Path(".env").chmod(0o644)
    seen = look()
    assert seen.problems.keys() == {"key", "tokens"}
    assert str(seen.of("key").what_to_do).startswith("chmod 600 ")
    warned = [one.what_to_do for one in seen.findings if one.subject == "folders"]
    assert warned == ["chmod 600 .env", f"chmod 700 {home}"]
