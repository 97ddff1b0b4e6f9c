"""Which encryption keys count: the environment's, or the one kept beside the embedded database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from pydantic import SecretStr

from twizzit_pipeline.credentials import key_file
from twizzit_pipeline.credentials.key_file import KEY_FILE, PREVIOUS_FILE
from twizzit_pipeline.errors import NotAsShown, SettingsError
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.places import what_to_do

KEY = "TWIZZIT_ENCRYPTION_KEY"
PREVIOUS_KEY = "TWIZZIT_ENCRYPTION_KEY_PREVIOUS"
_KEY = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Keys:
    """The key that passwords are stored with, and the one before it while some still are; iterates in that order.

    `home`: of the file that the first one is kept in; None where it is not kept by us.
    """

    current: SecretStr
    previous: SecretStr | None = None
    home: Path | None = field(default=None, compare=False)

    def __iter__(self) -> Iterator[SecretStr]:
        yield self.current
        if self.previous is not None:
            yield self.previous


def keys_of(key: Keys | SecretStr) -> Keys:
    """Keys as they are; a single key as the current one."""
    return key if isinstance(key, Keys) else Keys(key)


def require_kept(key: Keys | SecretStr) -> None:
    """Asked by a transaction that has written a password with this key: from then on no rotation takes place.

    Raises:
        NotAsShown: the key was exchanged since it was read. The old one may be gone, and the password would be lost.
        SettingsError: its file cannot be read.
    """
    keys = keys_of(key)
    if keys.home is None:
        return
    with key_file_errors(keys.home):
        exchanged = key_file.current(keys.home) != keys.current
    if exchanged:
        raise NotAsShown("The encryption key was exchanged meanwhile, and nothing was stored: do this once more")


def exchanged_since(key: Keys | SecretStr) -> Keys | None:
    """The kept keys as they are now, where a rotation exchanged them since these were read; None where none did.

    Raises:
        SettingsError: a file of theirs cannot be read.
    """
    keys = keys_of(key)
    if keys.home is None:
        return None
    with key_file_errors(keys.home):
        current = key_file.current(keys.home)
        previous = key_file.previous(keys.home)
    return None if current is None or current == keys.current else Keys(current, previous, keys.home)


def is_hexadecimal(key: SecretStr) -> bool:
    """Whether a key is 64 hexadecimal digits, which are its bytes; any other text stands for its SHA-256."""
    return _KEY.fullmatch(key.get_secret_value()) is not None


def check_key(key: SecretStr, *, source: str = KEY) -> bytes:
    """The 32 bytes of a key as ShotSpot takes it: 64 hexadecimal digits are the bytes, any other text stands for its
    SHA-256.

    Raises:
        SettingsError: there is nothing in it, or it is no text; names `source`, never the value.
    """
    text = key.get_secret_value()
    if is_hexadecimal(key):
        return bytes.fromhex(text)
    if not text.strip():
        raise SettingsError(f"{source} is empty; use ShotSpot's key, or make one: openssl rand -hex 32")
    try:
        return sha256(text.encode()).digest()
    except UnicodeEncodeError:
        raise SettingsError(f"{source} is no text in UTF-8; use ShotSpot's key, as its .env file has it") from None


def _check_kept(key: SecretStr, *, path: Path) -> None:
    """A key that we made is 64 hexadecimal digits: another text in its file is a file that was damaged.

    Raises:
        SettingsError: it is another text.
    """
    if not is_hexadecimal(key):
        raise SettingsError(
            f"The encryption key {path} is damaged: it must be 64 hexadecimal characters; put it back from a backup"
        )


def in_file(settings: Settings) -> bool:
    """Whether the key is kept beside the embedded database: no other program needs it."""
    return settings.encryption_key is None and settings.embedded


def encryption_keys(settings: Settings) -> Keys:
    """The keys of `TWIZZIT_ENCRYPTION_KEY` and `TWIZZIT_ENCRYPTION_KEY_PREVIOUS`.

    Without the first, and with the embedded database alone, the key is the one kept in its home, made where it is
    missing; the previous one is that of an exchange that is not finished, or else the environment's. A key is never
    made for a server of your own: ShotSpot has one for the rows there, and a second would lock it out.

    Raises:
        SettingsError: no key, an empty one, or a damaged file of ours.
    """
    if in_file(settings):
        return _kept(settings)
    if settings.encryption_key is None:
        raise SettingsError(
            f"{KEY} is not set, and passwords cannot be read or stored without it; use ShotSpot's key, or where there "
            "is none yet make one and keep it: openssl rand -hex 32"
        )
    check_key(settings.encryption_key)
    if settings.encryption_key_previous is not None:
        check_key(settings.encryption_key_previous, source=PREVIOUS_KEY)
    return Keys(settings.encryption_key, settings.encryption_key_previous)


@contextmanager
def key_file_errors(home: Path) -> Iterator[None]:
    """Turns errors of the files of `key_file` into one of ours.

    Raises:
        SettingsError: a file of the key cannot be read or made.
    """
    try:
        yield
    except OSError as error:
        todo = what_to_do(error, otherwise=f"check who owns that folder, or set {KEY}")
        raise SettingsError(
            f"The encryption key {home / KEY_FILE} cannot be read or made ({error.strerror}); {todo}"
        ) from None


def _kept(settings: Settings) -> Keys:
    home = settings.home
    with key_file_errors(home):
        current = key_file.read_or_make(home)
        previous = key_file.previous(home)
    _check_kept(current, path=home / KEY_FILE)
    if previous is not None:
        _check_kept(previous, path=home / PREVIOUS_FILE)
    elif settings.encryption_key_previous is not None:
        previous = settings.encryption_key_previous
        check_key(previous, source=PREVIOUS_KEY)
    return Keys(current, previous, home)
