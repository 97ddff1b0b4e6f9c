"""What `status`, `registered` and lists of what was load and ask for when run: as little as their answer takes."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.loaded_modules import HEAVY, OF_CALLS, OF_LINES, OF_SECRETS, libraries, modules_after_each
from tests.support.registered_world import SMALL, local_team, too_long
from tests.support.sync_world import SyncWorld, quick
from tests.support.synced_world import NewDatabase, SyncedOnce, synced_once, taken_over
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

NOT_NEEDED = HEAVY | OF_CALLS | OF_LINES | OF_SECRETS
# Of our own: the plan, and what reads the wire.
PARTS_NOT_NEEDED = {
    "twizzit_pipeline.accounts.live",
    "twizzit_pipeline.plan",
    "twizzit_pipeline.twizzit.people",
    "twizzit_pipeline.twizzit.wire",
}
TIDY = SMALL | {"tidy": frozenset({1})}  # no one is rejected but who is made so here


@pytest.fixture(scope="module")
def synced(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncedOnce]:
    def one_is_rejected(world: SyncWorld) -> None:
        too_long(world)
        world.sync(world.add_credential())

    with synced_once(new_database, tmp_path_factory.mktemp("synced"), one_is_rejected, **TIDY) as once:
        yield once


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(**TIDY))


def loaded(world: SyncWorld, *commands: str) -> list[set[str]]:
    """What one process holds after each of them: what a later one must not load, none before it has loaded either."""
    url, key = world.settings.database_url, world.settings.encryption_key
    assert url is not None
    assert key is not None
    return modules_after_each(
        *(command.split() for command in commands),
        TWIZZIT_DATABASE_URL=url.get_secret_value(),
        TWIZZIT_ENCRYPTION_KEY=key.get_secret_value(),
        TWIZZIT_ALLOW_PRIVATE_ENDPOINTS="1",
    )


def test_a_quick_command_loads_what_its_answer_takes(world: SyncWorld, synced: SyncedOnce) -> None:
    taken_over(world, synced)
    calls = world.simulator.calls.total
    of_a_team, of_one_rejected = (f"registered --player {a_player_of(world, place)}" for place in (1, 0))
    status, registered, rejected = loaded(world, "status", of_a_team, of_one_rejected)
    assert NOT_NEEDED & libraries(status) == set()
    assert PARTS_NOT_NEEDED & status == set()
    assert NOT_NEEDED & libraries(registered) == set()
    # Why a person of the team is set aside is said in the plan's words.
    assert (PARTS_NOT_NEEDED - {"twizzit_pipeline.plan"}) & registered == set()
    # Of this team one person is rejected, and why is said by the contract's rules: that takes no frame and no call.
    assert NOT_NEEDED & libraries(rejected) == set()
    assert world.simulator.calls.total == calls


def test_a_list_of_what_was_takes_no_frame_and_no_client(world: SyncWorld, synced: SyncedOnce) -> None:
    taken_over(world, synced)
    commands = ("history 1", "rejected 1", "plans list")
    for command, modules in zip(commands, loaded(world, *commands), strict=True):
        assert NOT_NEEDED & libraries(modules) == set(), command


def a_player_of(world: SyncWorld, place: int) -> str:
    return str(world.rows(tables.players, team_id=local_team(world, place))[0]["id"])
