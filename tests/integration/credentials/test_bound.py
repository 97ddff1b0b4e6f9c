"""A password is bound to its row: what was moved or changed by SQL is not used, until an administrator accepts it."""

from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.support.vault_rows import NEW, OLD, add, by_sql, is_bound, password_of, stored, write_as_shotspot, write_mac
from tests.unit.credentials.test_mac import v1_of
from twizzit_pipeline.credentials import acceptance, store
from twizzit_pipeline.credentials.cipher import encrypt
from twizzit_pipeline.credentials.inspection import Vault, inspect_vault
from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.credentials.rotation import rotate
from twizzit_pipeline.errors import (
    CredentialChanged,
    DecryptionFailed,
    NotAsShown,
    TamperedCredential,
    UnknownCredential,
)
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database

ADMIN = Actor("token", "12", "admin")
ENDPOINT = "https://app.twizzit.com/v2/api"
ELSEWHERE = "https://app.twizzit.example/v2/api"

ALL = "encrypted_password = o.encrypted_password, encryption_iv = o.encryption_iv, encryption_mac = o.encryption_mac"
PASSWORD_ALONE = "encrypted_password = o.encrypted_password, encryption_iv = o.encryption_iv"
COLUMNS = "organization_name, api_username, api_endpoint, encrypted_password, encryption_iv, encryption_mac"


def make_v1(database: Database, credential_id: int, key: SecretStr = OLD) -> None:
    """The row as a version before this one stored it."""
    write_mac(database, credential_id, v1_of(stored(database, credential_id), key).mac)


def accept(database: Database, credential_id: int, key: Keys | SecretStr = OLD, **shown: str) -> str | None:
    now = store.get(database.engine, credential_id)
    said = {"api_username": now.api_username, "api_endpoint": now.api_endpoint, **shown}
    return acceptance.accept(database.engine, key, credential_id, actor=ADMIN, **said)


def assert_not_used(database: Database, credential_id: int, key: Keys | SecretStr = OLD) -> None:
    with pytest.raises(CredentialChanged, match=rf"twizzit credentials accept {credential_id}\)"):
        store.reveal_login(database.engine, key, credential_id)


# --- changed behind our back ------------------------------------------------------------------------------------------

BY_SQL = {
    "endpoint": f"UPDATE twizzit_credentials SET api_endpoint = '{ELSEWHERE}' WHERE id = :id",
    "endpoint, one letter": "UPDATE twizzit_credentials SET api_endpoint = api_endpoint || '/' WHERE id = :id",
    "no endpoint": "UPDATE twizzit_credentials SET api_endpoint = NULL WHERE id = :id",
    "user name": "UPDATE twizzit_credentials SET api_username = 'other' WHERE id = :id",
    "both": f"UPDATE twizzit_credentials SET api_username = 'o', api_endpoint = '{ELSEWHERE}' WHERE id = :id",
    "endpoint, and the MAC emptied": f"UPDATE twizzit_credentials SET api_endpoint = '{ELSEWHERE}',"
    " encryption_mac = NULL WHERE id = :id",
    "endpoint, and the cipher text in capitals": f"UPDATE twizzit_credentials SET api_endpoint = '{ELSEWHERE}',"
    " encrypted_password = upper(encrypted_password) WHERE id = :id",
    "endpoint, and the vector in capitals": f"UPDATE twizzit_credentials SET api_endpoint = '{ELSEWHERE}',"
    " encryption_iv = upper(encryption_iv) WHERE id = :id",
    "in two": f"UPDATE twizzit_credentials SET encryption_mac = NULL WHERE id = :id;"
    f"UPDATE twizzit_credentials SET api_endpoint = '{ELSEWHERE}' WHERE id = :id",
}


@pytest.mark.parametrize("statement", BY_SQL.values(), ids=BY_SQL)
def test_what_was_changed_by_sql_is_not_used_until_it_is_accepted(database: Database, statement: str) -> None:
    credential_id, other = add(database), add(database, password="theirs")
    for one in statement.split(";"):
        by_sql(database, one, id=credential_id)
    assert_not_used(database, credential_id)
    assert password_of(database, OLD, other) == "theirs"
    assert audit.recent(database.engine)[0].action in ("login_changed_elsewhere", "password_changed_elsewhere")

    before = stored(database, credential_id)
    assert accept(database, credential_id) == "changed"
    assert password_of(database, OLD, credential_id) == "geheim-é"
    assert is_bound(database, credential_id, OLD)
    assert stored(database, credential_id).iv_hex != before.iv_hex
    row = audit.recent(database.engine)[0]
    assert (row.action, row.target, row.target_id, row.actor) == ("accept", "credential", str(credential_id), ADMIN)
    host = store.get(database.engine, credential_id).api_endpoint.split("/")[2]
    assert row.details == {"because": "changed", "host": host}
    assert accept(database, credential_id) is None
    assert audit.recent(database.engine)[0].id == row.id


def test_a_change_that_is_taken_back_needs_no_word(database: Database) -> None:
    credential_id = add(database)
    by_sql(database, f"UPDATE twizzit_credentials SET api_endpoint = '{ELSEWHERE}'")
    assert_not_used(database, credential_id)
    by_sql(database, f"UPDATE twizzit_credentials SET api_endpoint = '{ENDPOINT}'")
    assert password_of(database, OLD, credential_id) == "geheim-é"


IN_CAPITALS = "encrypted_password = upper(o.encrypted_password), encryption_iv = o.encryption_iv"
ONE_BIT_TURNED = (
    "encrypted_password = o.encrypted_password, encryption_iv = overlay(o.encryption_iv placing"
    " CASE WHEN right(o.encryption_iv, 1) = '0' THEN '1' ELSE '0' END from 32)"
)


@pytest.mark.parametrize("moved", [ALL, PASSWORD_ALONE, IN_CAPITALS, ONE_BIT_TURNED])
def test_a_password_that_was_copied_into_another_row_is_not_used(database: Database, moved: str) -> None:
    own, other = add(database, password="own"), add(database, password="other")
    by_sql(
        database,
        f"UPDATE twizzit_credentials AS c SET {moved} FROM twizzit_credentials AS o WHERE c.id = :to AND o.id = :of",
        to=own,
        of=other,
    )
    assert_not_used(database, own)
    assert password_of(database, OLD, other) == "other"


def test_a_copy_is_one_though_the_other_row_was_written_in_capitals(database: Database) -> None:
    own, other = add(database, password="own"), add(database, password="other")
    by_sql(
        database,
        "UPDATE twizzit_credentials SET encrypted_password = upper(encrypted_password) WHERE id = :of",
        of=other,
    )
    by_sql(
        database,
        "UPDATE twizzit_credentials AS c SET encrypted_password = lower(o.encrypted_password), encryption_iv ="
        " o.encryption_iv FROM twizzit_credentials AS o WHERE c.id = :to AND o.id = :of",
        to=own,
        of=other,
    )
    assert_not_used(database, own)
    assert_not_used(database, other)


def test_two_that_were_exchanged_with_their_macs_are_not_used(database: Database) -> None:
    both = add(database, password="own"), add(database, password="other")
    by_sql(
        database,
        f"UPDATE twizzit_credentials AS c SET {ALL} FROM twizzit_credentials AS o WHERE c.id + o.id = :sum",
        sum=sum(both),
    )
    for one in both:
        assert_not_used(database, one)


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS.removesuffix(", encryption_mac")])
def test_a_copy_of_a_row_is_not_used(database: Database, columns: str) -> None:
    own = add(database)
    by_sql(database, f"INSERT INTO twizzit_credentials ({columns}) SELECT {columns} FROM twizzit_credentials")
    assert_not_used(database, own + 1)
    assert password_of(database, OLD, own) == "geheim-é"


def test_a_row_under_another_id_is_not_used(database: Database) -> None:
    add(database)
    by_sql(database, "UPDATE twizzit_credentials SET id = 77")
    assert_not_used(database, 77)


def test_what_else_a_row_says_may_change(database: Database) -> None:
    credential_id = add(database)
    by_sql(
        database, "UPDATE twizzit_credentials SET organization_name = 'Another', is_active = false, updated_at = now()"
    )
    store.remember_organization(database.engine, credential_id, "4101", "KC")
    store.mark_verified(database.engine, credential_id)
    assert password_of(database, OLD, credential_id) == "geheim-é"


# --- ShotSpot's own writes --------------------------------------------------------------------------------------------


def test_shotspot_may_store_another_login_with_its_password(database: Database) -> None:
    credential_id = add(database)
    theirs = encrypt(SecretStr("theirs"), OLD)
    by_sql(
        database,
        "UPDATE twizzit_credentials SET api_username = 'new', api_endpoint = :endpoint, encrypted_password = :text,"
        " encryption_iv = :iv",
        endpoint=ELSEWHERE,
        text=theirs.cipher_text_hex,
        iv=theirs.iv_hex,
    )
    assert stored(database, credential_id).mac is None
    assert password_of(database, OLD, credential_id) == "theirs"
    (row,) = [row for row in audit.recent(database.engine) if row.actor.kind == "trigger"]
    assert row.action == "password_changed_elsewhere"
    assert row.details["columns"] == [
        "api_endpoint",
        "api_username",
        "encrypted_password",
        "encryption_iv",
        "encryption_mac",
    ]
    assert accept(database, credential_id) == "without_mac"
    by_sql(database, "UPDATE twizzit_credentials SET api_username = 'another'")
    assert_not_used(database, credential_id)


def test_a_login_that_shotspot_adds_is_read_and_can_be_bound(database: Database) -> None:
    theirs = encrypt(SecretStr("theirs"), OLD)
    by_sql(
        database,
        "INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv)"
        " VALUES ('KC', 'u', :text, :iv)",
        text=theirs.cipher_text_hex,
        iv=theirs.iv_hex,
    )
    assert password_of(database, OLD, 1) == "theirs"
    assert acceptance.unbound(database.engine, OLD, 1) == "without_mac"
    assert accept(database, 1) == "without_mac"
    assert is_bound(database, 1, OLD)


# --- rows of before ---------------------------------------------------------------------------------------------------


def test_a_row_of_before_is_read_and_renewed_by_each_kind_of_write(database: Database, tmp_path: Any) -> None:
    ids = [add(database, name=name) for name in ("A", "B", "C")]
    for one in ids:
        make_v1(database, one)
        assert password_of(database, OLD, one) == "geheim-é"
    assert inspect_vault(database.engine, Keys(OLD)) == Vault(unbound=tuple(ids))
    store.change_login(
        database.engine, OLD, ids[0], api_username="u", password=SecretStr("p"), api_endpoint="https://example.org/v1"
    )
    assert accept(database, ids[1]) == "not_renewed"
    assert [is_bound(database, one, OLD) for one in ids] == [True, True, False]
    keys = {"encryption_key": NEW, "encryption_key_previous": OLD}
    done = rotate(database.engine, load_settings(_env_file=None, home=tmp_path, database_url="postgresql:///x", **keys))
    assert done.reencrypted == tuple(ids)
    assert all(is_bound(database, one, NEW) for one in ids)


def test_a_row_of_before_does_not_come_back_for_another_password(database: Database) -> None:
    credential_id = add(database)
    make_v1(database, credential_id)
    old_mac = stored(database, credential_id).mac
    assert accept(database, credential_id) == "not_renewed"
    by_sql(
        database,
        f"UPDATE twizzit_credentials SET encryption_mac = :mac, api_endpoint = '{ELSEWHERE}'",
        mac=old_mac,
    )
    with pytest.raises(TamperedCredential):
        store.reveal_login(database.engine, OLD, credential_id)
    assert audit.recent(database.engine)[0].details["columns"] == ["api_endpoint", "encryption_mac"]


def test_a_rotation_names_what_was_changed_and_changes_nothing(database: Database, tmp_path: Any) -> None:
    ids = [add(database, name=name) for name in ("A", "B")]
    by_sql(database, "UPDATE twizzit_credentials SET api_username = 'another' WHERE id = :id", id=ids[1])
    keys = {"encryption_key": NEW, "encryption_key_previous": OLD}
    settings = load_settings(_env_file=None, home=tmp_path, database_url="postgresql:///x", **keys)
    with pytest.raises(CredentialChanged, match=f"read: {ids[1]}\\. .*accept {ids[1]}"):
        rotate(database.engine, settings)
    assert password_of(database, OLD, ids[0]) == "geheim-é"
    assert accept(database, ids[1], Keys(OLD)) == "changed"
    assert rotate(database.engine, settings).reencrypted == tuple(ids)


# --- accepting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", [{"api_username": "seen"}, {"api_endpoint": "https://seen.example/v1"}])
def test_what_was_not_looked_at_is_not_accepted(database: Database, shown: dict[str, Any]) -> None:
    credential_id = add(database)
    by_sql(database, f"UPDATE twizzit_credentials SET api_endpoint = '{ELSEWHERE}'")
    with pytest.raises(NotAsShown, match=f"Credential {credential_id} "):
        accept(database, credential_id, **shown)
    assert_not_used(database, credential_id)


def test_what_cannot_be_read_cannot_be_accepted(database: Database) -> None:
    damaged, of_another_key, theirs = (add(database) for _ in range(3))
    mac = stored(database, damaged).mac
    write_as_shotspot(database, damaged, "00" * 16, "00" * 16)
    write_mac(database, damaged, mac)
    write_as_shotspot(database, theirs, "zz", "00" * 16)
    by_sql(database, "UPDATE twizzit_credentials SET api_username = 'another'")
    for credential_id, key, error in (
        (damaged, OLD, TamperedCredential),
        (of_another_key, NEW, DecryptionFailed),
        (theirs, OLD, DecryptionFailed),
    ):
        before = stored(database, credential_id)
        for act in (acceptance.unbound, None):
            with pytest.raises(error) as caught:
                if act is None:
                    accept(database, credential_id, key)
                else:
                    act(database.engine, key, credential_id)
            assert not isinstance(caught.value, CredentialChanged)
        assert stored(database, credential_id) == before


@pytest.mark.parametrize("credential_id", [0, -1, 99, 2**31])
def test_an_id_that_no_row_has(database: Database, credential_id: int) -> None:
    with pytest.raises(UnknownCredential):
        acceptance.unbound(database.engine, OLD, credential_id)
    with pytest.raises(UnknownCredential):
        acceptance.accept(database.engine, OLD, credential_id, api_username="u", api_endpoint="e")


def test_a_row_under_the_previous_key_is_accepted_under_the_current_one(database: Database) -> None:
    credential_id = add(database)
    by_sql(database, "UPDATE twizzit_credentials SET api_username = 'another'")
    assert_not_used(database, credential_id, Keys(NEW, OLD))
    assert accept(database, credential_id, Keys(NEW, OLD)) == "changed"
    assert is_bound(database, credential_id, NEW)


def test_the_vault_counts_each_kind(database: Database) -> None:
    current, early, bare, changed, damaged = (add(database) for _ in range(5))
    make_v1(database, early)
    theirs = encrypt(SecretStr("theirs"), OLD)
    write_as_shotspot(database, bare, theirs.cipher_text_hex, theirs.iv_hex)
    by_sql(database, "UPDATE twizzit_credentials SET api_username = 'another' WHERE id = :id", id=changed)
    mac = stored(database, damaged).mac
    write_as_shotspot(database, damaged, "00" * 16, "00" * 16)
    write_mac(database, damaged, mac)
    assert inspect_vault(database.engine, Keys(OLD)) == Vault(
        current=(current,),
        unbound=(early,),
        without_mac=(bare,),
        unreadable={changed: "CredentialChanged", damaged: "TamperedCredential"},
    )


def test_nothing_of_this_leaves_a_value_in_the_log(database: Database) -> None:
    credential_id = add(database)
    by_sql(
        database, "UPDATE twizzit_credentials SET api_username = 'name-of-a-person', api_endpoint = :it", it=ELSEWHERE
    )
    accept(database, credential_id)
    by_sql(database, "DELETE FROM twizzit_credentials")
    with database.engine.connect() as connection:
        logged = "\n".join(connection.scalars(text("SELECT log::text FROM twizzit_audit_log log")))
    for value in ("name-of-a-person", "ter-linden.api", "geheim", "/v2/api"):
        assert value not in logged
