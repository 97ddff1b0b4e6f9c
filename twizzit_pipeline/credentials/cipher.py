"""Passwords in and out of ShotSpot's two columns: AES-256-CBC as Node's `aes-256-cbc` does it.

What belongs here: bytes to bytes. Where the key comes from is `key.py`, where rows go is `store.py`. The format is in
shotspot-schema.md: key of 64 hexadecimal characters, a fresh random IV of 16 bytes for each password, PKCS#7, UTF-8,
cipher text and IV as lower-case hexadecimal.
"""

import os
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pydantic import SecretStr

from twizzit_pipeline.errors import DecryptionFailed, SettingsError

_BLOCK = 16
_KEY = re.compile(r"[0-9a-fA-F]{64}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_REMEDIES = (
    "check that TWIZZIT_ENCRYPTION_KEY is set, is 64 hexadecimal characters and is still the key that this password "
    "was stored with; if that key is lost, store the credential again"
)


@dataclass(frozen=True, slots=True)
class Encrypted:
    """What the columns `encrypted_password` and `encryption_iv` hold, lower-case hexadecimal both."""

    cipher_text_hex: str
    iv_hex: str


def check_key(key: SecretStr, *, source: str = "TWIZZIT_ENCRYPTION_KEY") -> bytes:
    """The 32 bytes of a key, or what is wrong with it.

    Raises:
        SettingsError: not 64 hexadecimal characters; names `source`, never the value.
    """
    text = key.get_secret_value()
    if not _KEY.fullmatch(text):
        fault = f"it has {len(text)}" if len(text) != 64 else "some of its characters are no hexadecimal digits"
        raise SettingsError(
            f"{source} must be 64 hexadecimal characters, and {fault}; use ShotSpot's key, or make one: "
            "openssl rand -hex 32"
        )
    return bytes.fromhex(text)


def encrypt(password: SecretStr, key: SecretStr) -> Encrypted:
    """Encrypt a password under a fresh random IV.

    Raises:
        SettingsError: the key is malformed.
    """
    iv = os.urandom(_BLOCK)
    encryptor = Cipher(algorithms.AES(check_key(key)), modes.CBC(iv)).encryptor()
    padder = padding.PKCS7(_BLOCK * 8).padder()
    padded = padder.update(password.get_secret_value().encode()) + padder.finalize()
    return Encrypted((encryptor.update(padded) + encryptor.finalize()).hex(), iv.hex())


def decrypt(encrypted: Encrypted, key: SecretStr) -> SecretStr:
    """The password behind a row's two columns.

    CBC alone does not notice every damage: a wrong key passes for a right one about once in 256 times, and then mostly
    fails as UTF-8.

    Raises:
        SettingsError: the key is malformed.
        DecryptionFailed: the columns are malformed or damaged, or the key is another one.
    """
    key_bytes = check_key(key)
    cipher_text = _from_hex(encrypted.cipher_text_hex, "cipher text")
    iv = _from_hex(encrypted.iv_hex, "initialization vector")
    if len(iv) != _BLOCK:
        raise _damaged("initialization vector")
    if len(cipher_text) % _BLOCK:
        raise _damaged("cipher text")
    decryptor = Cipher(algorithms.AES(key_bytes), modes.CBC(iv)).decryptor()
    padded = decryptor.update(cipher_text) + decryptor.finalize()
    unpadder = padding.PKCS7(_BLOCK * 8).unpadder()
    try:
        return SecretStr((unpadder.update(padded) + unpadder.finalize()).decode())
    except ValueError:  # padding, or UTF-8: the exception would quote bytes of the password
        raise DecryptionFailed(f"Password decryption failed: {_REMEDIES}") from None


def _from_hex(text: str, what: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise _damaged(what)
    return bytes.fromhex(text)


def _damaged(what: str) -> DecryptionFailed:
    return DecryptionFailed(f"Password decryption failed: the stored {what} is damaged; store the credential again")
