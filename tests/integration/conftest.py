"""What tests of a synced club share: the club is synced once for a module, and each test has a copy of it.

A module says how large the club is in `SMALL`, and in `SYNCED_BY` what syncs it where that is not one sync of teams and
players; a folder whose modules have the same club says so with a fixture `club_options`. What several tests do first
with such a club is done once as well, where they say ``@pytest.mark.begins(after=act)``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.support.shotspot_house import load, settings_of
from tests.support.sync_world import SyncWorld, quick
from tests.support.synced_world import (
    CopiedDatabase,
    NewDatabase,
    SyncedClubs,
    SyncedOnce,
    first_sync,
    gone_on,
    synced_once,
    taken_over,
)
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import migrate


@pytest.fixture(scope="session")
def beside_shotspot(
    copied_database: Callable[[str], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    """Names a database with ShotSpot's tables as these files of `tests/support/shotspot` make them, then migrated; it
    is made once, and a module's fixture `prepared` gives each test a copy.
    """
    with ExitStack() as made_once:

        @cache
        def named(*files: str) -> str:
            url = made_once.enter_context(copied_database("template0"))
            load(url, *files)
            with open_database(settings_of(url, tmp_path_factory.mktemp("beside"))) as database:
                migrate(database.engine)
            return str(make_url(url).database)

        yield named


@pytest.fixture(scope="module")
def club_options(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """The options of the simulated Twizzit."""
    options: Mapping[str, Any] = request.module.SMALL
    return options


@pytest.fixture(scope="session")
def _synced_clubs(postgres_url: str) -> Iterator[SyncedClubs]:
    """Those of the server, which lives longer."""
    clubs = SyncedClubs()
    yield clubs
    clubs.close()


@pytest.fixture(scope="module")
def synced(
    request: pytest.FixtureRequest,
    new_database: NewDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    club_options: Mapping[str, Any],
    _synced_clubs: SyncedClubs,
) -> SyncedOnce:
    act = getattr(request.module, "SYNCED_BY", first_sync)

    def make() -> AbstractContextManager[SyncedOnce]:
        return synced_once(new_database, tmp_path_factory.mktemp("synced"), act, **club_options)

    return _synced_clubs.once(make, act, club_options)


@pytest.fixture
def begun(
    request: pytest.FixtureRequest,
    synced: SyncedOnce,
    copied_database: CopiedDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    club_options: Mapping[str, Any],
    _synced_clubs: SyncedClubs,
) -> SyncedOnce:
    """What the test begins with: the synced club, or what the act of its mark has made of it."""
    mark = request.node.get_closest_marker("begins")
    if mark is None:
        return synced
    act = mark.kwargs["after"]

    def make() -> AbstractContextManager[SyncedOnce]:
        return gone_on(copied_database, tmp_path_factory.mktemp("begun"), act, synced, **club_options)

    return _synced_clubs.once(make, act, synced.template)


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    settings: Settings,
    database: Database,
    simulate: Callable[..., SimulatorServer],
    club_options: Mapping[str, Any],
) -> SyncWorld:
    marked = request.node.get_closest_marker("begins") is not None
    twizzit = request.getfixturevalue("begun").copied_twizzit() if marked else None
    return SyncWorld(quick(settings), database, simulate(twizzit, **club_options))


@pytest.fixture
def club(world: SyncWorld, synced: SyncedOnce) -> int:
    """A credential whose club was synced."""
    return taken_over(world, synced)
