"""A club that was synced once, with its calendar, and another one that never was; the API over them, for a module."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import settings_with
from tests.support.api_server import ApiServer, NewDatabase
from tests.support.calendar_world import CALENDAR
from tests.support.registered_world import SMALL
from tests.support.sync_world import STEPS, SyncWorld, quick
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import open_database

HOSTILE = "<script>alert(1)</script>"


@dataclass(frozen=True)
class House:
    """The API, the world behind it, and the ids of both clubs."""

    api: ApiServer
    world: SyncWorld
    club: int
    other: int


@pytest.fixture(scope="module")
def house(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    options = SimulatorOptions(**{**SMALL, "clubs": 2})
    with new_database() as url, SimulatorServer(options) as simulator:
        settings = quick(settings_with(url, tmp_path_factory.mktemp("pages")))
        with open_database(settings) as database:
            world = SyncWorld(settings, database, simulator)
            club, other = world.add_credential(), world.add_credential(1)
            world.sync(club, steps=(*STEPS, *CALENDAR))
            player = world.roster()[1][0]
            world.change(tables.players, world.local_id(player), first_name=HOSTILE)
            with ApiServer(settings, database) as api:
                yield House(api, world, club, other)
