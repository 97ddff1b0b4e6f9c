"""The MAC of a stored password: what fits, which key it was made with, and every damage that it notices."""

import hashlib
import hmac

import pytest
from pydantic import SecretStr

from twizzit_pipeline.credentials.cipher import Encrypted, decrypt, encrypt, is_current
from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.errors import DecryptionFailed, TamperedCredential

OLD, NEW, OTHER = (SecretStr(digits * 32) for digits in ("ab", "cd", "ef"))
PASSWORD = SecretStr("wachtwoord-é")


def hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256 and no salt, for at most 32 bytes, in two lines of its own."""
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")[:length]


def changed(text: str, place: int) -> str:
    """The text with another hexadecimal digit at one place."""
    return text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]


def test_the_mac_is_hmac_sha_256_over_iv_and_cipher_text() -> None:
    encrypted = encrypt(PASSWORD, OLD)
    secret = bytes.fromhex(OLD.get_secret_value())
    derived = hkdf(secret, b"twizzit-pipeline twizzit_credentials encryption_mac v1", 32)
    stored = bytes.fromhex(encrypted.iv_hex + encrypted.cipher_text_hex)
    tag = hmac.new(derived, stored, hashlib.sha256).hexdigest()
    key_id = hkdf(secret, b"twizzit-pipeline key id v1", 4).hex()
    assert encrypted.mac == f"v1:{key_id}:{tag}"


def test_every_changed_digit_is_noticed() -> None:
    whole = encrypt(PASSWORD, OLD)
    assert whole.mac is not None
    damaged = [Encrypted(changed(whole.cipher_text_hex, at), whole.iv_hex, whole.mac) for at in range(32)]
    damaged += [Encrypted(whole.cipher_text_hex, changed(whole.iv_hex, at), whole.mac) for at in range(32)]
    damaged += [
        Encrypted(whole.cipher_text_hex, whole.iv_hex, changed(whole.mac, at))
        for at in range(len(whole.mac))
        if whole.mac[at] != ":"
    ]
    assert len(damaged) == 32 + 32 + 2 + 8 + 64
    for one in damaged:
        with pytest.raises(TamperedCredential, match=r"does not fit its MAC.*twizzit credentials import") as caught:
            decrypt(one, OLD)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mac", ["", "v1", "v1::", "nonsense", "ab" * 32, "é", "v2:00000000:" + "0" * 64])
def test_what_is_no_mac_does_not_fit(mac: str) -> None:
    whole = encrypt(PASSWORD, OLD)
    with pytest.raises(TamperedCredential):
        decrypt(Encrypted(whole.cipher_text_hex, whole.iv_hex, mac), OLD)


@pytest.mark.parametrize("columns", [("zz", "00" * 16), ("00" * 16, "zz"), ("", ""), ("00" * 15, "00" * 17)])
def test_columns_that_are_no_cipher_text_do_not_fit_either(columns: tuple[str, str]) -> None:
    with pytest.raises(TamperedCredential):
        decrypt(Encrypted(*columns, encrypt(PASSWORD, OLD).mac), OLD)


def test_a_byte_that_moved_from_one_column_to_the_other_is_noticed() -> None:
    whole = encrypt(PASSWORD, OLD)
    moved = Encrypted(whole.iv_hex[-2:] + whole.cipher_text_hex, whole.iv_hex[:-2], whole.mac)
    with pytest.raises(TamperedCredential):
        decrypt(moved, OLD)


def test_another_key_is_told_from_a_damaged_row() -> None:
    encrypted = encrypt(PASSWORD, OLD)
    for keys in (OTHER, Keys(OTHER), Keys(NEW, OTHER)):
        with pytest.raises(DecryptionFailed, match=r"^Password decryption failed: ") as caught:
            decrypt(encrypted, keys)
        for remedy in ("is set", "64 hexadecimal", "still the key", "store the password again"):
            assert remedy in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("with_mac", [True, False])
@pytest.mark.parametrize("keys", [OLD, Keys(OLD), Keys(OLD, NEW), Keys(NEW, OLD)])
def test_the_current_key_reads_and_else_the_previous_one(keys: Keys | SecretStr, with_mac: bool) -> None:
    encrypted = encrypt(PASSWORD, OLD)
    if not with_mac:
        encrypted = Encrypted(encrypted.cipher_text_hex, encrypted.iv_hex)
    assert decrypt(encrypted, keys) == PASSWORD


def test_the_current_key_alone_writes() -> None:
    encrypted = encrypt(PASSWORD, Keys(NEW, OLD))
    assert decrypt(encrypted, NEW) == PASSWORD
    with pytest.raises(DecryptionFailed):
        decrypt(encrypted, OLD)


def test_a_damaged_row_of_the_previous_key_is_a_damaged_row() -> None:
    whole = encrypt(PASSWORD, OLD)
    with pytest.raises(TamperedCredential):
        decrypt(Encrypted(changed(whole.cipher_text_hex, 3), whole.iv_hex, whole.mac), Keys(NEW, OLD))


def test_upper_case_columns_fit_too() -> None:
    whole = encrypt(PASSWORD, OLD)
    assert decrypt(Encrypted(whole.cipher_text_hex.upper(), whole.iv_hex.upper(), whole.mac), OLD) == PASSWORD


def test_a_row_is_current_with_a_fitting_mac_of_the_current_key_alone() -> None:
    whole = encrypt(PASSWORD, OLD)
    assert is_current(whole, Keys(OLD, NEW))
    assert not is_current(whole, Keys(NEW, OLD))
    assert not is_current(Encrypted(whole.cipher_text_hex, whole.iv_hex), OLD)
    assert not is_current(Encrypted(changed(whole.cipher_text_hex, 0), whole.iv_hex, whole.mac), OLD)
    assert not is_current(Encrypted("zz", whole.iv_hex, whole.mac), OLD)


def test_keys_show_nothing_of_themselves() -> None:
    assert "ab" * 8 not in repr(Keys(OLD, NEW))
    assert "cd" * 8 not in repr(Keys(OLD, NEW))
