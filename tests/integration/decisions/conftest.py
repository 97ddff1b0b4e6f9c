"""A club that was synced once; each test has a copy of it."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.decided_world import SMALL, DecidedWorld
from tests.support.sync_world import SyncWorld
from tests.support.synced_world import SyncedOnce, taken_over
from tests.support.twin_teams import TwinTeams


@pytest.fixture(scope="module")
def club_options(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """The same club for most modules."""
    options: Mapping[str, Any] = getattr(request.module, "SMALL", SMALL)
    return options


@pytest.fixture
def club(world: SyncWorld, synced: SyncedOnce) -> DecidedWorld:
    credential_id = taken_over(world, synced)
    return DecidedWorld(world, credential_id, world.roster()[1][2])


@pytest.fixture
def twins(world: SyncWorld, synced: SyncedOnce) -> TwinTeams:
    """The first team of a club, and what is done about others that may be it."""
    credential_id = taken_over(world, synced)
    remote_id = world.roster()[0]
    return TwinTeams(world, credential_id, remote_id, world.team(remote_id))
