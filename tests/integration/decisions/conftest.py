"""A club that was synced once; each test has a copy of it."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.decided_world import SMALL, DecidedWorld
from tests.support.sync_world import SyncWorld, quick
from tests.support.synced_world import NewDatabase, SyncedOnce, synced_once, taken_over
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database


@pytest.fixture(scope="module")
def synced(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncedOnce]:
    with synced_once(new_database, tmp_path_factory.mktemp("synced"), **SMALL) as once:
        yield once


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(**SMALL))


@pytest.fixture
def club(world: SyncWorld, synced: SyncedOnce) -> DecidedWorld:
    credential_id = taken_over(world, synced)
    return DecidedWorld(world, credential_id, world.roster()[1][2])
