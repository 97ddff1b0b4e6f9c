"""A home, a database and credentials for `twizzit doctor` to look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.conftest import ENCRYPTION_KEY
from twizzit_pipeline.credentials import store
from twizzit_pipeline.storage.engine import Database

JWT_SECRET = "a secret of tokens that is long enough"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder and a working directory of this test's own, in the environment."""
    folder = tmp_path / "twizzit"
    folder.mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TWIZZIT_HOME", str(folder))
    return folder


@pytest.fixture
def own_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A server of one's own, with everything that belongs to it."""
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", database_url)
    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY", ENCRYPTION_KEY)
    monkeypatch.setenv("JWT_SECRET", JWT_SECRET)
    return database_url


@pytest.fixture
def credential(database: Database, own_database: str) -> Callable[..., int]:
    """Stores credentials: ``credential(api_endpoint=…)``."""

    def add(**values: Any) -> int:
        given = {"organization_name": "KC Somewhere", "api_username": "api", "password": SecretStr("hush-hush")}
        return store.add(database.engine, SecretStr(ENCRYPTION_KEY), **{**given, **values})

    return add
