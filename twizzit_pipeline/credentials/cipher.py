"""Passwords in and out of the columns: AES-256-CBC as Node's `aes-256-cbc` does it, and a MAC that ShotSpot ignores.

What belongs here: bytes to bytes. Where the keys come from is `key.py`, where rows go is `store.py`. The format is in
shotspot-schema.md: key of 64 hexadecimal characters (of another text its SHA-256), a fresh random IV of 16 bytes for
each password, PKCS#7, UTF-8, cipher text and IV as lower-case hexadecimal.
"""

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import SecretStr

from twizzit_pipeline.credentials.key import Keys, check_key, keys_of
from twizzit_pipeline.credentials.mac import MacCheck, Owner, judge, mac_of
from twizzit_pipeline.errors import CredentialChanged, DecryptionFailed, TamperedCredential

if TYPE_CHECKING:  # most commands open no password
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC
    from cryptography.hazmat.primitives.padding import PKCS7

_BLOCK = 16
_READABLE = (MacCheck.FITS, MacCheck.FITS_OF_BEFORE)
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_REMEDIES = (
    "check that TWIZZIT_ENCRYPTION_KEY is set and right to the letter (64 hexadecimal characters, or any other text "
    "ShotSpot has), and that it is still the key that this password was stored with (else set that one as "
    "TWIZZIT_ENCRYPTION_KEY_PREVIOUS); if that key "
    "is lost, store the password again (twizzit credentials change-password)"
)
_RESTORE = (
    "bring it back from a backup (twizzit credentials import), or store it again (twizzit credentials change-password)"
)


@dataclass(frozen=True, slots=True)
class Encrypted:
    """What the columns hold: `encrypted_password` and `encryption_iv` in lower-case hexadecimal, `encryption_mac`.

    `mac` is None for a row of ShotSpot's, and in one that it rewrote.
    """

    cipher_text_hex: str
    iv_hex: str
    mac: str | None = None


def encrypt(password: SecretStr, key: Keys | SecretStr, owner: Owner | None = None) -> Encrypted:
    """Encrypt a password under the current key and a fresh random IV.

    Args:
        owner: whom the MAC binds the password to; without, there is no MAC yet (`with_mac`).

    Raises:
        SettingsError: the key is malformed.
    """
    secret = check_key(keys_of(key).current)
    iv = os.urandom(_BLOCK)
    encryptor = _aes(secret, iv).encryptor()
    padder = _padding().padder()
    padded = padder.update(password.get_secret_value().encode()) + padder.finalize()
    cipher_text = encryptor.update(padded) + encryptor.finalize()
    encrypted = Encrypted(cipher_text.hex(), iv.hex())
    return encrypted if owner is None else with_mac(encrypted, key, owner)


def with_mac(encrypted: Encrypted, key: Keys | SecretStr, owner: Owner) -> Encrypted:
    """What was just encrypted under the current key, with the MAC that binds it to its owner."""
    iv, cipher_text = bytes.fromhex(encrypted.iv_hex), bytes.fromhex(encrypted.cipher_text_hex)
    return replace(encrypted, mac=mac_of(check_key(keys_of(key).current), iv, cipher_text, owner))


def decrypt(encrypted: Encrypted, key: Keys | SecretStr, owner: Owner, *, accept: bool = False) -> SecretStr:
    """The password behind a row's columns, with the current key or else the previous one.

    A MAC, where there is one, is checked before anything is decrypted, and says which key the row was stored with.
    Without one not every damage is noticed: a wrong key passes for a right one about once in 256 times, and then mostly
    fails as UTF-8.

    Args:
        owner: what the row says today that the password is for.
        accept: take a whole password whose row is another than it was stored for; an administrator has looked at that.

    Raises:
        SettingsError: a key is malformed.
        CredentialChanged: the password is whole, and was stored for another id, user name or endpoint.
        TamperedCredential: cipher text, IV or MAC are no longer what was stored.
        DecryptionFailed: the row was stored with another key; or it has no MAC, and is malformed or damaged.
    """
    secrets = [check_key(one) for one in keys_of(key)]
    if encrypted.mac is not None:
        secrets = [_fitting(encrypted, secrets, owner, accept=accept)]
    cipher_text = _from_hex(encrypted.cipher_text_hex, "cipher text")
    iv = _from_hex(encrypted.iv_hex, "initialization vector")
    if len(iv) != _BLOCK:
        raise _damaged("initialization vector")
    if len(cipher_text) % _BLOCK:
        raise _damaged("cipher text")
    for secret in secrets:
        password = _try(secret, iv, cipher_text)
        if password is not None:
            return password
    raise DecryptionFailed(f"Password decryption failed: {_REMEDIES}")


def is_current(encrypted: Encrypted, key: Keys | SecretStr, owner: Owner) -> bool:
    """Whether a row has a MAC of today that fits, made with the current key: nothing is left to do for it."""
    return _check(encrypted, check_key(keys_of(key).current), owner) is MacCheck.FITS


def is_unbound(encrypted: Encrypted, key: Keys | SecretStr, owner: Owner) -> bool:
    """Whether a row has a MAC of before, made with the current key, which says nothing of whom the password is for."""
    return _check(encrypted, check_key(keys_of(key).current), owner) is MacCheck.FITS_OF_BEFORE


def is_respelled(encrypted: Encrypted) -> bool:
    """Whether a row without a MAC has capitals in its hexadecimal, which neither program writes.

    To the trigger it is another text, so another password; so nothing says any more what the row was stored for.
    """
    return encrypted.mac is None and any(text != text.lower() for text in (encrypted.cipher_text_hex, encrypted.iv_hex))


def _check(encrypted: Encrypted, secret: bytes, owner: Owner) -> MacCheck:
    if encrypted.mac is None or not (_HEX.fullmatch(encrypted.cipher_text_hex) and _HEX.fullmatch(encrypted.iv_hex)):
        return MacCheck.DOES_NOT_FIT
    iv, cipher_text = bytes.fromhex(encrypted.iv_hex), bytes.fromhex(encrypted.cipher_text_hex)
    if len(iv) != _BLOCK:  # a MAC of before is over both in a row: a byte that moved from one to the other would fit
        return MacCheck.DOES_NOT_FIT
    return judge(encrypted.mac, secret, iv, cipher_text, owner)


def _fitting(encrypted: Encrypted, secrets: list[bytes], owner: Owner, *, accept: bool) -> bytes:
    """The key that a MAC was made with, if it fits."""
    checks = {secret: _check(encrypted, secret, owner) for secret in secrets}
    for secret, check in checks.items():
        if check in _READABLE or (accept and check is MacCheck.OTHER_ROW):
            return secret
    if MacCheck.OTHER_ROW in checks.values():
        raise changed_elsewhere(owner.credential_id)
    if set(checks.values()) == {MacCheck.OTHER_KEY}:
        raise DecryptionFailed(f"Password decryption failed: {_REMEDIES}")
    raise _tampered()


def _try(secret: bytes, iv: bytes, cipher_text: bytes) -> SecretStr | None:
    decryptor = _aes(secret, iv).decryptor()
    padded = decryptor.update(cipher_text) + decryptor.finalize()
    unpadder = _padding().unpadder()
    try:
        return SecretStr((unpadder.update(padded) + unpadder.finalize()).decode())
    except ValueError:  # padding, or UTF-8: the exception would quote bytes of the password
        return None


def _aes(secret: bytes, iv: bytes) -> "Cipher[CBC]":
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    return Cipher(algorithms.AES(secret), modes.CBC(iv))


def _padding() -> "PKCS7":
    from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415

    return PKCS7(_BLOCK * 8)


def _from_hex(text: str, what: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise _damaged(what)
    return bytes.fromhex(text)


def _damaged(what: str) -> DecryptionFailed:
    return DecryptionFailed(
        f"Password decryption failed: the stored {what} is damaged; "
        "store the password again (twizzit credentials change-password)"
    )


def _tampered() -> TamperedCredential:
    return TamperedCredential(
        f"The stored password does not fit its MAC: the row was damaged, or changed past this program; {_RESTORE}"
    )


def changed_elsewhere(credential_id: int) -> CredentialChanged:
    """What to raise where a password stands in a row that it was not stored for."""
    return CredentialChanged(
        f"The password of credential {credential_id} was stored for another row, user name or endpoint: the credential "
        "was changed past this program, and the password is not sent anywhere. See what it says now and accept that "
        f"(twizzit credentials accept {credential_id}), or store the password again (twizzit credentials "
        f"change-password {credential_id})"
    )
