"""One row of `twizzit_credentials`, within a transaction: its columns, its password in and out of them.

What belongs here: what the store, the rotation and the backup share. None of it leaves a trace in the audit log: that
is for the caller, which has the reason why a row changes.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Row, exists, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from twizzit_pipeline.credentials.cipher import Encrypted, changed_elsewhere, decrypt, encrypt, is_respelled, with_mac
from twizzit_pipeline.credentials.key import Keys, exchanged_since, require_kept
from twizzit_pipeline.credentials.mac import Owner
from twizzit_pipeline.errors import (
    CredentialChanged,
    DecryptionFailed,
    DuplicateOrganization,
    TamperedCredential,
    UnknownCredential,
)
from twizzit_pipeline.storage.audit import leaves_its_own_row
from twizzit_pipeline.storage.tables import credentials

DEFAULT_ENDPOINT = "https://api.twizzit.com/v1"
_UNIQUE_VIOLATION = "23505"
_LARGEST_ID = 2**31 - 1
_KEY_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Credential:
    """A Twizzit login without its password. Times carry their zone (UTC).

    `partition_key` is what people see in Dagster ("3-kcc-antwerpen"); the two `twizzit_organization_*` are what the
    account turned out to read, None until it was asked once. `club_id`: see `clubs.set_club`.
    """

    id: int
    organization_name: str
    api_username: str
    api_endpoint: str
    is_active: bool
    partition_key: str | None
    twizzit_organization_id: str | None
    twizzit_organization_name: str | None
    club_id: int | None
    last_verified_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


COLUMNS = [credentials.c[name] for name in Credential.__dataclass_fields__]
OWNER = [credentials.c.id, credentials.c.api_username, credentials.c.api_endpoint]
_other = credentials.alias("other")
# Vectors are random: a cipher text that two rows have was copied, and without a MAC nothing else says so. The vector is
# not looked at, since a bit of it that was turned turns one of the password; nor are capital letters, which read alike.
_is_copy = credentials.c.encryption_mac.is_(None) & exists().where(
    _other.c.id != credentials.c.id,
    func.lower(_other.c.encrypted_password) == func.lower(credentials.c.encrypted_password),
)
ENCRYPTED = [
    credentials.c.encrypted_password,
    credentials.c.encryption_iv,
    credentials.c.encryption_mac,
    _is_copy.label("is_copy"),
]


def insert_login(connection: Connection, key: Keys | SecretStr, *, password: SecretStr, **row: object) -> int:
    """The row of a new login, by the names of its columns, within a transaction; leaves no trace in the audit log.

    Raises:
        SettingsError: the key is malformed.
        NotAsShown: the key was exchanged meanwhile.
        DuplicateOrganization: this database allows one credential for a name, and has it.
    """
    encrypted = encrypt(password, key)  # the MAC follows: it holds the id
    statement = insert(credentials).values(**row, **_columns(encrypted)).returning(*OWNER)
    leaves_its_own_row(connection)
    try:
        with connection.begin_nested():
            owner = owner_of(connection.execute(statement).one())
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != _UNIQUE_VIOLATION:
            raise
        raise DuplicateOrganization(
            f"There is a credential for {row['organization_name']!r} already, and this database allows one for a name "
            "(ShotSpot's unique constraint on organization_name); choose another name"
        ) from None
    new_id = owner.credential_id
    connection.execute(
        update(credentials)
        .where(credentials.c.id == new_id)
        .values(
            partition_key=new_partition_key(new_id, str(row["organization_name"])),
            encryption_mac=with_mac(encrypted, key, owner).mac,
        )
    )
    require_kept(key)
    return new_id


def store_password(
    connection: Connection, key: Keys | SecretStr, owner: Owner, password: SecretStr, **row: object
) -> None:
    """Give a row a password, freshly encrypted and bound to `owner`, and other columns along with it.

    Leaves no trace in the audit log. What the row says afterwards must be `owner`.

    Raises:
        NotAsShown: the key was exchanged meanwhile.
    """
    leaves_its_own_row(connection)
    connection.execute(
        update(credentials)
        .where(credentials.c.id == owner.credential_id)
        .values(**row, **_columns(encrypt(password, key, owner)))
    )
    require_kept(key)


def keep_writers_out(connection: Connection) -> None:
    """No other transaction writes the table until the transaction ends, not even a new row; reading goes on."""
    connection.execute(text("LOCK TABLE twizzit_credentials IN SHARE ROW EXCLUSIVE MODE"))


def locked(connection: Connection, credential_id: int, *, beside_syncs: bool = False) -> Credential:
    """One credential, its row locked until the transaction ends, for one that is going to write it.

    The table comes first, as in every statement that writes: a rotation holds it, and then wants the rows.

    Args:
        beside_syncs: let transactions go on that write rows of the credential's, and do not wait for their end: a sync
            of a federation writes for minutes.

    Raises:
        UnknownCredential: no row has that id.
    """
    if may_exist(credential_id):
        connection.execute(text("LOCK TABLE twizzit_credentials IN ROW EXCLUSIVE MODE"))
        statement = select(*COLUMNS).where(credentials.c.id == credential_id)
        row = connection.execute(statement.with_for_update(key_share=beside_syncs)).one_or_none()
        if row is not None:
            return credential_of(row)
    raise unknown(credential_id)


def credential_of(row: Row[Any]) -> Credential:
    """A row of `COLUMNS`, and maybe others."""
    values = {name: getattr(row, name) for name in Credential.__dataclass_fields__}
    for name in ("last_verified_at", "created_at", "updated_at"):
        values[name] = values[name] and values[name].replace(tzinfo=UTC)
    values["api_endpoint"] = values["api_endpoint"] or DEFAULT_ENDPOINT
    values["is_active"] = values["is_active"] is not False  # null is ShotSpot's default, which is true
    return Credential(**values)


def decrypt_row(row: Row[Any], key: Keys | SecretStr, *, accept: bool = False) -> SecretStr:
    """The password of a row with the columns of `OWNER` and `ENCRYPTED`; raises as `store.reveal_login`.

    A rotation may have come between the key and the row that were read: then the row is of the key that is kept now.

    `accept`: whatever the row says today that it is for.
    """
    if (row.is_copy or is_respelled(encrypted_of(row))) and not accept:
        raise changed_elsewhere(row.id)
    try:
        return decrypt(encrypted_of(row), key, owner_of(row), accept=accept)
    except CredentialChanged:
        raise  # it names the credential itself
    except (TamperedCredential, DecryptionFailed) as error:
        now = exchanged_since(key) if isinstance(error, DecryptionFailed) else None
        if now is not None:
            return decrypt_row(row, now, accept=accept)
        raise type(error)(f"{error} (credential {row.id})") from None


def encrypted_of(row: Row[Any]) -> Encrypted:
    """The three columns of a row."""
    return Encrypted(row.encrypted_password, row.encryption_iv, row.encryption_mac)


def owner_of(row: Row[Any]) -> Owner:
    """What a row says that its password is for; an endpoint that is left out is the guide's default."""
    return Owner(int(row.id), str(row.api_username), row.api_endpoint or DEFAULT_ENDPOINT)


def _columns(encrypted: Encrypted) -> dict[str, object]:
    return {
        "encrypted_password": encrypted.cipher_text_hex,
        "encryption_iv": encrypted.iv_hex,
        "encryption_mac": encrypted.mac,
    }


def new_partition_key(credential_id: int, organization_name: str) -> str:
    """The Dagster key of a credential: its id, then its name in plain letters ("3-kcc-antwerpen"), 100 at most."""
    letters = unicodedata.normalize("NFKD", organization_name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
    return f"{credential_id}-{slug}"[:_KEY_LENGTH].rstrip("-")


def may_exist(credential_id: int) -> bool:
    """Whether the column could hold such an id: PostgreSQL refuses to compare it with others."""
    return 0 < credential_id <= _LARGEST_ID


def unknown(credential_id: int) -> UnknownCredential:
    """What to raise where no row has that id."""
    return UnknownCredential(f"No credential has the id {credential_id}; see: twizzit credentials list")
