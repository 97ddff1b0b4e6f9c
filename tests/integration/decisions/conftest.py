"""A club that was synced once; each test has a copy of it."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.decided_world import SMALL, DecidedWorld, decided
from tests.support.sync_world import SyncWorld
from tests.support.synced_world import SyncedOnce, taken_over
from tests.support.twin_teams import TwinTeams, twins_of


@pytest.fixture(scope="module")
def club_options(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """The same club for most modules."""
    options: Mapping[str, Any] = getattr(request.module, "SMALL", SMALL)
    return options


@pytest.fixture
def club(world: SyncWorld, synced: SyncedOnce) -> DecidedWorld:
    taken_over(world, synced)
    return decided(world)


@pytest.fixture
def twins(world: SyncWorld, synced: SyncedOnce) -> TwinTeams:
    """The first team of a club, and what is done about others that may be it."""
    taken_over(world, synced)
    return twins_of(world)
