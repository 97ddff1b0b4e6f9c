"""Who is notified about one credential alone: e-mail addresses in its configuration, besides those of the settings.

What belongs here: reading and changing them, and what an address may be. What they are sent is in `notifications`.
"""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials, sync_config

FIELD = "notify_to"
MOST = 20
# One mailbox, without a display name; what a mail server makes of it is its own affair. No separators, no line breaks:
# the addresses stand in one header.
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def read(engine: Engine, credential_id: int) -> tuple[str, ...]:
    """The addresses of a credential; none where it has none, or is none.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    wanted = select(sync_config.c.notify_to).where(sync_config.c.credential_id == credential_id)
    with driver_errors(), engine.connect() as connection:
        return _kept(connection.scalar(wanted))


def of_all(connection: Connection) -> Mapping[int, tuple[str, ...]]:
    """Credential id → its addresses; those without any, and those that are switched off, are left out."""
    table = sync_config.c
    wanted = (
        select(table.credential_id, table.notify_to)
        .join(credentials, credentials.c.id == table.credential_id)
        .where(table.notify_to.is_not(None), credentials.c.is_active.is_not(False))
    )
    found = {row.credential_id: _kept(row.notify_to) for row in connection.execute(wanted)}
    return {credential_id: addresses for credential_id, addresses in found.items() if addresses}


def change(engine: Engine, credential_id: int, addresses: Sequence[str], *, actor: Actor) -> tuple[str, ...]:
    """Sets the addresses of a credential, and leaves a row in the audit log where that made a difference.

    The log says how many there were and are: an address is a person's.

    Raises:
        UnknownCredential: no credential has that id.
        ConfigurationRefused: one of them is no address, or there are more than 20.
    """
    wanted = checked(addresses)
    with driver_errors():
        store.get(engine, credential_id)
        with engine.begin() as connection:
            store.keep(connection, credential_id)
            made = insert(sync_config).values(credential_id=credential_id)
            connection.execute(made.on_conflict_do_nothing(index_elements=["credential_id"]))
            of_row = sync_config.c.credential_id == credential_id
            before = _kept(connection.scalar(select(sync_config.c.notify_to).where(of_row).with_for_update()))
            if before == wanted:
                return wanted
            values = {FIELD: list(wanted), "updated_at": func.timezone("utc", func.now())}
            connection.execute(update(sync_config).where(of_row).values(**values))
            audit.record(
                connection,
                actor,
                action="change",
                target="config",
                target_id=str(credential_id),
                details={"from": {FIELD: len(before)}, "to": {FIELD: len(wanted)}},
            )
    return wanted


def checked(addresses: Sequence[str]) -> tuple[str, ...]:
    """The addresses as they are stored, each once, in their order.

    Raises:
        ConfigurationRefused: one of them is no address, or there are more than 20.
    """
    found = tuple(dict.fromkeys(one.strip() for one in addresses if one.strip()))
    wrong = [str(place) for place, one in enumerate(found, start=1) if not _ADDRESS.fullmatch(one)]
    if wrong:
        said = f"{FIELD}: number {', '.join(wrong)} of the list is no e-mail address"
        raise ConfigurationRefused(said, field=FIELD)
    if len(found) > MOST:
        raise ConfigurationRefused(f"{FIELD} has room for {MOST} addresses", field=FIELD)
    return found


def _kept(value: object) -> tuple[str, ...]:
    """The addresses of the column; other values in it are left out, for they may come from outside this program."""
    if not isinstance(value, list):
        return ()
    return tuple(one for one in value if isinstance(one, str) and _ADDRESS.fullmatch(one))
