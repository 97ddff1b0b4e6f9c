"""Whether every stored password can still be read, without showing one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine, select

from twizzit_pipeline.credentials.cipher import is_current, is_unbound
from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.credentials.rows import ENCRYPTED, OWNER, decrypt_row, encrypted_of, owner_of
from twizzit_pipeline.errors import DecryptionFailed, TamperedCredential
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials


@dataclass(frozen=True, slots=True)
class Vault:
    """The stored passwords, by what became of reading them; ids of credentials.

    Attributes:
        current: read with the current key, and the MAC fits.
        unbound: the same, and the MAC is one of before, which does not bind the password to its row.
        without_mac: read, and there is no MAC: ShotSpot stored them.
        previous: read with the key before the current one.
        unreadable: id → the name of the error (`DecryptionFailed`, `TamperedCredential`, `CredentialChanged`).
    """

    current: tuple[int, ...] = ()
    unbound: tuple[int, ...] = ()
    without_mac: tuple[int, ...] = ()
    previous: tuple[int, ...] = ()
    unreadable: Mapping[int, str] = field(default_factory=dict)


def inspect_vault(engine: Engine, keys: Keys) -> Vault:
    """Reads every password, active or not, and forgets it at once.

    Raises:
        SettingsError: a key is malformed.
        DatabaseUnavailable: the database cannot be reached.
    """
    with driver_errors(), engine.connect() as connection:
        rows = connection.execute(select(*OWNER, *ENCRYPTED).order_by(credentials.c.id)).all()
    found: dict[str, list[int]] = {"current": [], "unbound": [], "without_mac": [], "previous": []}
    unreadable: dict[int, str] = {}
    for row in rows:
        encrypted, owner = encrypted_of(row), owner_of(row)
        if is_current(encrypted, keys, owner):
            found["current"].append(row.id)
            continue
        try:
            decrypt_row(row, keys)
        except (DecryptionFailed, TamperedCredential) as error:
            unreadable[row.id] = type(error).__name__
            continue
        if encrypted.mac is None:
            found["without_mac"].append(row.id)
        else:
            found["unbound" if is_unbound(encrypted, keys, owner) else "previous"].append(row.id)
    return Vault(**{name: tuple(ids) for name, ids in found.items()}, unreadable=unreadable)
