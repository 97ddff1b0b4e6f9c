"""Every password under a new key, in one transaction.

What belongs here: the rotation from its check to its end. Passwords are read with both keys at any moment of it, so a
process that is killed loses none; calling it once more finishes what was begun.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, Row, select

from twizzit_pipeline.credentials import key_file
from twizzit_pipeline.credentials.cipher import is_current
from twizzit_pipeline.credentials.key import (
    KEY,
    PREVIOUS_KEY,
    Keys,
    check_key,
    encryption_keys,
    in_file,
    key_file_errors,
)
from twizzit_pipeline.credentials.mac import Owner, key_id
from twizzit_pipeline.credentials.rows import (
    ENCRYPTED,
    OWNER,
    decrypt_row,
    encrypted_of,
    keep_writers_out,
    owner_of,
    store_password,
)
from twizzit_pipeline.errors import DecryptionFailed, SettingsError, TamperedCredential
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.audit import Actor, record, this_user
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did.

    Attributes:
        reencrypted: ids of the credentials whose password is under the new key since now, in order.
        already: how many were before.
        key_id: 8 digits that name the new key and give nothing of it away.
        in_file: the key is the embedded mode's own: nothing has to change anywhere else.
        resumed: another rotation had not come to its end, and this one finished it.
    """

    reencrypted: tuple[int, ...]
    already: int
    key_id: str
    in_file: bool
    resumed: bool = False


def rotate(engine: Engine, settings: Settings, *, actor: Actor | None = None) -> Rotation:
    """Encrypt every password anew under the current key, and give each row its MAC; all of them or none.

    The new key is that of `TWIZZIT_ENCRYPTION_KEY` and the old one that of `TWIZZIT_ENCRYPTION_KEY_PREVIOUS`. Where the
    embedded mode keeps its key by itself, a new one is made, and the old one kept until no password is stored with it.
    No other program writes the table meanwhile, not even ShotSpot; reading goes on.

    Raises:
        SettingsError: it is not clear from the keys which is the new one, or one is malformed.
        DecryptionFailed, TamperedCredential: some passwords cannot be read; nothing was changed.
    """
    if in_file(settings) and settings.encryption_key_previous is None:
        return _exchange(engine, settings, actor)
    keys = encryption_keys(settings)
    if keys.previous is None:
        raise SettingsError(
            f"{PREVIOUS_KEY} is not set: set it to the key in use, and {KEY} to the new one (openssl rand -hex 32)"
        )
    if check_key(keys.previous) == check_key(keys.current):
        raise SettingsError(f"{KEY} and {PREVIOUS_KEY} are the same key: set the first to a new one")
    with driver_errors(), engine.begin() as connection:
        keep_writers_out(connection)
        reencrypted, already = _reencrypt(connection, keys, actor)
    return Rotation(reencrypted, already, _id_of(keys.current), in_file=in_file(settings))


def _exchange(engine: Engine, settings: Settings, actor: Actor | None) -> Rotation:
    with driver_errors(), engine.begin() as connection:
        keep_writers_out(connection)  # other rotations too: the files are exchanged by one at a time
        _read_all(connection, encryption_keys(settings))
        with key_file_errors(settings.home):
            resumed = not key_file.exchange(settings.home)
        keys = encryption_keys(settings)
        reencrypted, already = _reencrypt(connection, keys, actor)
    with driver_errors(), engine.begin() as connection:
        keep_writers_out(connection)
        now = encryption_keys(settings)  # others may have rotated since: what was the new key may be the previous one
        stored = connection.execute(select(*OWNER, *ENCRYPTED))
        if all(_done(row, now) for row in stored):
            with key_file_errors(settings.home):
                key_file.forget_previous(settings.home)
    return Rotation(reencrypted, already, _id_of(keys.current), in_file=True, resumed=resumed)


def _reencrypt(connection: Connection, keys: Keys, actor: Actor | None) -> tuple[tuple[int, ...], int]:
    """Writes what is not under the current key yet; the ids written, and how many needed nothing."""
    stale, already = _read_all(connection, keys)
    for owner, password in stale.items():
        store_password(connection, keys, owner, password)
    written = tuple(owner.credential_id for owner in stale)
    record(
        connection,
        actor or this_user(),
        action="rotate_key",
        target="vault",
        target_id=None,
        details={"credentials": list(written), "already": already, "key_id": _id_of(keys.current)},
    )
    return written, already


def _read_all(connection: Connection, keys: Keys) -> tuple[dict[Owner, SecretStr], int]:
    """The passwords that are not under the current key yet, or not bound to their rows, in order; how many are."""
    stale: dict[Owner, SecretStr] = {}
    already = 0
    unreadable: dict[int, DecryptionFailed | TamperedCredential] = {}
    for row in connection.execute(select(*OWNER, *ENCRYPTED).order_by(credentials.c.id)):
        if _done(row, keys):
            already += 1
            continue
        try:
            stale[owner_of(row)] = decrypt_row(row, keys)
        except (DecryptionFailed, TamperedCredential) as error:
            unreadable[row.id] = error
    if unreadable:
        first = next(iter(unreadable.values()))
        ids = ", ".join(map(str, unreadable))
        raise type(first)(f"No key was rotated, since these credentials cannot be read: {ids}. {first}")
    return stale, already


def _done(row: Row[Any], keys: Keys) -> bool:
    return is_current(encrypted_of(row), keys, owner_of(row))


def _id_of(key: SecretStr) -> str:
    return key_id(check_key(key))
