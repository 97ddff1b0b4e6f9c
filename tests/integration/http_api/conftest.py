"""The HTTP API of a test's `world`, and a coach who asks it; a module with a world of its own overrides that alone."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.api_server import ApiServer, token
from tests.support.sync_world import SyncWorld


@pytest.fixture
def api(world: SyncWorld) -> Iterator[ApiServer]:
    with ApiServer(world.settings, world.database) as server:
        yield server


@pytest.fixture
def coach(api: ApiServer) -> Iterator[httpx.Client]:
    with api.client(token("coach")) as client:
        yield client
