"""`twizzit undo`: shown first, done after a yes, and each refusal in one line."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine, command_line_on
from tests.support.sync_world import STEPS, Synced, SyncWorld
from tests.support.undone import state
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 2, "players_per_team": 5, "other_contacts": 0}


@pytest.fixture
def renamed(world: SyncWorld, first: Synced) -> int:
    """The id of a second sync, which brought another name and another number."""
    world.simulator.changes.rename_person(world.roster()[1][3], "Anna", "Geheim")
    world.simulator.changes.set_number(world.roster()[1][4], 977)
    return world.sync(1, steps=STEPS).history["players"].id


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str) -> CommandLine:
    return command_line_on(tmp_path, database_url, COLUMNS="120")


def test_a_preview_writes_nothing_and_an_undo_says_how_to_bring_it_back(
    twizzit: CommandLine, world: SyncWorld, renamed: int
) -> None:
    before = state(world)
    shown = twizzit("undo", renamed, "--preview")
    assert (shown.code, state(world)) == (0, before), shown.err
    assert "jersey_number: 977 → " in shown.out
    assert "Nothing is written yet: this is a preview." in shown.out
    assert "Geheim" not in shown.out, "names of people belong on a terminal"
    asked = twizzit("undo", renamed)
    assert (asked.code, state(world)) == (2, before)
    assert "no terminal to ask on" in asked.err

    done = twizzit("undo", renamed, "--yes")

    assert done.code == 0, done.err
    (undo_id,) = [row["id"] for row in world.rows(tables.sync_history, sync_type="undo")]
    assert f"Done: undo {undo_id}. To bring it back: twizzit undo {undo_id}" in done.out
    assert f"The next sync of {world.season} does the same again as long as Twizzit says so" in done.out
    assert "twizzit config set 1 --no-auto" in done.out
    again = twizzit("undo", renamed, "--yes")
    assert (again.code, again.out) == (1, "")
    assert again.err == (
        f"Error: Sync {renamed} is undone already, by undo {undo_id}; to bring it back: twizzit undo {undo_id}\n"
    )
    ids = ", ".join(str(row["id"]) for row in world.rows(tables.sync_history) if row["id"] in range(3, undo_id))
    assert f"{undo_id} (undo): undid {ids}; to bring that back: twizzit undo {undo_id}" in twizzit("history", 1).out
    document = twizzit("undo", undo_id, "--yes", "--json").json()
    assert document["undo_id"] == undo_id + 1
    assert {step["action"] for step in document["steps"]} == {"restore"}
    assert state(world) == before


def test_what_is_left_is_listed_and_ends_with_3(twizzit: CommandLine, world: SyncWorld, renamed: int) -> None:
    player_id = world.local_id(world.roster()[1][4])
    world.change(tables.players, player_id, jersey_number=978)
    ended = twizzit("undo", renamed, "--yes")
    assert ended.code == 3
    assert "1 row left as it is, at least in part:" in ended.out
    assert f"players {player_id} (jersey_number): changed since, by a person or a later sync" in ended.out


def test_everything_since_a_moment(twizzit: CommandLine, world: SyncWorld, renamed: int) -> None:
    assert "Undo of everything since" in twizzit("undo", world.club().name[:6], "--since", "1h", "--preview").out
    done = twizzit("undo", 1, "--since", "1h", "--yes", "--json").json()
    assert done["history_ids"] == [1, 2, 3, 4]
    assert not any(state(world).values())
    nothing = twizzit("undo", 1, "--since", "2100-01-01")
    assert (nothing.code, nothing.out) == (0, "Nothing to undo: no sync of this club began since then.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["999"], 1, "No sync has the id 999; see: twizzit history CLUB"),
        (["KC"], 2, "a club"),
        (["-5"], 2, "-5"),
        (["nowhere", "--since", "1h"], 2, "No club is called"),
        (["1", "--since", "soon"], 2, "a day, a time, or 30m"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    twizzit: CommandLine, first: Synced, arguments: list[str], code: int, said: str
) -> None:
    ended = twizzit("undo", *arguments, "--yes")
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert "Traceback" not in ended.err
