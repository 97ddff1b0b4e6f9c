"""A credential that asks another address from now on: what becomes of what it mapped.

The ids of another host mean nothing here, as far as is known: a server that is asked instead of the old one may be any.
So nothing is carried over unless an administrator says that both are the same Twizzit.
"""

from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.credentials.mac import Owner
from twizzit_pipeline.credentials.rows import ENCRYPTED, OWNER, decrypt_row, locked, store_password
from twizzit_pipeline.errors import EndpointRefused
from twizzit_pipeline.storage.audit import Actor, record, this_user
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import (
    MAPPINGS,
    credentials,
    opponents,
    team_mappings,
)
from twizzit_pipeline.storage.unquoted import state_of
from twizzit_pipeline.twizzit.endpoint import Endpoint, parse_endpoint

_UNIQUE_VIOLATION = "23505"


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a credential asks now.

    Attributes:
        host: with the port that is not implied.
        carried_over: mappings that count there from now on, since an administrator said so.
        left: mappings of the credential that are of another host, and are not used.
    """

    credential_id: int
    host: str
    carried_over: int
    left: int


def change_endpoint(
    engine: Engine,
    keys: Keys | SecretStr,
    credential_id: int,
    *,
    endpoint: str | None = None,
    same_organization: bool = False,
    actor: Actor | None = None,
) -> Moved:
    """Has a credential ask another address; its login, configuration and history stay.

    Args:
        endpoint: as it is stored; None: it stays, and only `same_organization` is said of it.
        same_organization: an administrator says that whatever this credential mapped is of the Twizzit at that address:
            its mappings go on there.

    Raises:
        UnknownCredential: no row has that id.
        EndpointRefused: no endpoint of a Twizzit, or what was mapped cannot be carried over.
        DecryptionFailed, TamperedCredential: the stored password cannot be read.
        NotAsShown: the key was exchanged meanwhile.
    """
    with driver_errors(), engine.begin() as connection:
        before = locked(connection, credential_id)
        now = parse_endpoint(before.api_endpoint if endpoint is None else endpoint)
        if same_organization:
            _require_dialect(connection, credential_id, now)
        if endpoint is not None and endpoint != before.api_endpoint:
            _store(connection, keys, credential_id, endpoint, actor)
        return settle(connection, credential_id, same_organization=same_organization, actor=actor)


def settle(connection: Connection, credential_id: int, *, same_organization: bool, actor: Actor | None = None) -> Moved:
    """What follows for the mappings from the address that a credential asks by now; see `change_endpoint`."""
    credential = locked(connection, credential_id)
    now = parse_endpoint(credential.api_endpoint)
    others = [one for one in _hosts(connection, credential_id) if one != now.server]
    carried = 0
    if others and same_organization:
        carried = _carry_over(connection, credential_id, now, others)
    elif others:  # which organization the other server has is to be asked of it
        forgotten = update(credentials).where(credentials.c.id == credential_id)
        connection.execute(forgotten.values(twizzit_organization_id=None, twizzit_organization_name=None))
    left = _left(connection, credential_id, now)
    if others:
        record(
            connection,
            actor or this_user(),
            action="move",
            target="credential",
            target_id=str(credential_id),
            details={
                "host": now.server,
                "hosts_before": others,
                "same_organization": same_organization,
                "mappings_carried_over": carried,
                "mappings_left": left,
            },
        )
    return Moved(credential_id, now.server, carried, left)


def _store(
    connection: Connection, keys: Keys | SecretStr, credential_id: int, endpoint: str, actor: Actor | None
) -> None:
    """The password that is stored at this moment, for another endpoint."""
    row = connection.execute(select(*OWNER, *ENCRYPTED).where(credentials.c.id == credential_id)).one()
    password, moment = decrypt_row(row, keys), func.timezone("utc", func.now())
    owner = Owner(credential_id, row.api_username, endpoint)
    store_password(connection, keys, owner, password, api_endpoint=endpoint, updated_at=moment)
    record(
        connection,
        actor or this_user(),
        action="change_login",
        target="credential",
        target_id=str(credential_id),
        details={"fields": ["password", "api_endpoint"]},
    )


def _hosts(connection: Connection, credential_id: int) -> list[str]:
    """The hosts of which the credential has mappings."""
    found: set[str] = set()
    for table in MAPPINGS.values():
        ours = (
            select(table.c.twizzit_host)
            .distinct()
            .where(table.c.credential_id == credential_id, table.c.twizzit_host.is_not(None))
        )
        found.update(connection.scalars(ours))
    return sorted(found)


def _require_dialect(connection: Connection, credential_id: int, now: Endpoint) -> None:
    for table in MAPPINGS.values():
        dialects = (
            select(table.c.twizzit_dialect)
            .distinct()
            .where(table.c.credential_id == credential_id, table.c.twizzit_dialect.is_not(None))
        )
        others = set(connection.scalars(dialects)) - {now.dialect}
        if others:
            raise EndpointRefused(
                f"What credential {credential_id} mapped has ids of {others.pop()}, and {now.server} speaks "
                f"{now.dialect}, which numbers teams and people differently: it cannot be carried over"
            )


def _carry_over(connection: Connection, credential_id: int, now: Endpoint, others: list[str]) -> int:
    """Gives the credential's mappings, and those of its organization that belong to none, the new host."""
    organizations = select(team_mappings.c.twizzit_organization_id).where(
        team_mappings.c.credential_id == credential_id, team_mappings.c.twizzit_organization_id.is_not(None)
    )
    moved = 0
    try:
        with connection.begin_nested():
            known = sorted(set(connection.scalars(organizations)))
            for table in (*MAPPINGS.values(), opponents):
                orphans = and_(table.c.credential_id.is_(None), among(table.c.twizzit_organization_id, known))
                rows = update(table).where(
                    among(table.c.twizzit_host, others),
                    table.c.twizzit_dialect == now.dialect,
                    or_(table.c.credential_id == credential_id, orphans),
                )
                done = connection.execute(rows.values(twizzit_host=now.server)).rowcount
                moved += 0 if table is opponents else done
    except IntegrityError as error:
        if state_of(error) != _UNIQUE_VIOLATION:
            raise
        raise EndpointRefused(
            f"Another credential has mappings of the same ids on {now.server}: delete or switch off the one that is "
            "not needed, and what credential "
            f"{credential_id} mapped stays where it is"
        ) from None
    return moved


def _left(connection: Connection, credential_id: int, now: Endpoint) -> int:
    counted = 0
    for table in MAPPINGS.values():
        elsewhere = select(func.count()).where(
            table.c.credential_id == credential_id,
            table.c.twizzit_host.is_distinct_from(now.server),
            table.c.twizzit_dialect.is_not(None),
        )
        counted += connection.scalar(elsewhere) or 0
    return counted
