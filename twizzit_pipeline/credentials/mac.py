"""The MAC of a stored password: HMAC-SHA-256 over IV and cipher text, under a key derived from the encryption key.

It is written as ``v1:<key id>:<tag>``, in lower-case hexadecimal. The key id, 8 digits derived from the key one way,
tells a row that was stored with another key (then no tag of ours can fit) from a row that was damaged.
"""

import hmac
from enum import Enum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = "v1"
_FOR_TAGS = b"twizzit-pipeline twizzit_credentials encryption_mac v1"
_FOR_KEY_ID = b"twizzit-pipeline key id v1"
_KEY_ID_BYTES = 4
_TAG_DIGITS = 64


class Verdict(Enum):
    """What a MAC says of a row and a key."""

    FITS = "fits"
    OTHER_KEY = "made with another key"
    DOES_NOT_FIT = "made with this key for another row, or no MAC at all"


def mac_of(secret: bytes, iv: bytes, cipher_text: bytes) -> str:
    """The MAC of a row under a key of 32 bytes."""
    tag = hmac.digest(_derived(secret, _FOR_TAGS, 32), iv + cipher_text, "sha256")
    return f"{_VERSION}:{key_id(secret)}:{tag.hex()}"


def key_id(secret: bytes) -> str:
    """8 digits that name a key without giving anything of it away."""
    return _derived(secret, _FOR_KEY_ID, _KEY_ID_BYTES).hex()


def judge(mac: str, secret: bytes, iv: bytes, cipher_text: bytes) -> Verdict:
    """Compare a stored MAC with what it must be under this key, in constant time."""
    right = mac_of(secret, iv, cipher_text)
    if hmac.compare_digest(mac.encode(), right.encode()):
        return Verdict.FITS
    version, _, rest = mac.partition(":")
    stored_id, _, tag = rest.partition(":")
    if version != _VERSION or len(stored_id) != 2 * _KEY_ID_BYTES or len(tag) != _TAG_DIGITS:
        return Verdict.DOES_NOT_FIT
    # One of the two alone is right when the other was damaged.
    same_id = hmac.compare_digest(stored_id.encode(), key_id(secret).encode())
    same_tag = hmac.compare_digest(tag.encode(), right.rpartition(":")[2].encode())
    return Verdict.DOES_NOT_FIT if same_id or same_tag else Verdict.OTHER_KEY


def _derived(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=purpose).derive(secret)
