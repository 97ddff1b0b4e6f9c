"""A club that is synced once for a whole module, and a copy of it for each test that starts from a synced club.

A copy is the test's own: a database of its own, and a simulator of its own, whose world is as it was since the same
options make the same world. A module makes a fixture ``synced`` of `synced_once`; a test whose fixtures name that one
finds its database to be a copy, and `taken_over` lets the credentials in it talk to the test's simulator.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from tests.conftest import settings_with
from tests.support.moved_login import move_login
from tests.support.sync_world import STEPS, Step, SyncWorld, quick
from twizzit_pipeline.accounts import moving
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage.engine import open_database

NewDatabase = Callable[[], AbstractContextManager[str]]


@dataclass(frozen=True)
class SyncedOnce:
    """A database that syncs have filled, and the credentials in it: id → the dialect that it speaks."""

    template: str
    dialects: Mapping[int, str]


def first_sync(world: SyncWorld, steps: tuple[Step, ...] = STEPS) -> None:
    """One credential, synced once."""
    world.sync(world.add_credential(), steps=steps)


@contextmanager
def synced_once(
    new_database: NewDatabase, home: Path, act: Callable[[SyncWorld], object] = first_sync, **options: Any
) -> Iterator[SyncedOnce]:
    """What `act` leaves in a database, for a simulated Twizzit of these options."""
    with new_database() as url:
        settings = settings_with(url, home)
        with SimulatorServer(SimulatorOptions(**options)) as simulator, open_database(settings) as database:
            world = SyncWorld(quick(settings), database, simulator)
            act(world)
        yield SyncedOnce(str(make_url(url).database), dict(world.dialects))


def taken_over(world: SyncWorld, synced: SyncedOnce) -> int:
    """The first credential of the copy; all of them ask the simulator of `world` from now on."""
    endpoints = {"v1": world.simulator.v1_endpoint, "v2": world.simulator.v2_endpoint}
    for credential_id, dialect in synced.dialects.items():
        move_login(world.database, credential_id, api_endpoint=endpoints[dialect])
        with world.database.engine.begin() as connection:
            moving.settle(connection, credential_id, same_organization=True)
    world.dialects.update(synced.dialects)
    return next(iter(synced.dialects))
