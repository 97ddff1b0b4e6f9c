"""The envelope of a backup: opened by its passphrase alone, and by nothing once a byte is changed."""

import json
import os
import random
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import SecretStr

from twizzit_pipeline.credentials import sealed
from twizzit_pipeline.errors import BackupRefused

PASSPHRASE = SecretStr("correct horse battery")
CONTENT = "geheim-é".encode()
COST = dict(sealed._COST)


@pytest.fixture(autouse=True, scope="module")
def cheap() -> Iterator[None]:
    """An envelope names its own cost, and what is tried on it here is the same at any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sealed._COST, "n", 2**10)
        yield


@pytest.fixture(scope="module")
def envelope(cheap: None) -> bytes:
    return sealed.seal(CONTENT, PASSPHRASE)


def refused(envelope: bytes, passphrase: SecretStr = PASSPHRASE) -> str:
    with pytest.raises(BackupRefused) as caught:
        sealed.unseal(envelope, passphrase)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_what_went_in_comes_out(envelope: bytes) -> None:
    assert sealed.unseal(envelope, PASSPHRASE) == CONTENT
    assert CONTENT not in envelope


def test_another_passphrase_is_one_clear_line(envelope: bytes) -> None:
    assert refused(envelope, SecretStr("correct horse batterY")).startswith("The passphrase is wrong")
    assert refused(envelope, SecretStr("")).startswith("The passphrase is wrong")


def test_the_envelope_is_scrypt_and_aes_gcm_with_its_header_authenticated(monkeypatch: pytest.MonkeyPatch) -> None:
    """At its real cost, and opened without the code under test, as a recovery without this program would."""
    monkeypatch.setattr(sealed, "_COST", COST)
    document = json.loads(sealed.seal(CONTENT, PASSPHRASE))
    assert (document["format"], document["version"]) == ("twizzit-credentials", 1)
    data, key = bytes.fromhex(document.pop("data")), document["key"]
    assert (key["n"], key["r"], key["p"]) == (2**17, 8, 1), "as OWASP advises"
    derived = Scrypt(salt=bytes.fromhex(key["salt"]), length=32, n=key["n"], r=key["r"], p=key["p"]).derive(
        PASSPHRASE.get_secret_value().encode()
    )
    header = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert AESGCM(derived).decrypt(bytes.fromhex(document["cipher"]["nonce"]), data, header) == CONTENT


def test_nothing_is_the_same_twice(envelope: bytes) -> None:
    first, second = json.loads(envelope), json.loads(sealed.seal(CONTENT, PASSPHRASE))
    assert first["key"]["salt"] != second["key"]["salt"]
    assert first["cipher"]["nonce"] != second["cipher"]["nonce"]
    assert first["data"] != second["data"]


def test_a_changed_byte_anywhere_is_noticed(envelope: bytes) -> None:
    dice = random.Random(7)
    for place in range(len(envelope)):
        changed = bytearray(envelope)
        changed[place] ^= dice.randrange(1, 256)
        refused(bytes(changed))
    for place in range(0, len(envelope), 7):
        refused(envelope[:place])
        refused(envelope[:place] + b" " + envelope[place:])
    refused(envelope + b"\n")
    refused(envelope.replace(b"a", b"A"))


def altered(envelope: bytes, *path: str, to: Any) -> bytes:
    document = json.loads(envelope)
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return json.dumps(document, indent=2).encode() + b"\n"


@pytest.mark.parametrize("name", ["n", "r", "p"])
@pytest.mark.parametrize("value", [0, -1, 2**40, 2**62 + 1, 1.5, "8", None, True, [8]])
def test_a_cost_that_was_not_ours_is_refused_before_memory_is_spent(envelope: bytes, name: str, value: Any) -> None:
    refused(altered(envelope, "key", name, to=value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("made_at",), "2020-01-01T00:00:00+00:00"),
        (("key", "salt"), "00" * 16),
        (("key", "salt"), "zz"),
        (("key", "n"), 2**16),
        (("cipher", "nonce"), "00" * 12),
        (("cipher", "nonce"), ""),
        (("cipher", "nonce"), 5),
        (("cipher",), None),
        (("key",), []),
        (("data",), "00"),
        (("data",), 7),
        (("more",), "x"),
        (("format",), "something else"),
        (("version",), 0),
        (("version",), True),
        (("version",), None),
    ],
)
def test_an_altered_header_is_refused(envelope: bytes, path: tuple[str, ...], value: Any) -> None:
    refused(altered(envelope, *path, to=value))


def test_a_newer_version_says_so(envelope: bytes) -> None:
    assert "version 2, which is too new" in refused(altered(envelope, "version", to=2))


@pytest.mark.parametrize("nonsense", [b"", b"\x00\xff", b"[]", b"{}", b"[" * 100_000, b'"x"', b"null", b"1e999"])
def test_any_other_file_is_refused(nonsense: bytes) -> None:
    assert "no backup of credentials" in refused(nonsense)


@pytest.mark.parametrize("passphrase", ["", "eleven char"])
def test_a_short_passphrase_seals_nothing(passphrase: str) -> None:
    with pytest.raises(BackupRefused, match="12 characters"):
        sealed.seal(CONTENT, SecretStr(passphrase))


def test_an_accent_typed_in_two_ways_is_the_same_passphrase() -> None:
    envelope = sealed.seal(CONTENT, SecretStr("cafe\u0301 cafe\u0301 cafe\u0301"))
    assert sealed.unseal(envelope, SecretStr("caf\u00e9 caf\u00e9 caf\u00e9")) == CONTENT


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_file_is_its_owners_alone_and_never_overwritten_by_chance(tmp_path: Path) -> None:
    path = tmp_path / "backup.json"
    before = os.umask(0)
    try:
        sealed.write(path, b"first", overwrite=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(BackupRefused, match="--force"):
        sealed.write(path, b"second", overwrite=False)
    assert sealed.read(path) == b"first"
    path.chmod(0o644)
    sealed.write(path, b"second", overwrite=True)
    assert sealed.read(path) == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["backup.json"]


def test_places_that_cannot_be_written_or_read_are_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "no" / "where", tmp_path / ("n" * 300)):
        with pytest.raises(BackupRefused, match="cannot be written"):
            sealed.write(path, b"x", overwrite=False)
        with pytest.raises(BackupRefused, match="cannot be read"):
            sealed.read(path)
    for overwrite in (False, True):
        with pytest.raises(BackupRefused):
            sealed.write(tmp_path, b"x", overwrite=overwrite)
    assert not list(tmp_path.iterdir())


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(sealed.LARGEST_FILE + 1)
    with pytest.raises(BackupRefused, match="no backup"):
        sealed.read(path)
