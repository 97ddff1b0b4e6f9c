"""Variables that look like this project's and that nothing reads: a misspelled one is otherwise as good as none."""

from pathlib import Path

import pytest

from twizzit_pipeline.settings import Settings
from twizzit_pipeline.settings.unread import Unread, unread_variables


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for one in unread_variables():
        monkeypatch.delenv(one.name)
    return tmp_path


def test_every_variable_of_the_settings_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        known = name.upper() if name in ("dagster_postgres_url", "jwt_secret") else f"TWIZZIT_{name.upper()}"
        monkeypatch.setenv(known, "x")
    monkeypatch.setenv("TWIZZIT_UP", "/home")
    monkeypatch.setenv("twizzit_log_level", "info")
    assert unread_variables() == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TWIZZIT_HOEM", "TWIZZIT_HOME"),
        ("TWIZZIT_DATABASE_URI", "TWIZZIT_DATABASE_URL"),
        ("TWIZZIT_ENCRYPTIONKEY", "TWIZZIT_ENCRYPTION_KEY"),
        ("TWIZZIT_REQUEST_TIMEOUTS", "TWIZZIT_REQUEST_TIMEOUT"),
        ("TWIZZIT_JWT_SECRET", "JWT_SECRET"),
        ("TWIZZIT_DAGSTER_POSTGRES_URL", "DAGSTER_POSTGRES_URL"),
        ("TWIZZIT_FAVOURITE_COLOUR", None),
    ],
)
def test_the_one_that_may_be_meant_is_named(monkeypatch: pytest.MonkeyPatch, name: str, meant: str | None) -> None:
    monkeypatch.setenv(name, "geheim")
    assert unread_variables() == [Unread(name, "environment", meant)]


def test_a_file_beside_us_is_read_too(nothing_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (nothing_set / ".env").write_text("TWIZZIT_HOMES=/x\nOTHER=1\nexport TWIZZIT_LOG_LEVLE=info\nTWIZZIT_HOME=/y\n")
    monkeypatch.setenv("TWIZZIT_HOMES", "/z")
    assert unread_variables() == [
        Unread("TWIZZIT_HOMES", "environment", "TWIZZIT_HOME"),
        Unread("TWIZZIT_LOG_LEVLE", ".env", "TWIZZIT_LOG_LEVEL"),
    ]
