"""`twizzit credentials clubs` and `update`: which clubs a credential feeds, and another address for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, command_line_on
from tests.support.sync_world import STEPS, SyncWorld, quick
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    made = SyncWorld(quick(settings), database, simulate(clubs=1, teams=2, players_per_team=3, other_contacts=0))
    made.sync(made.add_credential(), steps=STEPS)
    return made


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str) -> CommandLine:
    return command_line_on(tmp_path, database_url, COLUMNS="160")


def test_the_clubs_that_a_credential_feeds_are_listed(twizzit: CommandLine, world: SyncWorld) -> None:
    (club,) = world.rows(tables.clubs)
    shown = twizzit("credentials", "clubs", 1)
    assert (shown.code, shown.err) == (0, "")
    assert any(line.split() == [str(club["id"]), *club["name"].split(), "2", "0"] for line in shown.out.splitlines())
    (document,) = twizzit("credentials", "clubs", 1, "--json").json()
    assert {name: document[name] for name in ("club_id", "club_name", "teams")} == {
        "club_id": club["id"],
        "club_name": club["name"],
        "teams": 2,
    }


def test_another_address_is_asked_and_what_was_mapped_stays_or_goes_along(
    twizzit: CommandLine, world: SyncWorld
) -> None:
    mapped = sum(len(world.rows(table)) for table in (tables.team_mappings, tables.player_mappings))
    moved = twizzit("credentials", "update", 1, "--endpoint", "https://127.0.0.2:9999")
    assert (moved.code, moved.err) == (0, "")
    assert "Credential 1 asks 127.0.0.2:9999. See whether it works: twizzit credentials verify 1" in moved.out
    assert f"{mapped} mappings of another address stay as they are and are not used" in moved.out
    same = twizzit("credentials", "update", 1, "--same-organization")
    assert same.code == 0, same.err
    assert f"{mapped} mappings of before count there from now on." in same.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say what to change"),
        (("--endpoint", "https://x.example/" + "a" * 500), "at most 500 characters"),
        (("--endpoint", "ftp://x.example"), "endpoint"),
    ],
    ids=["nothing", "too long", "no address of a Twizzit"],
)
def test_what_is_no_change_is_refused_and_nothing_is_written(
    twizzit: CommandLine, world: SyncWorld, arguments: tuple[str, ...], said: str
) -> None:
    before = world.rows(tables.credentials)
    refused = twizzit("credentials", "update", 1, *arguments)
    assert refused.code != 0
    assert said in refused.err.lower()
    assert "Traceback" not in refused.err
    assert world.rows(tables.credentials) == before
