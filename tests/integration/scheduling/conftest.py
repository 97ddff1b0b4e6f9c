"""An orchestrator that is alive, credentials, and a caller that asks for their syncs."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from tests.support.carried_out import COACH, Ask
from tests.support.signs_of_life import beat
from twizzit_pipeline.credentials import store
from twizzit_pipeline.scheduling import requests
from twizzit_pipeline.scheduling.requested import Request
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def engine(database: Database) -> Engine:
    """A database with an orchestrator that gave a sign of life."""
    beat(database.engine)
    return database.engine


@pytest.fixture
def add(engine: Engine, settings: Settings) -> Callable[..., int]:
    def add(name: str = "KC Duinen", endpoint: str = "https://app.twizzit.com/v2/api") -> int:
        assert settings.encryption_key is not None
        return store.add(
            engine,
            settings.encryption_key,
            organization_name=name,
            api_username="someone",
            password=SecretStr("something"),
            api_endpoint=endpoint,
        )

    return add


@pytest.fixture
def club(add: Callable[..., int]) -> int:
    return add()


@pytest.fixture
def ask(engine: Engine, club: int) -> Ask:
    def ask(credential_id: int = club, **changes: object) -> Request:
        asked: dict[str, Any] = {"sync_type": "all", "actor": COACH, **changes}
        return requests.ask(engine, credential_id, **asked).request

    return ask
