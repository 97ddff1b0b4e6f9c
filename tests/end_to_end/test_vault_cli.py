"""The vault's commands as a user types them: a rotation beside ShotSpot, a backup and its restoration, the log."""

import stat
from pathlib import Path

import psycopg
import pytest

from tests.conftest import ENCRYPTION_KEY
from tests.support.command_line import CommandLine, Ended, command_line_on
from twizzit_pipeline.credentials import sealed
from twizzit_pipeline.storage.audit import this_user

NEW_KEY = "fe" * 32
PASSPHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _cheap_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup names the cost of its own key; the real one is a third of a second each time (`test_vault_sealed`)."""
    monkeypatch.setitem(sealed._COST, "n", 2**10)


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str) -> CommandLine:
    """`twizzit` beside a database of one's own, with a key."""
    return command_line_on(tmp_path, database_url)


def add(twizzit: CommandLine, name: str = "KC Ter Linden") -> str:
    names = ("--organization", name, "--username", "ter-linden.api", "--endpoint", "https://127.0.0.1/v1")
    added = twizzit("credentials", "add", *names, "--password-stdin", stdin="hunter-two\n")
    assert added.code == 0, added.err
    return added.out.strip()


def export(twizzit: CommandLine, *more: str, passphrase: str = PASSPHRASE, **environment: str) -> Ended:
    return twizzit("credentials", "export", "backup.json", "--passphrase-stdin", *more, stdin=passphrase, **environment)


def restore(twizzit: CommandLine, passphrase: str = PASSPHRASE, **environment: str) -> Ended:
    return twizzit("credentials", "import", "backup.json", "--passphrase-stdin", stdin=passphrase, **environment)


def one_line(ended: Ended, said: str) -> None:
    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.startswith("Error: ")
    assert ended.err.count("\n") == 1
    assert said in ended.err


def test_a_rotation_from_the_old_key_to_the_new(twizzit: CommandLine) -> None:
    add(twizzit)
    one_line(twizzit("credentials", "rotate-key"), "TWIZZIT_ENCRYPTION_KEY_PREVIOUS is not set")
    both = {"TWIZZIT_ENCRYPTION_KEY": NEW_KEY, "TWIZZIT_ENCRYPTION_KEY_PREVIOUS": ENCRYPTION_KEY}
    assert export(twizzit, **both).code == 0  # the old one is still readable
    rotated = twizzit("credentials", "rotate-key", **both)
    assert rotated.code == 0, rotated.err
    assert rotated.out.startswith("Re-encrypted 1 password under key ")
    for word in ("ShotSpot", "TWIZZIT_ENCRYPTION_KEY", "TWIZZIT_ENCRYPTION_KEY_PREVIOUS", "restart"):
        assert word in rotated.out
    for key in (NEW_KEY, ENCRYPTION_KEY):
        assert key not in rotated.out + rotated.err
    one_line(export(twizzit, "--force"), "Password decryption failed: ")
    assert export(twizzit, "--force", TWIZZIT_ENCRYPTION_KEY=NEW_KEY).code == 0


def test_a_backup_and_its_restoration(twizzit: CommandLine) -> None:
    first, second = add(twizzit, "KC Een"), add(twizzit, "KC Twee")
    exported = export(twizzit)
    assert exported.code == 0, exported.err
    assert "2 credentials" in exported.out
    assert stat.S_IMODE((twizzit.folder / "backup.json").stat().st_mode) == 0o600
    one_line(export(twizzit), "--force")
    one_line(restore(twizzit, "correct horse battery stable"), "passphrase is wrong")

    deleted = twizzit("credentials", "delete", first, "--yes")
    assert deleted.code == 0, deleted.err
    changed = twizzit("credentials", "change-password", second, "--password-stdin", stdin="another")
    assert changed.code == 0, changed.err
    restored = restore(twizzit)
    assert restored.code == 0, restored.err
    assert restored.out.splitlines()[:3] == [
        "1 credential added (id 3)",
        f"1 credential updated (id {second})",
        "0 credentials unchanged",
    ]
    assert "2 credentials unchanged (id 3, 2)" in restore(twizzit).out

    rows = twizzit("audit", "--json").json()
    assert [row["action"] for row in rows][::-1] == [
        *("add", "add", "export", "delete", "change_login", "add", "change_login", "import", "import"),
    ]
    assert {row["actor"]["id"] for row in rows} == {this_user().id}
    shown = twizzit("audit", "--limit", 1, "--offset", 5)
    assert "delete" in shown.out
    assert f"credential {first}" in shown.out


def test_switching_a_credential_off_and_on(twizzit: CommandLine) -> None:
    credential = add(twizzit)
    assert twizzit("credentials", "deactivate", credential).out == f"Credential {credential} is switched off.\n"
    assert "already switched off" in twizzit("credentials", "deactivate", credential).out
    one_line(twizzit("sync", credential), "switched off")
    assert twizzit("credentials", "list", "--json").json()[0]["is_active"] is False
    assert twizzit("credentials", "activate", credential).code == 0
    assert twizzit("credentials", "list", "--json").json()[0]["is_active"] is True


def test_nothing_is_deleted_without_a_confirmation(twizzit: CommandLine) -> None:
    credential = add(twizzit)
    refused = twizzit("credentials", "delete", credential)
    assert refused.code == 2
    assert "--yes" in refused.err
    assert len(twizzit("credentials", "list", "--json").json()) == 1
    one_line(twizzit("credentials", "delete", "99", "--yes"), "No credential has the id 99")


def test_a_credential_is_named_a_club_of_shotspot(twizzit: CommandLine, database_url: str) -> None:
    credential = add(twizzit)
    one_line(twizzit("credentials", "set-club", credential, "KC Noord"), "there is no club yet")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO clubs (name) VALUES ('KC Noord'), ('KC Zuid')")
    one_line(twizzit("credentials", "set-club", credential, "KC Nord"), "there are: 1 (KC Noord), 2 (KC Zuid)")
    assert "is the club KC Zuid (id 2)" in twizzit("credentials", "set-club", credential, "KC Zuid").out
    assert twizzit("credentials", "list", "--json").json()[0]["club_id"] == 2
    assert twizzit("credentials", "set-club", credential).code == 2
    assert twizzit("credentials", "set-club", credential, "1", "--clear").code == 2
    assert "No club is named any more" in twizzit("credentials", "set-club", credential, "--clear").out
    assert twizzit("credentials", "list", "--json").json()[0]["club_id"] is None
