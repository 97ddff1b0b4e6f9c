"""The rows of `twizzit_credentials`: added, read, changed. Passwords go in and come out as secrets only.

What belongs here: statements on that table. Whether an endpoint may be used is the business of whoever takes it from a
person, since this folder knows nothing of HTTP.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from twizzit_pipeline.credentials.cipher import Encrypted, decrypt, encrypt
from twizzit_pipeline.errors import DuplicateOrganization, UnknownCredential
from twizzit_pipeline.storage.tables import credentials

DEFAULT_ENDPOINT = "https://api.twizzit.com/v1"
_UNIQUE_VIOLATION = "23505"
_LARGEST_ID = 2**31 - 1
_KEY_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Credential:
    """A Twizzit login without its password. Times carry their zone (UTC).

    `partition_key` is what people see in Dagster ("3-kcc-antwerpen"); the two `twizzit_organization_*` are what the
    account turned out to read, None until it was asked once.
    """

    id: int
    organization_name: str
    api_username: str
    api_endpoint: str
    is_active: bool
    partition_key: str | None
    twizzit_organization_id: str | None
    twizzit_organization_name: str | None
    last_verified_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


_COLUMNS = [credentials.c[name] for name in Credential.__dataclass_fields__]
_utc_now = func.timezone("utc", func.now())


def add(
    engine: Engine,
    key: SecretStr,
    *,
    organization_name: str,
    api_username: str,
    password: SecretStr,
    api_endpoint: str = DEFAULT_ENDPOINT,
) -> int:
    """Store a login, its password encrypted; the new id.

    Raises:
        SettingsError: the key is malformed.
        DuplicateOrganization: this database allows one credential for a name, and has it.
    """
    encrypted = encrypt(password, key)
    row = {
        "organization_name": organization_name,
        "api_username": api_username,
        "encrypted_password": encrypted.cipher_text_hex,
        "encryption_iv": encrypted.iv_hex,
        "api_endpoint": api_endpoint,
    }
    try:
        with engine.begin() as connection:
            new_id = int(connection.execute(insert(credentials).values(row).returning(credentials.c.id)).scalar_one())
            connection.execute(
                update(credentials)
                .where(credentials.c.id == new_id)
                .values(partition_key=new_partition_key(new_id, organization_name))
            )
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != _UNIQUE_VIOLATION:
            raise
        raise DuplicateOrganization(
            f"There is a credential for {organization_name!r} already, and this database allows one for a name "
            "(ShotSpot's unique constraint on organization_name); choose another name"
        ) from None
    return new_id


def get(engine: Engine, credential_id: int) -> Credential:
    """One credential, active or not.

    Raises:
        UnknownCredential: no row has that id.
    """
    return _credential(_row(engine, credential_id, _COLUMNS))


def list_all(engine: Engine) -> list[Credential]:
    """Every credential, by id."""
    with engine.connect() as connection:
        return [_credential(row) for row in connection.execute(select(*_COLUMNS).order_by(credentials.c.id))]


def reveal_password(engine: Engine, key: SecretStr, credential_id: int) -> SecretStr:
    """The password of a credential.

    Raises:
        UnknownCredential: no row has that id.
        SettingsError: the key is malformed.
        DecryptionFailed: the key is another one, or the row is damaged.
    """
    row = _row(engine, credential_id, [credentials.c.encrypted_password, credentials.c.encryption_iv])
    return decrypt(Encrypted(row.encrypted_password, row.encryption_iv), key)


def change_login(
    engine: Engine, key: SecretStr, credential_id: int, *, api_username: str, password: SecretStr, api_endpoint: str
) -> None:
    """Give a credential another username, password and endpoint; its name and its partition key stay.

    Raises:
        UnknownCredential: no row has that id.
        SettingsError: the key is malformed.
    """
    encrypted = encrypt(password, key)
    _row(engine, credential_id, [credentials.c.id])
    with engine.begin() as connection:
        connection.execute(
            update(credentials)
            .where(credentials.c.id == credential_id)
            .values(
                api_username=api_username,
                encrypted_password=encrypted.cipher_text_hex,
                encryption_iv=encrypted.iv_hex,
                api_endpoint=api_endpoint,
                updated_at=_utc_now,
            )
        )


def remember_organization(
    engine: Engine, credential_id: int, organization_id: str | None, organization_name: str | None
) -> None:
    """Keep which organization the account turned out to read; writes nothing if that is known already."""
    differs = credentials.c.twizzit_organization_id.is_distinct_from(
        organization_id
    ) | credentials.c.twizzit_organization_name.is_distinct_from(organization_name)
    with engine.begin() as connection:
        connection.execute(
            update(credentials)
            .where(credentials.c.id == credential_id, differs)
            .values(
                twizzit_organization_id=organization_id,
                twizzit_organization_name=organization_name,
                updated_at=_utc_now,
            )
        )


def mark_verified(engine: Engine, credential_id: int) -> None:
    """Keep that the login worked just now."""
    with engine.begin() as connection:
        connection.execute(
            update(credentials).where(credentials.c.id == credential_id).values(last_verified_at=_utc_now)
        )


def partition_key(engine: Engine, credential_id: int) -> str:
    """What Dagster calls a credential; made here for a row that has none yet.

    Raises:
        UnknownCredential: no row has that id.
    """
    found = get(engine, credential_id).partition_key
    if found is None:
        ensure_partition_keys(engine)
        found = get(engine, credential_id).partition_key
    return str(found)


def ensure_partition_keys(engine: Engine) -> int:
    """Make the keys that rows put in by ShotSpot lack; how many were made. A key once made is never changed."""
    lacking = select(credentials.c.id, credentials.c.organization_name).where(credentials.c.partition_key.is_(None))
    with engine.connect() as connection:
        rows = connection.execute(lacking).all()
    if not rows:
        return 0
    made = 0
    with engine.begin() as connection:
        for credential_id, name in rows:
            made += connection.execute(
                update(credentials)
                .where(credentials.c.id == credential_id, credentials.c.partition_key.is_(None))
                .values(partition_key=new_partition_key(credential_id, name))
            ).rowcount
    return made


def new_partition_key(credential_id: int, organization_name: str) -> str:
    """The Dagster key of a credential: its id, then its name in plain letters ("3-kcc-antwerpen"), 100 at most."""
    letters = unicodedata.normalize("NFKD", organization_name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")
    return f"{credential_id}-{slug}"[:_KEY_LENGTH].rstrip("-")


def _row(engine: Engine, credential_id: int, columns: list[Any]) -> Row[Any]:
    if 0 < credential_id <= _LARGEST_ID:
        with engine.connect() as connection:
            row = connection.execute(select(*columns).where(credentials.c.id == credential_id)).one_or_none()
        if row is not None:
            return row
    raise UnknownCredential(f"No credential has the id {credential_id}; see: twizzit credentials list")


def _credential(row: Row[Any]) -> Credential:
    values = dict(row._mapping)
    for name in ("last_verified_at", "created_at", "updated_at"):
        values[name] = values[name] and values[name].replace(tzinfo=UTC)
    values["api_endpoint"] = values["api_endpoint"] or DEFAULT_ENDPOINT
    values["is_active"] = values["is_active"] is not False  # null is ShotSpot's default, which is true
    return Credential(**values)
