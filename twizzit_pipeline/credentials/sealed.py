"""A file that cannot be read without its passphrase, nor changed unnoticed: scrypt, then AES-256-GCM.

What belongs here: bytes in a sealed envelope, and the envelope as a file. What the bytes say is in `backup.py`.
The envelope is one JSON document; everything in it but `data` is authenticated along with the data.
"""

import json
import os
import secrets
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import SecretStr

from twizzit_pipeline.errors import BackupRefused
from twizzit_pipeline.settings.os_errors import why_refused
from twizzit_pipeline.storage.places import place_of

FORMAT = "twizzit-credentials"
VERSION = 1
SHORTEST_PASSPHRASE = 12
LARGEST_FILE = 16 * 1024 * 1024

_COST = {"n": 2**17, "r": 8, "p": 1}
# What a file may ask for: enough for files of later, and never more than 1 GiB of memory for a changed one.
_DEAREST = {"n": 2**20, "r": 8, "p": 4}
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
_CHANGED = "The backup file is damaged or no backup of credentials: take another copy of it"


def seal(content: bytes, passphrase: SecretStr) -> bytes:
    """An envelope around `content`; a fresh salt and nonce each time.

    Raises:
        BackupRefused: the passphrase is too short.
    """
    if len(passphrase.get_secret_value()) < SHORTEST_PASSPHRASE:
        raise BackupRefused(f"The passphrase is too short: take {SHORTEST_PASSPHRASE} characters or more")
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "key": {"from": "scrypt", **_COST, "salt": os.urandom(_SALT_BYTES).hex()},
        "cipher": {"name": "aes-256-gcm", "nonce": os.urandom(_NONCE_BYTES).hex()},
    }
    nonce = bytes.fromhex(header["cipher"]["nonce"])
    data = AESGCM(_derived(header, passphrase)).encrypt(nonce, content, _canonical(header))
    return _written({**header, "data": data.hex()})


def unseal(envelope: bytes, passphrase: SecretStr) -> bytes:
    """What is in an envelope.

    Raises:
        BackupRefused: the passphrase is another one, a byte was changed, or a newer version wrote it.
    """
    document = _parsed(envelope)
    header = {name: value for name, value in document.items() if name != "data"}
    try:
        data = bytes.fromhex(document["data"])
        nonce = bytes.fromhex(header["cipher"]["nonce"])
        if data.hex() != document["data"]:
            raise BackupRefused(_CHANGED)
        return AESGCM(_derived(header, passphrase)).decrypt(nonce, data, _canonical(header))
    except InvalidTag:
        raise BackupRefused(
            "The passphrase is wrong, or the backup file was changed: try the passphrase again, or another copy"
        ) from None
    except (KeyError, TypeError, ValueError):
        raise BackupRefused(_CHANGED) from None


def write(path: Path, envelope: bytes, *, overwrite: bool) -> None:
    """Put an envelope into a file of its owner alone (mode 0600), whole or not at all.

    Raises:
        BackupRefused: there is a file already and `overwrite` is not said; or the folder cannot be written.
    """
    draft: Path | None = None
    try:
        place = place_of(path)
        draft = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(envelope)
            file.flush()
            os.fsync(file.fileno())
        if not overwrite:
            os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        draft.replace(place)
    except FileExistsError:
        raise BackupRefused(f"{path} exists: choose another name, or overwrite it with --force") from None
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written ({error.strerror}); choose another place") from None
    finally:
        with suppress(OSError):
            if draft is not None:
                draft.unlink(missing_ok=True)


def refuse_to_overwrite(path: Path) -> None:
    """
    Raises:
        BackupRefused: there is something of that name, or no file can have it.
    """
    try:
        there = place_of(path).exists()
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written ({error.strerror}); choose another place") from None
    if there:
        raise BackupRefused(f"{path} exists: choose another name, or overwrite it with --force")


def read(path: Path) -> bytes:
    """
    Raises:
        BackupRefused: the file cannot be read, or is far too large for one.
    """
    try:
        with path.open("rb") as file:
            envelope = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise BackupRefused(f"{path} cannot be read ({why_refused(error)})") from None
    if len(envelope) > LARGEST_FILE:
        raise BackupRefused(_CHANGED)
    return envelope


def _parsed(envelope: bytes) -> dict[str, Any]:
    try:
        document = json.loads(envelope)
    except (ValueError, RecursionError):
        raise BackupRefused(_CHANGED) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BackupRefused(_CHANGED)
    version = document.get("version")
    if isinstance(version, int) and version > VERSION:
        raise BackupRefused(
            f"The backup file is of version {version}, which is too new for this program: install a newer one"
        )
    # The same document in other bytes (a space too many) was not written by us.
    if version != VERSION or _written(document) != envelope:
        raise BackupRefused(_CHANGED)
    return document


def _derived(header: dict[str, Any], passphrase: SecretStr) -> bytes:
    parameters = header["key"]
    cost = {name: parameters[name] for name in _COST}
    if any(type(cost[name]) is not int or not 0 < cost[name] <= dearest for name, dearest in _DEAREST.items()):
        raise ValueError("scrypt's parameters")
    salt = bytes.fromhex(parameters["salt"])
    # Keyboards differ in how they write an accented letter.
    typed = unicodedata.normalize("NFC", passphrase.get_secret_value()).encode()
    return Scrypt(salt=salt, length=_KEY_BYTES, **cost).derive(typed)


def _canonical(header: dict[str, Any]) -> bytes:
    return json.dumps(header, sort_keys=True, separators=(",", ":")).encode()


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=2).encode() + b"\n"
