"""The HTTP API of a test's `world`, and a coach and an administrator who ask it.

A module with a world of its own overrides that alone.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.support.api_server import ApiServer, token
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def api(world: SyncWorld) -> Iterator[ApiServer]:
    with ApiServer(world.settings, world.database) as server:
        yield server


@pytest.fixture
def coach(api: ApiServer) -> Iterator[httpx.Client]:
    with api.client(token("coach")) as client:
        yield client


@pytest.fixture
def admin(api: ApiServer) -> Iterator[httpx.Client]:
    with api.client(token("admin")) as client:
        yield client


@pytest.fixture
def serve(settings: Settings, database: Database) -> Iterator[Callable[..., ApiServer]]:
    """Starts the API with changed settings: ``serve(allow_private_endpoints=False)``."""
    with ExitStack() as running:

        def start(**changes: object) -> ApiServer:
            changed = quick(settings).model_copy(update=changes)
            return running.enter_context(ApiServer(changed, database))

        yield start
