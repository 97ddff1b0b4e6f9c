"""An established club of which Twizzit lists no team any more, once and again: no one is lost, and it is said."""

from typing import Any

import pytest

from tests.support.sync_world import SyncWorld
from twizzit_pipeline.queries import overview
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 6, "other_contacts": 1, "tidy": frozenset({1})}
KEPT = (tables.players, tables.teams, tables.player_mappings, tables.team_mappings, tables.departures)

pytestmark = pytest.mark.parametrize("world", [SMALL], indirect=True)


def test_no_team_at_all_lets_no_one_go_and_is_said_each_time(world: SyncWorld, club: int) -> None:
    listed = sorted(row["twizzit_team_id"] for row in world.rows(tables.team_mappings))
    before = world.dump(KEPT)
    for team in list(world.club().teams(world.simulator.world.running_season)):
        world.simulator.changes.remove_team(team.id)
    for _ in range(3):
        done = world.sync(club)
        assert done.history["teams"].details["warnings"]["none_listed"] == {"count": 3, "twizzit_ids": listed}
        assert world.dump(KEPT) == before
    assert all(row["is_active"] and row["is_twizzit_registered"] for row in world.rows(tables.players))
    (now,) = overview.read(world.database.engine, season_start="07-01").credentials
    assert now.needs_attention
    assert now.none_listed["teams"] == 3
    assert "Twizzit lists no team of this season any more" in now.why
    assert now.what_to_do.endswith(f"then: twizzit sync {club}")


def test_a_club_that_lists_some_and_one_of_which_there_never_were_any_need_no_attention(world: SyncWorld) -> None:
    """As between seasons: the new one has no team yet."""
    for team in list(world.club().teams(world.simulator.world.running_season)):
        world.simulator.changes.remove_team(team.id)
    credential_id = world.add_credential()
    done = world.sync(credential_id)
    assert "none_listed" not in done.history["teams"].details.get("warnings", {})
    (now,) = overview.read(world.database.engine, season_start="07-01").credentials
    assert (now.none_listed, now.needs_attention) == ({}, False)


def test_no_player_in_any_team_lets_no_one_go_either(world: SyncWorld, club: int) -> None:
    listed = sorted(row["twizzit_player_id"] for row in world.rows(tables.player_mappings))
    before = world.dump(KEPT)
    for team in world.club().teams(world.simulator.world.running_season):
        for person in list(world.club().players(team.id)):
            world.simulator.changes.remove_from_team(person.id, team.id)
    for _ in range(2):
        done = world.sync(club)
        warnings = done.history["players"].details["warnings"]
        assert warnings == {"none_listed": {"count": len(listed), "twizzit_ids": listed}}
        assert "none_listed" not in done.history["teams"].details["warnings"]
        assert world.dump(KEPT) == before
    (now,) = overview.read(world.database.engine, season_start="07-01").credentials
    assert (now.none_listed, now.needs_attention) == ({"players": len(listed)}, True)
    assert "no player in any team of this season" in now.why


def test_a_season_whose_teams_have_no_player_yet_says_so(world: SyncWorld) -> None:
    """From its first sync on: the players of the season before stay, and no new one comes."""
    credential_id = world.add_credential()
    before, running = world.simulator.world.seasons_of(world.club())
    for team in world.club().teams(running):
        for person in list(world.club().players(team.id)):
            world.simulator.changes.remove_from_team(person.id, team.id)
    world.sync(credential_id, before.label, day=before.end)
    listed = sorted(row["twizzit_player_id"] for row in world.rows(tables.player_mappings))
    found = world.sync(credential_id).history["players"].details["warnings"]["none_listed"]
    assert (found["count"], found["twizzit_ids"]) == (len(listed), listed)
    assert listed
    assert all(row["is_active"] for row in world.rows(tables.players))
