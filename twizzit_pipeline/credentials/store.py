"""The rows of `twizzit_credentials`: added, read, changed. Passwords go in and come out as secrets only.

What belongs here: statements on that table. Whether an endpoint may be used is decided where it is taken from a
person, since this folder imports nothing of HTTP.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, Row, Table, func, select, update
from sqlalchemy import delete as sql_delete

from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.credentials.mac import Owner
from twizzit_pipeline.credentials.rows import (
    COLUMNS,
    DEFAULT_ENDPOINT,
    ENCRYPTED,
    OWNER,
    Credential,
    credential_of,
    decrypt_row,
    insert_login,
    keep_writers_out,
    locked,
    may_exist,
    owner_of,
    store_password,
    unknown,
)
from twizzit_pipeline.errors import NotAsShown, SyncInProgress
from twizzit_pipeline.storage.audit import Actor, leaves_its_own_row, record, this_user
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import MAPPINGS, credentials, leases, sync_history

__all__ = [
    "DEFAULT_ENDPOINT",
    "Credential",
    "Deleted",
    "Login",
    "add",
    "add_once",
    "change_login",
    "delete",
    "get",
    "keep",
    "list_all",
    "mark_verified",
    "note_organization",
    "read",
    "remember_organization",
    "reveal_login",
    "set_active",
]

_LEASE_LASTS = timedelta(seconds=60)  # without a heartbeat: `runs.lease.DEAD_AFTER_SECONDS`, which is above this folder


@dataclass(frozen=True, slots=True)
class Login:
    """A password, and the user name and endpoint that it was stored for: it goes nowhere else."""

    api_username: str
    api_endpoint: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of a deleted credential's rows: history went along, mappings stayed without a credential."""

    organization_name: str
    history: int
    mappings: int


_utc_now = func.timezone("utc", func.now())


def add(
    engine: Engine,
    key: Keys | SecretStr,
    *,
    organization_name: str,
    api_username: str,
    password: SecretStr,
    api_endpoint: str = DEFAULT_ENDPOINT,
    actor: Actor | None = None,
) -> int:
    """Store a login, its password encrypted under the current key; the new id.

    Args:
        actor: who stores it, for the audit log; here and below, the user of this process where it is None.

    Raises:
        SettingsError: the key is malformed.
        DuplicateOrganization: this database allows one credential for a name, and has it.
    """
    columns = {"organization_name": organization_name, "api_username": api_username, "api_endpoint": api_endpoint}
    with engine.begin() as connection:
        return _added(connection, key, password, columns, actor)


def add_once(
    engine: Engine, key: Keys, *, organization_name: str, api_username: str, password: SecretStr, api_endpoint: str
) -> tuple[int, bool]:
    """`add`, unless a credential of this organization, user name and endpoint is there, also of two who add it at once;
    its id, and whether it is new.
    """
    columns = {"organization_name": organization_name, "api_username": api_username, "api_endpoint": api_endpoint}
    with engine.begin() as connection:
        keep_writers_out(connection)
        for one in _all(connection):
            same_club = one.organization_name.casefold() == organization_name.casefold()
            if same_club and (one.api_username, one.api_endpoint) == (api_username, api_endpoint):
                return one.id, False
        return _added(connection, key, password, columns, None), True


def _added(
    connection: Connection, key: Keys | SecretStr, password: SecretStr, columns: dict[str, str], actor: Actor | None
) -> int:
    new_id = insert_login(connection, key, password=password, **columns)
    _record(connection, actor, "add", new_id, organization=columns["organization_name"])
    return new_id


def get(engine: Engine, credential_id: int) -> Credential:
    """One credential, active or not.

    Raises:
        UnknownCredential: no row has that id.
    """
    return credential_of(_row(engine, credential_id, COLUMNS))


def read(connection: Connection, credential_id: int) -> Credential:
    """One credential, read in the caller's transaction; raises as `get`."""
    wanted = select(*COLUMNS).where(credentials.c.id == credential_id)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise unknown(credential_id)
    return credential_of(row)


def keep(connection: Connection, credential_id: int) -> None:
    """Lets no one delete a credential until the transaction ends: asked before rows are locked that go along with it.

    Raises:
        UnknownCredential: no row has that id.
    """
    wanted = select(credentials.c.id).where(credentials.c.id == credential_id)
    if connection.scalar(wanted.with_for_update(read=True, key_share=True)) is None:
        raise unknown(credential_id)


def list_all(engine: Engine) -> list[Credential]:
    """Every credential, by id."""
    with engine.connect() as connection:
        return _all(connection)


def _all(connection: Connection) -> list[Credential]:
    return [credential_of(row) for row in connection.execute(select(*COLUMNS).order_by(credentials.c.id))]


def reveal_login(engine: Engine, key: Keys | SecretStr, credential_id: int) -> Login:
    """The password of a credential, read with the current key or else the previous one, and whom it may be shown.

    Raises:
        UnknownCredential: no row has that id.
        SettingsError: a key is malformed.
        TamperedCredential: the row does not fit its MAC, or is another than the password was stored for.
        DecryptionFailed: the key is another one, or the row is damaged.
    """
    row = _row(engine, credential_id, [*OWNER, *ENCRYPTED])
    owner = owner_of(row)
    return Login(owner.api_username, owner.api_endpoint, decrypt_row(row, key))


def change_login(
    engine: Engine,
    key: Keys | SecretStr,
    credential_id: int,
    *,
    api_username: str,
    password: SecretStr,
    api_endpoint: str,
    shown: Credential | None = None,
    actor: Actor | None = None,
) -> None:
    """Give a credential another username, password and endpoint; its name and its partition key stay.

    Args:
        shown: what the person looked at who says the password; None where they say all of it.

    Raises:
        UnknownCredential: no row has that id.
        SettingsError: the key is malformed.
        NotAsShown: the login is for another user name or endpoint by now, or the key was exchanged meanwhile.
    """
    values = {"api_username": api_username, "api_endpoint": api_endpoint}
    with engine.begin() as connection:
        before = locked(connection, credential_id, beside_syncs=True)
        if shown is not None and (before.api_username, before.api_endpoint) != (shown.api_username, shown.api_endpoint):
            raise NotAsShown(
                f"Credential {credential_id} has another user name or endpoint by now, and nothing was stored: look at "
                "it (twizzit credentials list), then do this once more"
            )
        owner = Owner(credential_id, api_username, api_endpoint or DEFAULT_ENDPOINT)
        store_password(connection, key, owner, password, **values, updated_at=_utc_now)
        changed = [name for name, value in values.items() if getattr(before, name) != value]
        _record(connection, actor, "change_login", credential_id, fields=["password", *changed])


def set_active(engine: Engine, credential_id: int, active: bool, *, actor: Actor | None = None) -> bool:
    """Switch a credential on or off; whether that changed anything. A sync under way goes on to its end.

    Raises:
        UnknownCredential: no row has that id.
    """
    with engine.begin() as connection:
        if locked(connection, credential_id, beside_syncs=True).is_active == active:
            return False
        connection.execute(
            update(credentials).where(credentials.c.id == credential_id).values(is_active=active, updated_at=_utc_now)
        )
        _record(connection, actor, "activate" if active else "deactivate", credential_id)
    return True


def delete(engine: Engine, credential_id: int, *, actor: Actor | None = None) -> Deleted:
    """Delete a credential, and with it its configuration, history, seasons and snapshots.

    Teams, players and mappings stay. The mappings have no owner then, and the next credential of the same
    organization adopts them, so that no player loses their registration.

    Raises:
        UnknownCredential: no row has that id.
        SyncInProgress: a sync of it is under way; one that died is waited for no longer than its lease lasts.
    """
    with engine.begin() as connection:
        if may_exist(credential_id):  # said at once: what a sync writes keeps the row until its transaction ends
            _require_idle(connection, credential_id)
        # No lease can be taken while the row is locked so: its foreign key would have to lock it too.
        credential = locked(connection, credential_id)
        _require_idle(connection, credential_id)
        mappings = sum(_count(connection, table, credential_id) for table in MAPPINGS.values())
        gone = Deleted(credential.organization_name, _count(connection, sync_history, credential_id), mappings)
        leaves_its_own_row(connection)
        connection.execute(sql_delete(credentials).where(credentials.c.id == credential_id))
        details = {"organization": gone.organization_name, "history": gone.history, "mappings_kept": mappings}
        _record(connection, actor, "delete", credential_id, **details)
    return gone


def _require_idle(connection: Connection, credential_id: int) -> None:
    now = func.clock_timestamp()  # a lease that lies ahead of it is of before it was put back
    lives = leases.c.heartbeat_at.between(now - _LEASE_LASTS, now + _LEASE_LASTS)
    held = connection.execute(select(leases.c.history_id).where(leases.c.credential_id == credential_id, lives)).first()
    if held is not None:
        raise SyncInProgress(
            f"A sync of credential {credential_id} is under way: delete the credential when that is over (a sync "
            "that was killed counts as over after a minute)",
            history_id=held.history_id,
        )


def remember_organization(
    engine: Engine, credential_id: int, organization_id: str | None, organization_name: str | None
) -> None:
    """Keep which organization the account turned out to read; writes nothing if that is known already."""
    with engine.begin() as connection:
        note_organization(connection, credential_id, organization_id, organization_name)


def note_organization(
    connection: Connection, credential_id: int, organization_id: str | None, organization_name: str | None
) -> None:
    """`remember_organization` in the caller's transaction."""
    differs = credentials.c.twizzit_organization_id.is_distinct_from(
        organization_id
    ) | credentials.c.twizzit_organization_name.is_distinct_from(organization_name)
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


def _row(engine: Engine, credential_id: int, columns: list[Any]) -> Row[Any]:
    if may_exist(credential_id):
        with driver_errors(), engine.connect() as connection:
            row = connection.execute(select(*columns).where(credentials.c.id == credential_id)).one_or_none()
        if row is not None:
            return row
    raise unknown(credential_id)


def _count(connection: Connection, table: Table, credential_id: int) -> int:
    statement = select(func.count()).select_from(table).where(table.c.credential_id == credential_id)
    return connection.execute(statement).scalar_one()


def _record(connection: Connection, actor: Actor | None, action: str, credential_id: int, **details: object) -> None:
    who = actor or this_user()
    record(connection, who, action=action, target="credential", target_id=str(credential_id), details=details)
