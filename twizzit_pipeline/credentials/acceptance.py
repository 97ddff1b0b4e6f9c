"""A credential that was changed past this project, looked at by an administrator and taken as it is now.

What belongs here: why a password is not bound to its row, and binding it anew. Whether its endpoint may be used is for
the caller, since this folder imports nothing of HTTP.
"""

from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, Row, func, select

from twizzit_pipeline.credentials.cipher import is_current
from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.credentials.rows import (
    ENCRYPTED,
    OWNER,
    decrypt_row,
    encrypted_of,
    locked,
    may_exist,
    owner_of,
    store_password,
    unknown,
)
from twizzit_pipeline.errors import CredentialChanged, NotAsShown
from twizzit_pipeline.storage.audit import Actor, record, this_user
from twizzit_pipeline.storage.tables import credentials

# "changed": the row is another than the password was stored for. "without_mac": ShotSpot stored the password.
# "not_renewed": the MAC is one of before, or made with the previous key.
Unbound = Literal["changed", "without_mac", "not_renewed"]


def unbound(engine: Engine, key: Keys | SecretStr, credential_id: int) -> Unbound | None:
    """Why the password of a credential is not bound to what its row says today; None where it is.

    Raises:
        UnknownCredential: no row has that id.
        SettingsError: a key is malformed.
        TamperedCredential, DecryptionFailed: it cannot be read, whatever it is for.
    """
    with engine.connect() as connection:
        return _unbound(_row(connection, credential_id), key)


def accept(
    engine: Engine,
    key: Keys | SecretStr,
    credential_id: int,
    *,
    api_username: str,
    api_endpoint: str,
    actor: Actor | None = None,
) -> Unbound | None:
    """Bind the password of a credential to what its row says today; why it was not, None where nothing was to do.

    The password is encrypted anew under the current key.

    Args:
        api_username, api_endpoint: what the administrator was shown; they accept that, and nothing that came since.
        actor: who accepts, for the audit log; the user of this process where it is None.

    Raises:
        NotAsShown: the row says something else by now.
        UnknownCredential, SettingsError, TamperedCredential, DecryptionFailed: as `unbound`.
    """
    with engine.begin() as connection:
        seen = locked(connection, credential_id, beside_syncs=True)
        if (seen.api_username.strip(), seen.api_endpoint.strip()) != (api_username.strip(), api_endpoint.strip()):
            raise NotAsShown(
                f"Credential {credential_id} has another user name or endpoint than the one to accept: look at it "
                "again (twizzit credentials list)"
            )
        row = _row(connection, credential_id)
        why = _unbound(row, key)
        if why is None:
            return None
        password = decrypt_row(row, key, accept=True)
        store_password(connection, key, owner_of(row), password, updated_at=func.timezone("utc", func.now()))
        record(
            connection,
            actor or this_user(),
            action="accept",
            target="credential",
            target_id=str(credential_id),
            details={"because": why, "host": _host(seen.api_endpoint)},
        )
    return why


def _row(connection: Connection, credential_id: int) -> Row[Any]:
    if may_exist(credential_id):
        wanted = select(*OWNER, *ENCRYPTED).where(credentials.c.id == credential_id)
        row = connection.execute(wanted).one_or_none()
        if row is not None:
            return row
    raise unknown(credential_id)


def _unbound(row: Row[Any], key: Keys | SecretStr) -> Unbound | None:
    encrypted = encrypted_of(row)
    if is_current(encrypted, key, owner_of(row)):
        return None
    try:
        decrypt_row(row, key)
    except CredentialChanged:
        decrypt_row(row, key, accept=True)  # a copy without a MAC may be unreadable all the same
        return "changed"
    return "without_mac" if encrypted.mac is None else "not_renewed"


def _host(endpoint: str) -> str | None:
    """The host of an endpoint, without a name and password that may stand before it."""
    try:
        return urlsplit(endpoint if "//" in endpoint else f"//{endpoint}").hostname
    except ValueError:
        return None
