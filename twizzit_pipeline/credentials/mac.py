"""The MACs of a stored password: HMAC-SHA-256 under keys derived from the encryption key.

A MAC of today is ``v2:<key id>:<password tag>:<row tag>``, in lower-case hexadecimal:

- the key id, 8 digits derived from the key one way, sets a row of another key apart from a damaged one;
- the password tag is over initialization vector and cipher text;
- the row tag is over these two, the id of the credential, its user name and its endpoint. So a password is bound to the
  login and the server that it was stored for. Where it alone does not fit, the password is whole and the row is not.

What a tag is over is a list of byte strings, each after its length in 8 bytes, so that two lists are never one text.
Rows of before have ``v1:<key id>:<tag>``, a tag over vector and cipher text alone; they are read, and never made.
"""

import hmac
from dataclasses import dataclass
from enum import Enum

_FOR_KEY_ID = b"twizzit-pipeline key id v1"
_FOR_V1 = b"twizzit-pipeline twizzit_credentials encryption_mac v1"
_FOR_PASSWORD = b"twizzit-pipeline twizzit_credentials encryption_mac v2 password"
_FOR_ROW = b"twizzit-pipeline twizzit_credentials encryption_mac v2 row"
_KEY_ID_BYTES = 4
_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Owner:
    """What a password was stored for: the row, and the login and the server that it opens."""

    credential_id: int
    api_username: str
    api_endpoint: str


class MacCheck(Enum):
    """What a MAC says of a row and a key."""

    FITS = "fits"
    FITS_OF_BEFORE = "a MAC of before: it fits the password, and says nothing of the row"
    OTHER_ROW = "it fits the password, which was stored for another id, user name or endpoint"
    OTHER_KEY = "made with another key"
    DOES_NOT_FIT = "made with this key for another password, or no MAC at all"


def mac_of(secret: bytes, iv: bytes, cipher_text: bytes, owner: Owner) -> str:
    """The MAC of a row under a key of 32 bytes."""
    return ":".join(("v2", key_id(secret), *_tags(secret, iv, cipher_text, owner)))


def key_id(secret: bytes) -> str:
    """8 digits that name a key without giving anything of it away."""
    return _derived(secret, _FOR_KEY_ID, _KEY_ID_BYTES).hex()


def judge(mac: str, secret: bytes, iv: bytes, cipher_text: bytes, owner: Owner) -> MacCheck:
    """Compare a stored MAC with what it must be under this key, in constant time."""
    version, *stored = mac.split(":")
    if version == "v2":
        right = [key_id(secret), *_tags(secret, iv, cipher_text, owner)]
    elif version == "v1":
        right = [key_id(secret), hmac.digest(_derived(secret, _FOR_V1, 32), iv + cipher_text, "sha256").hex()]
    else:
        return MacCheck.DOES_NOT_FIT
    if [len(one) for one in stored] != [len(one) for one in right]:
        return MacCheck.DOES_NOT_FIT
    same = [hmac.compare_digest(one.encode(), other.encode()) for one, other in zip(stored, right, strict=True)]
    if all(same):
        return MacCheck.FITS if version == "v2" else MacCheck.FITS_OF_BEFORE
    if same == [True, True, False]:
        return MacCheck.OTHER_ROW
    # One part alone is right when the others were damaged.
    return MacCheck.DOES_NOT_FIT if any(same) else MacCheck.OTHER_KEY


def encoded(parts: list[bytes]) -> bytes:
    """One text for a list of byte strings, and no other list has the same."""
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)


def _tags(secret: bytes, iv: bytes, cipher_text: bytes, owner: Owner) -> tuple[str, str]:
    password = [iv, cipher_text]
    row = [*password, str(owner.credential_id).encode(), owner.api_username.encode(), owner.api_endpoint.encode()]
    return (
        hmac.digest(_derived(secret, _FOR_PASSWORD, 32), encoded(password), "sha256").hex(),
        hmac.digest(_derived(secret, _FOR_ROW, 32), encoded(row), "sha256").hex(),
    )


def _derived(secret: bytes, purpose: bytes, length: int) -> bytes:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415  (most commands open no password)
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=purpose).derive(secret)
