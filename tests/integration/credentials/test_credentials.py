"""The vault on a real database: what goes into the rows, what comes out, and the key beside the embedded server."""

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.cipher import Encrypted, decrypt
from twizzit_pipeline.credentials.key import Keys, encryption_keys
from twizzit_pipeline.credentials.key_file import KEY_FILE
from twizzit_pipeline.credentials.mac import Owner
from twizzit_pipeline.credentials.partition_keys import ensure_partition_keys
from twizzit_pipeline.credentials.rows import new_partition_key
from twizzit_pipeline.errors import DecryptionFailed, DuplicateOrganization, SettingsError, UnknownCredential
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import Database

KEY = SecretStr("ab" * 32)
PASSWORD = SecretStr("geheim-Wachtwoord-é")


def add(database: Database, name: str = "KC Ter Linden", password: SecretStr = PASSWORD) -> int:
    return store.add(
        database.engine,
        KEY,
        organization_name=name,
        api_username="ter-linden.api",
        password=password,
        api_endpoint="https://app.twizzit.com/v2/api",
    )


def column(database: Database, name: str, credential_id: int) -> object:
    with database.engine.connect() as connection:
        statement = text(f"SELECT {name} FROM twizzit_credentials WHERE id = :id")
        return connection.execute(statement, {"id": credential_id}).scalar_one()


def test_a_login_is_stored_encrypted_and_read_back(database: Database) -> None:
    credential_id = add(database)
    cipher_text = str(column(database, "encrypted_password", credential_id))
    iv = str(column(database, "encryption_iv", credential_id))
    mac = str(column(database, "encryption_mac", credential_id))
    owner = Owner(credential_id, "ter-linden.api", "https://app.twizzit.com/v2/api")
    assert decrypt(Encrypted(cipher_text, iv, mac), KEY, owner) == PASSWORD
    assert store.reveal_login(database.engine, KEY, credential_id).password == PASSWORD
    credential = store.get(database.engine, credential_id)
    assert (credential.organization_name, credential.api_username) == ("KC Ter Linden", "ter-linden.api")
    assert credential.is_active
    assert credential.last_verified_at is None
    assert credential.created_at is not None
    assert credential.created_at.utcoffset() is not None
    assert store.list_all(database.engine) == [credential]
    assert "geheim" not in repr(credential)


def test_another_key_reads_nothing(database: Database) -> None:
    credential_id = add(database)
    with pytest.raises(DecryptionFailed):
        store.reveal_login(database.engine, SecretStr("cd" * 32), credential_id)


@pytest.mark.parametrize("credential_id", [0, -1, 1, 2**31, 10**30])
def test_an_unknown_id(database: Database, credential_id: int) -> None:
    with pytest.raises(UnknownCredential, match="twizzit credentials list"):
        store.get(database.engine, credential_id)
    with pytest.raises(UnknownCredential):
        store.reveal_login(database.engine, KEY, credential_id)


def test_a_name_that_the_database_allows_once(database: Database) -> None:
    add(database)
    assert add(database)  # standing alone there is no such rule
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM twizzit_credentials"))
        connection.execute(text("ALTER TABLE twizzit_credentials ADD UNIQUE (organization_name)"))
    add(database)
    with pytest.raises(DuplicateOrganization, match="one for a name") as caught:
        add(database)
    assert "\n" not in str(caught.value)
    assert len(store.list_all(database.engine)) == 1


def test_the_login_changes_and_its_partition_does_not(database: Database) -> None:
    credential_id = add(database)
    before = store.get(database.engine, credential_id)
    store.change_login(
        database.engine,
        KEY,
        credential_id,
        api_username="other.api",
        password=SecretStr("another"),
        api_endpoint="https://example.org/v1",
    )
    after = store.get(database.engine, credential_id)
    assert (after.api_username, after.api_endpoint) == ("other.api", "https://example.org/v1")
    assert after.partition_key == before.partition_key
    assert store.reveal_login(database.engine, KEY, credential_id).password.get_secret_value() == "another"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("KCC Antwerpen", "-kcc-antwerpen"),
        ("Corfbal Étoile | Liège, asbl", "-corfbal-etoile-liege-asbl"),
        ("Straße", "-strasse"),
        ("柔道", ""),
        ("…", ""),
    ],
)
def test_partition_keys_are_plain_letters(name: str, slug: str) -> None:
    assert new_partition_key(3, name) == f"3{slug}"


def test_a_partition_key_is_never_too_long() -> None:
    key = new_partition_key(12, "Koninklijke " * 20)
    assert len(key) <= 100
    assert not key.endswith("-")


def test_rows_of_shotspot_get_their_partition_key_once(database: Database) -> None:
    with database.engine.begin() as connection:
        ids = connection.scalars(
            text(
                "INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv,"
                " api_endpoint, is_active) VALUES ('AKC Één', 'a', '00', '00', NULL, NULL),"
                " ('B', 'b', '00', '00', '', true) RETURNING id"
            )
        ).all()
    assert ensure_partition_keys(database.engine) == 2
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE twizzit_credentials SET organization_name = 'renamed'"))
    assert ensure_partition_keys(database.engine) == 0
    assert store.get(database.engine, ids[1]).partition_key == f"{ids[1]}-b"
    first = store.get(database.engine, ids[0])
    assert first.partition_key == f"{ids[0]}-akc-een"
    assert first.is_active
    assert first.api_endpoint == store.DEFAULT_ENDPOINT


def test_what_the_account_reads_is_remembered_and_written_once(database: Database) -> None:
    credential_id = add(database)
    store.remember_organization(database.engine, credential_id, "4101", "KC Ter Linden")
    remembered = store.get(database.engine, credential_id)
    assert (remembered.twizzit_organization_id, remembered.twizzit_organization_name) == ("4101", "KC Ter Linden")
    written = column(database, "xmin::text", credential_id)
    store.remember_organization(database.engine, credential_id, "4101", "KC Ter Linden")
    assert column(database, "xmin::text", credential_id) == written
    store.mark_verified(database.engine, credential_id)
    verified_at = store.get(database.engine, credential_id).last_verified_at
    assert verified_at is not None
    assert abs(datetime.now(UTC) - verified_at) < timedelta(minutes=1)


def embedded(home: Path, **more: object) -> Settings:
    return load_settings(_env_file=None, home=home, **more)


def test_the_embedded_mode_makes_a_key_and_keeps_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    key = encryption_keys(embedded(home))
    assert encryption_keys(embedded(home)) == key
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [path.name for path in home.iterdir()] == [KEY_FILE]


def test_many_who_start_at_once_keep_one_key(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(encryption_keys(embedded(tmp_path)).current.get_secret_value()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_key_of_the_environment_wins(tmp_path: Path) -> None:
    encryption_keys(embedded(tmp_path))
    assert encryption_keys(embedded(tmp_path, encryption_key=KEY)) == Keys(KEY)


def test_your_own_server_never_gets_a_key_made(settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"TWIZZIT_ENCRYPTION_KEY is not set.*openssl rand -hex 32"):
        encryption_keys(settings.model_copy(update={"encryption_key": None}))
    assert not settings.home.exists()


def test_a_key_of_the_environment_is_any_text_and_one_of_ours_is_not(tmp_path: Path) -> None:
    assert encryption_keys(embedded(tmp_path, encryption_key=SecretStr("short"))) == Keys(SecretStr("short"))
    (tmp_path / KEY_FILE).write_text("gone wrong\n")
    with pytest.raises(SettingsError, match=KEY_FILE):
        encryption_keys(embedded(tmp_path))


def test_a_home_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be read or made"):
        encryption_keys(embedded(tmp_path / "file"))
