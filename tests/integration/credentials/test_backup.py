"""Backups: out of one database under its key, into another under that one's, and what meets what is there."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.support.vault_rows import NEW, OLD, OTHER, add, is_bound, password_of, stored, write_as_shotspot, write_mac
from twizzit_pipeline.credentials import sealed, store
from twizzit_pipeline.credentials.backup import Imported, export_to, import_from
from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.credentials.rows import new_partition_key
from twizzit_pipeline.errors import BackupRefused, DecryptionFailed, EndpointRefused, TamperedCredential
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.engine import Database, open_database

PASSPHRASE = SecretStr("correct horse battery")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a passphrase costs is `test_vault_sealed`'s to hold."""
    monkeypatch.setitem(sealed._COST, "n", 2**10)


@pytest.fixture
def target(new_database: Callable[[], AbstractContextManager[str]], tmp_path: Path) -> Iterator[Database]:
    """Another migrated database."""
    with (
        new_database() as url,
        open_database(load_settings(_env_file=None, home=tmp_path / "other", database_url=url)) as opened,
    ):
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.json"


def backup(database: Database, file: Path, keys: Keys | None = None) -> int:
    return export_to(database.engine, keys or Keys(OLD), file, PASSPHRASE, overwrite=True)


def restore(database: Database, file: Path, key: SecretStr = NEW) -> Imported:
    return import_from(database.engine, Keys(key), file, PASSPHRASE)


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT * FROM twizzit_credentials ORDER BY id"))]


def test_into_an_empty_database_under_its_own_key(database: Database, target: Database, file: Path) -> None:
    first = add(database, name="KC Één", password="een")
    second = add(database, name="KC Twee", password="twee-é")
    store.remember_organization(database.engine, first, "4101", "KC Een vzw")
    store.set_active(database.engine, second, False)
    assert backup(database, file) == 2
    assert restore(target, file) == Imported(added=[1, 2])
    for here, there in ((first, 1), (second, 2)):
        assert password_of(target, NEW, there) == password_of(database, OLD, here)
        assert is_bound(target, there, NEW)
        before, after = store.get(database.engine, here), store.get(target.engine, there)
        for name in (
            "organization_name",
            "api_username",
            "api_endpoint",
            "is_active",
            "twizzit_organization_id",
            "twizzit_organization_name",
        ):
            assert getattr(after, name) == getattr(before, name)
        assert after.partition_key == new_partition_key(there, before.organization_name)
        assert after.last_verified_at is None


def test_nothing_readable_is_in_the_file(database: Database, file: Path) -> None:
    columns = stored(database, add(database, password="hunter-two"))
    backup(database, file)
    content = file.read_text()
    for secret in ("hunter-two", "KC Ter Linden", "ter-linden.api", columns.cipher_text_hex, OLD.get_secret_value()):
        assert secret not in content


def test_the_same_once_more_writes_nothing(database: Database, file: Path) -> None:
    ids = [add(database, OLD, name=name) for name in ("A", "B")]
    backup(database, file)
    before = rows(database)
    assert restore(database, file, OLD) == Imported(unchanged=ids)
    assert rows(database) == before


def test_into_a_used_database_it_says_what_became_of_each(database: Database, file: Path) -> None:
    same, other_password, gone = (add(database, OLD, name=name) for name in ("A", "B", "C"))
    backup(database, file)
    login: dict[str, Any] = {"api_username": "ter-linden.api", "api_endpoint": "https://app.twizzit.com/v2/api"}
    store.change_login(database.engine, OLD, other_password, password=SecretStr("since"), **login)
    store.set_active(database.engine, other_password, False)
    store.delete(database.engine, gone)
    alone = add(database, OLD, name="D", password="alone")
    done = restore(database, file, OLD)
    (back,) = done.added
    assert done == Imported(added=[back], updated=[other_password], unchanged=[same])
    assert {password_of(database, OLD, one) for one in (same, other_password, back)} == {"geheim-é"}
    assert password_of(database, OLD, alone) == "alone"
    assert not store.get(database.engine, other_password).is_active


@pytest.mark.parametrize("damage", ["wrong key", "tampered", "no cipher text"])
def test_a_password_that_cannot_be_read_comes_back(database: Database, file: Path, damage: str) -> None:
    credential_id = add(database)
    backup(database, file)
    key = NEW if damage == "wrong key" else OLD
    if damage == "tampered":
        mac = stored(database, credential_id).mac
        assert mac is not None
        write_mac(database, credential_id, mac.replace(":", ":0", 1))
    elif damage == "no cipher text":
        write_as_shotspot(database, credential_id, "", "")
    with pytest.raises((DecryptionFailed, TamperedCredential)):
        password_of(database, key, credential_id)
    assert restore(database, file, key) == Imported(updated=[credential_id])
    assert password_of(database, key, credential_id) == "geheim-é"


def test_two_of_the_same_name_stay_two(database: Database, target: Database, file: Path) -> None:
    ids = [add(database, password=password) for password in ("one", "two")]
    backup(database, file)
    assert restore(database, file, OLD) == Imported(unchanged=ids)
    assert restore(target, file) == Imported(added=[1, 2])
    assert [password_of(target, NEW, one) for one in (1, 2)] == ["one", "two"]


def test_a_name_that_the_target_allows_once_is_refused_and_the_others_come(
    database: Database, target: Database, file: Path
) -> None:
    add(database, name="A")
    add(database, name="B")
    backup(database, file)
    with target.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE twizzit_credentials ADD UNIQUE (organization_name)")
    store.add(target.engine, NEW, organization_name="A", api_username="another", password=SecretStr("x"))
    done = restore(target, file)
    assert [name for name, _ in done.refused] == ["A"]
    assert "one for a name" in done.refused[0][1]
    assert [store.get(target.engine, one).organization_name for one in done.added] == ["B"]


def test_an_endpoint_that_may_not_be_used_is_refused(database: Database, target: Database, file: Path) -> None:
    add(database)
    backup(database, file)

    def check(endpoint: str) -> None:
        assert endpoint == "https://app.twizzit.com/v2/api"
        raise EndpointRefused("not that one")

    done = import_from(target.engine, Keys(NEW), file, PASSPHRASE, check_endpoint=check)
    assert done == Imported(refused=[("KC Ter Linden", "not that one")])
    assert rows(target) == []


def test_a_wrong_passphrase_or_a_changed_byte_writes_nothing(database: Database, target: Database, file: Path) -> None:
    add(database)
    backup(database, file)
    with pytest.raises(BackupRefused, match="passphrase is wrong"):
        import_from(target.engine, Keys(NEW), file, SecretStr("correct horse batterie"))
    content = bytearray(file.read_bytes())
    content[-10] ^= 1
    file.write_bytes(content)
    with pytest.raises(BackupRefused):
        restore(target, file)
    assert rows(target) == []
    assert audit.recent(target.engine) == []


@pytest.mark.parametrize("content", ["{}", '[{"organization_name": "x"}]', "7", '[{"password": "hunter-two"}]'])
def test_a_file_of_another_content_is_refused_without_quoting_it(target: Database, file: Path, content: str) -> None:
    sealed.write(file, sealed.seal(content.encode(), PASSPHRASE), overwrite=False)
    with pytest.raises(BackupRefused, match="no list of credentials") as caught:
        restore(target, file)
    assert "hunter" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_no_file_of_passwords_that_cannot_be_read(database: Database, file: Path) -> None:
    add(database, OTHER)
    add(database, OLD)
    with pytest.raises(DecryptionFailed):
        backup(database, file)
    assert not file.exists()
    assert "export" not in {row.action for row in audit.recent(database.engine)}


def test_passwords_of_the_previous_key_are_in_it_too(database: Database, target: Database, file: Path) -> None:
    add(database, OLD)
    backup(database, file, Keys(NEW, OLD))
    assert restore(target, file).added == [1]


def test_a_file_that_is_there_is_kept(database: Database, file: Path) -> None:
    file.write_text("precious")
    with pytest.raises(BackupRefused, match="--force"):
        export_to(database.engine, Keys(OLD), file, PASSPHRASE)
    assert file.read_text() == "precious"
    assert audit.recent(database.engine) == []


def test_two_who_import_at_once_add_once(database: Database, target: Database, file: Path) -> None:
    add(database)
    backup(database, file)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: restore(target, file), range(2)))
    assert sorted(len(one.added) for one in done) == [0, 1]
    assert len(rows(target)) == 1


def test_who_exported_and_imported_what_is_in_the_log(database: Database, target: Database, file: Path) -> None:
    add(database)
    backup(database, file)
    (exported, _) = audit.recent(database.engine)
    assert (exported.action, exported.target, exported.details) == ("export", "vault", {"credentials": 1})
    restore(target, file)
    imported, added = audit.recent(target.engine)
    assert (imported.action, imported.details) == (
        "import",
        {"added": 1, "updated": 0, "unchanged": 0, "refused": 0},
    )
    assert (added.action, added.target_id, added.details["by"]) == ("add", "1", "import")


def test_an_empty_vault_is_a_backup_too(database: Database, target: Database, file: Path) -> None:
    assert backup(database, file) == 0
    assert restore(target, file) == Imported()
    assert json.loads(file.read_text())["version"] == 1
