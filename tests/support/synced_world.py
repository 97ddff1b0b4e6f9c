"""A club that is synced once for the tests of several modules, and a copy of it for each test that starts from one.

A copy is the test's own: a database of its own, and a simulator of its own, whose world is as it was since the same
options make the same world. A module makes a fixture ``synced`` of `synced_once`; a test whose fixtures name that one
finds its database to be a copy, and `taken_over` lets the credentials in it talk to the test's simulator.

Where several tests go on alike after the sync, ``@pytest.mark.begins(after=act)`` has that done once too, by `gone_on`;
then the test's simulator has a copy of the world as it was left.
"""

import copy
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from tests.conftest import settings_with
from tests.support.moved_login import move_login
from tests.support.sync_world import STEPS, Step, SyncWorld, quick
from twizzit_pipeline.accounts import moving
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.simulator.world import World
from twizzit_pipeline.storage.engine import open_database

NewDatabase = Callable[[], AbstractContextManager[str]]
CopiedDatabase = Callable[[str], AbstractContextManager[str]]
Act = Callable[[SyncWorld], object]
_MOST_AT_ONCE = 8  # ten megabytes each; one module needs its club and what its acts make of it


@dataclass(frozen=True)
class SyncedOnce:
    """A database that syncs have filled.

    Attributes:
        dialects: the credentials in it, id → the dialect that it speaks.
        twizzit: what the simulator holds, where more was done than its options say.
    """

    template: str
    dialects: Mapping[int, str]
    twizzit: World | None = None

    def copied_twizzit(self) -> World | None:
        """The simulated world of a test of its own."""
        if self.twizzit is None:
            return None
        return copy.deepcopy(self.twizzit, {id(self.twizzit.lock): threading.RLock()})


class SyncedClubs:
    """The clubs of a session that were synced last: tests of several modules begin with the same one."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[SyncedOnce, ExitStack]] = {}

    def once(self, make: Callable[[], AbstractContextManager[SyncedOnce]], *what: object) -> SyncedOnce:
        """The one that is known by `what`, or else the one that is made."""
        key = tuple(_key_of(each) for each in what)
        if key not in self._kept:
            stack = ExitStack()
            self._kept[key] = stack.enter_context(make()), stack
        synced, _ = self._kept[key] = self._kept.pop(key)
        while len(self._kept) > _MOST_AT_ONCE:
            self._kept.pop(next(iter(self._kept)))[1].close()
        return synced

    def close(self) -> None:
        """Drops their databases."""
        for _, stack in self._kept.values():
            stack.close()
        self._kept.clear()


def _key_of(what: object) -> Hashable:
    if isinstance(what, partial):
        return what.func, what.args, _key_of(what.keywords)
    return tuple(sorted(what.items())) if isinstance(what, Mapping) else what


def first_sync(world: SyncWorld, steps: tuple[Step, ...] = STEPS) -> None:
    """One credential, synced once."""
    world.sync(world.add_credential(), steps=steps)


@contextmanager
def synced_once(new_database: NewDatabase, home: Path, act: Act = first_sync, **options: Any) -> Iterator[SyncedOnce]:
    """What `act` leaves in a database, for a simulated Twizzit of these options."""
    with new_database() as url:
        settings = settings_with(url, home)
        with SimulatorServer(SimulatorOptions(**options)) as simulator, open_database(settings) as database:
            world = SyncWorld(quick(settings), database, simulator)
            act(world)
        yield SyncedOnce(str(make_url(url).database), dict(world.dialects))


@contextmanager
def gone_on(
    copied_database: CopiedDatabase, home: Path, act: Act, synced: SyncedOnce, **options: Any
) -> Iterator[SyncedOnce]:
    """What `act` makes of such a database, and of its simulated Twizzit."""
    with copied_database(synced.template) as url:
        settings = settings_with(url, home)
        with SimulatorServer(SimulatorOptions(**options)) as simulator, open_database(settings) as database:
            world = SyncWorld(quick(settings), database, simulator)
            taken_over(world, synced)
            act(world)
        yield SyncedOnce(str(make_url(url).database), dict(world.dialects), simulator.world)


def taken_over(world: SyncWorld, synced: SyncedOnce) -> int:
    """The first credential of the copy; all of them ask the simulator of `world` from now on."""
    endpoints = {"v1": world.simulator.v1_endpoint, "v2": world.simulator.v2_endpoint}
    for credential_id, dialect in synced.dialects.items():
        move_login(world.database, credential_id, api_endpoint=endpoints[dialect])
        with world.database.engine.begin() as connection:
            moving.settle(connection, credential_id, same_organization=True)
    world.dialects.update(synced.dialects)
    return next(iter(synced.dialects))
