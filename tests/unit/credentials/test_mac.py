"""The MAC of a stored password: what fits, whom it binds the password to, and every damage that it notices."""

import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from twizzit_pipeline.credentials.cipher import Encrypted, decrypt, encrypt, is_current, is_unbound
from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.credentials.mac import MacCheck, Owner, encoded, judge, mac_of
from twizzit_pipeline.errors import CredentialChanged, DecryptionFailed, TamperedCredential

OLD, NEW, OTHER = (SecretStr(digits * 32) for digits in ("ab", "cd", "ef"))
PASSWORD = SecretStr("wachtwoord-é")
OWNER = Owner(7, "ter-lindén.api", "https://app.twizzit.com/v2/api")
ELSEWHERE = [
    replace(OWNER, credential_id=8),
    replace(OWNER, api_username="ter-linden.api"),
    replace(OWNER, api_username="ter-lindén.api "),
    replace(OWNER, api_endpoint="https://app.twizzit.example/v2/api"),
    replace(OWNER, api_endpoint="https://app.twizzit.com/v2/ap"),
    # The same letters and digits, divided otherwise.
    Owner(7, "ter-lindén.apih", "ttps://app.twizzit.com/v2/api"),
    Owner(7, "ter-lindén.ap", "ihttps://app.twizzit.com/v2/api"),
    Owner(7, "", "ter-lindén.apihttps://app.twizzit.com/v2/api"),
]

# Made by ten lines of Python's own hmac and hashlib, and those of v1 by this program before it knew v2.
SECRET = bytes.fromhex("784b65b25d6c9fec47c3fc606774448dbcd71ded6bcba9ba76b2adec767d31f9")
IV, CIPHER_TEXT = bytes.fromhex("a6ae6030c5bc43868c5d1bd159816eca"), bytes.fromhex("b63b2a2d3bfbd2e073bfef83b4c12a5f")
V1 = "v1:5d51e424:7f9064644264a650341a084ae94445cb1efbf7ad15832f077a8cf7d460cca20e"
V2 = (
    "v2:5d51e424:eb76671b7ddb64ce3b55cb37bc723b83749bdafa8323cc9b76306f1069169299"
    ":3f510080f33b8248553ed82da29485f5c3945cbb041fe0de8e5f7984eda27d5d"
)


def hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256 and no salt, for at most 32 bytes, in two lines of its own."""
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")[:length]


def v1_of(encrypted: Encrypted, key: SecretStr = OLD) -> Encrypted:
    """The same password with the MAC of before."""
    secret = bytes.fromhex(key.get_secret_value())
    derived = hkdf(secret, b"twizzit-pipeline twizzit_credentials encryption_mac v1", 32)
    tag = hmac.digest(derived, bytes.fromhex(encrypted.iv_hex + encrypted.cipher_text_hex), "sha256").hex()
    return replace(encrypted, mac=f"v1:{hkdf(secret, b'twizzit-pipeline key id v1', 4).hex()}:{tag}")


def changed(text: str, place: int) -> str:
    """The text with another hexadecimal digit at one place."""
    return text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]


def damaged(whole: Encrypted) -> list[Encrypted]:
    """Each digit of the three columns changed, one at a time."""
    assert whole.mac is not None
    return [
        *(replace(whole, cipher_text_hex=changed(whole.cipher_text_hex, at)) for at in range(32)),
        *(replace(whole, iv_hex=changed(whole.iv_hex, at)) for at in range(32)),
        *(replace(whole, mac=changed(whole.mac, at)) for at in range(len(whole.mac)) if whole.mac[at] != ":"),
    ]


# --- what a MAC is ----------------------------------------------------------------------------------------------------


def test_a_mac_of_today_is_what_it_always_was() -> None:
    assert mac_of(SECRET, IV, CIPHER_TEXT, OWNER) == V2
    assert judge(V2, SECRET, IV, CIPHER_TEXT, OWNER) is MacCheck.FITS
    assert judge(V1, SECRET, IV, CIPHER_TEXT, OWNER) is MacCheck.FITS_OF_BEFORE


def test_what_is_encrypted_has_such_a_mac() -> None:
    encrypted = encrypt(PASSWORD, OLD, OWNER)
    secret = bytes.fromhex(OLD.get_secret_value())
    parts = bytes.fromhex(encrypted.iv_hex), bytes.fromhex(encrypted.cipher_text_hex)
    assert encrypted.mac == mac_of(secret, *parts, OWNER)
    assert encrypt(PASSWORD, OLD).mac is None


def test_no_part_of_it_is_a_mac_of_before() -> None:
    """Else a writer to the database could make a MAC that binds nothing out of one that does."""
    tags = V2.split(":")[2:]
    assert not set(tags) & set(V1.split(":"))
    for tag in tags:
        assert judge(f"v1:5d51e424:{tag}", SECRET, IV, CIPHER_TEXT, OWNER) is MacCheck.DOES_NOT_FIT


PARTS = st.lists(st.binary(max_size=20), max_size=5)


@given(PARTS, PARTS)
def test_no_two_lists_are_one_text(one: list[bytes], other: list[bytes]) -> None:
    assert (encoded(one) == encoded(other)) == (one == other)


@given(st.lists(st.binary(max_size=6), min_size=2, max_size=4), st.data())
def test_nor_is_one_divided_otherwise(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), min_size=len(parts) - 1, max_size=len(parts) - 1)))
    again = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert (encoded(again) == encoded(parts)) == (again == parts)


TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
OWNERS = st.builds(Owner, st.integers(1, 2**31 - 1), TEXT, TEXT)


@given(OWNERS, OWNERS)
def test_it_fits_its_owner_alone(one: Owner, other: Owner) -> None:
    mac = mac_of(SECRET, IV, CIPHER_TEXT, one)
    assert judge(mac, SECRET, IV, CIPHER_TEXT, one) is MacCheck.FITS
    check = judge(mac, SECRET, IV, CIPHER_TEXT, other)
    assert check is (MacCheck.FITS if one == other else MacCheck.OTHER_ROW)


# --- another row ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("today", ELSEWHERE)
@pytest.mark.parametrize("keys", [OLD, Keys(OLD, NEW), Keys(NEW, OLD)])
def test_a_password_is_read_for_its_owner_alone(today: Owner, keys: Keys | SecretStr) -> None:
    whole = encrypt(PASSWORD, OLD, OWNER)
    assert decrypt(whole, keys, OWNER) == PASSWORD
    with pytest.raises(CredentialChanged) as caught:
        decrypt(whole, keys, today)
    said = str(caught.value)
    assert f"twizzit credentials accept {today.credential_id})" in said
    assert f"twizzit credentials change-password {today.credential_id})" in said
    assert "\n" not in said
    assert OWNER.api_username not in said
    assert OWNER.api_endpoint not in said
    assert isinstance(caught.value, TamperedCredential)
    assert decrypt(whole, keys, today, accept=True) == PASSWORD


def test_what_is_damaged_or_of_another_key_is_not_accepted() -> None:
    whole = encrypt(PASSWORD, OLD, OWNER)
    for one in damaged(whole)[:64]:
        with pytest.raises(TamperedCredential):
            decrypt(one, OLD, ELSEWHERE[0], accept=True)
    with pytest.raises(DecryptionFailed):
        decrypt(whole, NEW, ELSEWHERE[0], accept=True)


# --- a MAC of before --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("today", [OWNER, *ELSEWHERE])
def test_a_mac_of_before_is_read_and_is_not_current(today: Owner) -> None:
    row = v1_of(encrypt(PASSWORD, OLD))
    assert decrypt(row, OLD, today) == PASSWORD
    assert decrypt(row, Keys(NEW, OLD), today) == PASSWORD
    assert not is_current(row, OLD, today)
    assert is_unbound(row, OLD, today)
    assert not is_unbound(row, Keys(NEW, OLD), today)


def test_a_mac_of_before_still_notices_every_changed_digit() -> None:
    rows = damaged(v1_of(encrypt(PASSWORD, OLD)))
    assert len(rows) == 32 + 32 + 2 + 8 + 64
    for one in rows:
        with pytest.raises(TamperedCredential, match="does not fit its MAC"):
            decrypt(one, OLD, OWNER)


def test_a_byte_that_moved_from_one_column_to_the_other_is_noticed() -> None:
    for whole in (encrypt(PASSWORD, OLD, OWNER), v1_of(encrypt(PASSWORD, OLD))):
        moved = Encrypted(whole.iv_hex[-2:] + whole.cipher_text_hex, whole.iv_hex[:-2], whole.mac)
        with pytest.raises(TamperedCredential):
            decrypt(moved, OLD, OWNER)


# --- damage -----------------------------------------------------------------------------------------------------------


def test_every_changed_digit_is_noticed() -> None:
    rows = damaged(encrypt(PASSWORD, OLD, OWNER))
    assert len(rows) == 32 + 32 + 2 + 8 + 64 + 64
    for place, one in enumerate(rows):
        with pytest.raises(TamperedCredential) as caught:
            decrypt(one, OLD, OWNER)
        # Where only the tag of the row is damaged, that looks like another row.
        assert isinstance(caught.value, CredentialChanged) == (place >= len(rows) - 64)
        assert "\n" not in str(caught.value)


def test_a_damaged_password_says_where_to_get_it_back() -> None:
    one = damaged(encrypt(PASSWORD, OLD, OWNER))[3]
    with pytest.raises(TamperedCredential, match=r"does not fit its MAC.*twizzit credentials import"):
        decrypt(one, OLD, OWNER)


NO_MACS = ["", "v1", "v1::", "v2", "v2::", "v2:::", "nonsense", "ab" * 32, "é", "v2:00000000:" + "0" * 64]


@pytest.mark.parametrize(
    "mac", [*NO_MACS, V1.replace("v1", "v2"), V2.replace("v2", "v1"), V2 + ":", V2.replace("2", "3")]
)
def test_what_is_no_mac_does_not_fit(mac: str) -> None:
    whole = encrypt(PASSWORD, OLD, OWNER)
    with pytest.raises(TamperedCredential, match="does not fit its MAC"):
        decrypt(replace(whole, mac=mac), OLD, OWNER)


@pytest.mark.parametrize("columns", [("zz", "00" * 16), ("00" * 16, "zz"), ("", ""), ("00" * 15, "00" * 17)])
def test_columns_that_are_no_cipher_text_do_not_fit_either(columns: tuple[str, str]) -> None:
    with pytest.raises(TamperedCredential):
        decrypt(Encrypted(*columns, encrypt(PASSWORD, OLD, OWNER).mac), OLD, OWNER)


def test_another_key_is_distinguished_from_a_damaged_row() -> None:
    for encrypted in (encrypt(PASSWORD, OLD, OWNER), v1_of(encrypt(PASSWORD, OLD))):
        for keys in (OTHER, Keys(OTHER), Keys(NEW, OTHER)):
            with pytest.raises(DecryptionFailed, match=r"^Password decryption failed: ") as caught:
                decrypt(encrypted, keys, OWNER)
            for remedy in ("is set", "64 hexadecimal", "still the key", "store the password again"):
                assert remedy in str(caught.value)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("with_mac", [True, False])
@pytest.mark.parametrize("keys", [OLD, Keys(OLD), Keys(OLD, NEW), Keys(NEW, OLD)])
def test_the_current_key_reads_and_else_the_previous_one(keys: Keys | SecretStr, with_mac: bool) -> None:
    assert decrypt(encrypt(PASSWORD, OLD, OWNER if with_mac else None), keys, OWNER) == PASSWORD


def test_the_current_key_alone_writes() -> None:
    encrypted = encrypt(PASSWORD, Keys(NEW, OLD), OWNER)
    assert decrypt(encrypted, NEW, OWNER) == PASSWORD
    with pytest.raises(DecryptionFailed):
        decrypt(encrypted, OLD, OWNER)


def test_a_damaged_row_of_the_previous_key_is_a_damaged_row() -> None:
    whole = encrypt(PASSWORD, OLD, OWNER)
    with pytest.raises(TamperedCredential):
        decrypt(replace(whole, cipher_text_hex=changed(whole.cipher_text_hex, 3)), Keys(NEW, OLD), OWNER)


def test_upper_case_columns_fit_too() -> None:
    whole = encrypt(PASSWORD, OLD, OWNER)
    upper = replace(whole, cipher_text_hex=whole.cipher_text_hex.upper(), iv_hex=whole.iv_hex.upper())
    assert decrypt(upper, OLD, OWNER) == PASSWORD


def test_a_row_is_current_with_a_fitting_mac_of_the_current_key_alone() -> None:
    whole = encrypt(PASSWORD, OLD, OWNER)
    assert is_current(whole, Keys(OLD, NEW), OWNER)
    assert not is_current(whole, Keys(NEW, OLD), OWNER)
    assert not is_current(whole, OLD, ELSEWHERE[0])
    assert not is_current(replace(whole, mac=None), OLD, OWNER)
    assert not is_current(replace(whole, cipher_text_hex=changed(whole.cipher_text_hex, 0)), OLD, OWNER)
    assert not is_current(replace(whole, cipher_text_hex="zz"), OLD, OWNER)


def test_keys_show_nothing_of_themselves() -> None:
    assert "ab" * 8 not in repr(Keys(OLD, NEW))
    assert "cd" * 8 not in repr(Keys(OLD, NEW))
