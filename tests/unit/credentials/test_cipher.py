"""The cipher against OpenSSL's own `aes-256-cbc`, which is also what Node's crypto module calls."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from twizzit_pipeline.credentials.cipher import Encrypted, decrypt, encrypt
from twizzit_pipeline.credentials.key import check_key
from twizzit_pipeline.credentials.mac import Owner
from twizzit_pipeline.errors import DecryptionFailed, SettingsError

OWNER = Owner(7, "ter-linden.api", "https://app.twizzit.com/v2/api")
KEY = SecretStr("784b65b25d6c9fec47c3fc606774448dbcd71ded6bcba9ba76b2adec767d31f9")
# printf %s PASSWORD | openssl enc -aes-256-cbc -K KEY -iv IV | od -An -tx1
VECTORS = [
    (
        "hunter2",
        "6f6094d889384866c17bb38cce080784844b7e0b17e6e7729cc8997153c1bd1a",
        "a6ae6030c5bc43868c5d1bd159816eca",
        "b63b2a2d3bfbd2e073bfef83b4c12a5f",
    ),
    (
        "",
        "f897aea6f130a9f46bf7823a175903798a06185eb6adef62cee72843324ccfa3",
        "204721726b99d0dad731bdb79e7458ec",
        "66550d5200858707918c8349493fcec5",
    ),
    (
        "wachtwoord-é€😀",
        KEY.get_secret_value(),
        "6ba73003d106a4167bea4b72777adeb1",
        "c3bbbe23e11fd1a055844d15fdbe08296cbcf97f458a982eb9072157ab9a584f",
    ),
    (
        "exactly16bytes!!",
        "070167a83e8f533cd37fb0efb2d075a31c6169b8381f6aab9e09c92c940bc221",
        "8a1ba8a931dbdd7a222efdfefb454e56",
        "a10bbd2852728fe220669712964f1c5dfb50a880dbb874dcb94ff3eae5c40e0e",
    ),
]


@pytest.mark.parametrize(("password", "key", "iv", "cipher_text"), VECTORS)
def test_reads_what_openssl_wrote(password: str, key: str, iv: str, cipher_text: str) -> None:
    assert decrypt(Encrypted(cipher_text, iv), SecretStr(key), OWNER).get_secret_value() == password


@pytest.mark.parametrize(("password", "key", "iv", "cipher_text"), VECTORS)
def test_writes_what_openssl_writes(
    password: str, key: str, iv: str, cipher_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.urandom", lambda length: bytes.fromhex(iv)[:length])
    encrypted = encrypt(SecretStr(password), SecretStr(key))
    assert (encrypted.cipher_text_hex, encrypted.iv_hex) == (cipher_text, iv)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=100))
def test_any_password_comes_back(password: str) -> None:
    assert decrypt(encrypt(SecretStr(password), KEY, OWNER), KEY, OWNER).get_secret_value() == password


def test_every_password_has_its_own_iv() -> None:
    first, second = (encrypt(SecretStr("same"), KEY) for _ in range(2))
    assert first.iv_hex != second.iv_hex
    assert first.cipher_text_hex != second.cipher_text_hex
    assert first.iv_hex == first.iv_hex.lower()
    assert len(first.iv_hex) == 32


def test_upper_case_hexadecimal_is_read_too() -> None:
    password, key, iv, cipher_text = VECTORS[2]
    read = decrypt(Encrypted(cipher_text.upper(), iv.upper()), SecretStr(key.upper()), OWNER)
    assert read.get_secret_value() == password


@pytest.mark.parametrize(
    ("cipher_text", "iv"),
    [
        ("zz" * 16, "00" * 16),
        ("0", "00" * 16),
        ("", "00" * 16),
        ("00" * 15, "00" * 16),
        ("00" * 16, "00" * 15),
        ("00" * 16, ""),
        ("00 " * 16, "00" * 16),
        (VECTORS[2][3][:32], VECTORS[2][2]),  # its last block is gone, and with it the padding
    ],
)
def test_a_damaged_row_says_so(cipher_text: str, iv: str) -> None:
    with pytest.raises(DecryptionFailed, match=r"^Password decryption failed: .*store the password again") as caught:
        decrypt(Encrypted(cipher_text, iv), KEY, OWNER)
    assert "\n" not in str(caught.value)


def test_another_key_is_a_failure_with_remedies_and_without_bytes_of_the_password() -> None:
    password, _, iv, cipher_text = VECTORS[2]
    with pytest.raises(DecryptionFailed, match="TWIZZIT_ENCRYPTION_KEY") as caught:
        decrypt(Encrypted(cipher_text, iv), SecretStr("00" * 32), OWNER)
    assert caught.value.__context__ is None
    assert password not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        "ab" * 31,
        "ab" * 33,
        "ab" * 31 + "xy",
        "ab" * 31 + "a\n",
        " " + "ab" * 31 + "a",
        "my secret key",
        "clé de chiffrement, ’t is geheim",
        "x",
    ],
)
def test_a_key_that_is_not_64_hexadecimal_digits_stands_for_its_sha256_as_in_shotspot(key: str) -> None:
    secret = hashlib.sha256(key.encode()).hexdigest()
    assert check_key(SecretStr(key)).hex() == secret
    encrypted = encrypt(SecretStr("geheim"), SecretStr(key), OWNER)
    assert decrypt(encrypted, SecretStr(secret), OWNER).get_secret_value() == "geheim"


def test_64_hexadecimal_digits_are_the_bytes_in_either_case() -> None:
    assert check_key(SecretStr("aB" * 32)) == b"\xab" * 32


@pytest.mark.parametrize(("key", "fault"), [("", "is empty"), ("  \n", "is empty"), ("a\udcff", "no text in UTF-8")])
def test_a_key_without_anything_in_it_is_refused_and_not_shown(key: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault) as caught:
        check_key(SecretStr(key))
    assert not key or key not in str(caught.value)
    with pytest.raises(SettingsError):
        encrypt(SecretStr("x"), SecretStr(key))
