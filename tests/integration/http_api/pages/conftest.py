"""A club that was synced once, with its calendar, and another one that never was; the API over them, for a module."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

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
    """The API, the world behind it, and the ids of both clubs.

    Attributes:
        signed_in: cookies of browsers that have signed in, by what their tests make of a browser.
    """

    api: ApiServer
    world: SyncWorld
    club: int
    other: int
    signed_in: dict[Any, Any] = field(default_factory=dict)


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


def two_clubs_of_one_name(house: House) -> tuple[str, int]:
    """An opponent's name that another club of ShotSpot has as well by now, after a sync that asked; and that club."""
    clubs, opponents, mappings = tables.clubs, tables.opponents, tables.match_mappings
    with house.world.database.engine.begin() as connection:
        club_id, name = connection.execute(
            select(clubs.c.id, clubs.c.name).join_from(opponents, clubs, clubs.c.id == opponents.c.club_id).limit(1)
        ).one()
        connection.execute(delete(opponents).where(opponents.c.club_id == club_id))
        connection.execute(delete(mappings).where(mappings.c.twizzit_match_name.contains(name)))
        other = connection.scalars(insert(clubs).values(name=f"{name} vzw").returning(clubs.c.id)).one()
        connection.execute(clubs.update().where(clubs.c.id == club_id).values(name=f"vzw {name}"))
    house.world.sync(house.club, steps=(*STEPS, *CALENDAR))
    return name, other
