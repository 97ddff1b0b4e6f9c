"""A player in two teams, and syncs that are no evidence of who is missing: half an answer moves no one there either."""

from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.half_answers import left_out, unread
from tests.support.sync_world import STEPS, SyncWorld
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.runs.seasons import today
from twizzit_pipeline.storage import tables
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.preview.repairs import repairs_to_come

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 8, "other_contacts": 3, "tidy": frozenset({1})}
HOW = ("players alone", "nothing made", "one team", "another roster fails", "that roster fails")


def in_two_teams(world: SyncWorld) -> tuple[int, int, int, int]:
    """A player, the team that they have, another one in which they stand as well, and a third."""
    (group, people), (elsewhere, others), (third, more) = (world.roster(place) for place in range(3))
    player = next(one for one in people if one not in {*others, *more})
    world.simulator.changes.add_to_team(player, elsewhere)
    return player, group, elsewhere, third


def left_out_once(world: SyncWorld) -> None:
    """The last scan lists them in the other team alone, and they stay in theirs."""
    player, group, *_ = in_two_teams(world)
    with pytest.MonkeyPatch.context() as patch, left_out(world, group, [player], patch):
        world.sync(next(iter(world.dialects)))


def who_was_left_out(world: SyncWorld) -> tuple[int, int, int, int]:
    """The same as `in_two_teams` said."""
    (group, people), (elsewhere, others), (third, _) = (world.roster(place) for place in range(3))
    assert others[-1] in people
    return others[-1], group, elsewhere, third


def no_evidence(world: SyncWorld, club: int, how: str, elsewhere: int, third: int, patch: pytest.MonkeyPatch) -> int:
    """A sync that is no evidence; its calls."""
    narrowings = {"nothing made": Narrowing(create_missing=False), "one team": Narrowing(str(elsewhere))}
    steps = (scan_players, map_players) if how == "players alone" else STEPS
    with ExitStack() as opened:
        if how.endswith("fails"):
            opened.enter_context(unread(third if how == "another roster fails" else elsewhere, patch))
        session = opened.enter_context(world.session(club, narrowing=narrowings.get(how, Narrowing())))
        for step in steps:
            step(session)
        return session.calls


@pytest.mark.begins(after=left_out_once)
@pytest.mark.parametrize("how", HOW)
def test_a_sync_that_is_no_evidence_moves_no_one_on_half_an_answer(
    world: SyncWorld, club: int, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    player, group, elsewhere, third = who_was_left_out(world)
    before = world.player(player)["jersey_number"]
    world.simulator.changes.set_number(player, 61)

    with left_out(world, group, [player], monkeypatch):
        no_evidence(world, club, how, elsewhere, third, monkeypatch)

    assert world.player(player)["team_id"] == world.local_id(group, "team")
    read = how != "that roster fails"
    assert world.player(player)["jersey_number"] == (61 if read else before), "all else goes on"
    assert not world.rows(tables.departures)


@pytest.mark.begins(after=left_out_once)
@pytest.mark.parametrize("how", HOW)
def test_it_moves_whom_two_readings_of_their_team_lack(
    world: SyncWorld, club: int, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    player, group, elsewhere, third = who_was_left_out(world)
    world.simulator.changes.remove_from_team(player, group)

    no_evidence(world, club, how, elsewhere, third, monkeypatch)

    assert world.player(player)["team_id"] == world.local_id(elsewhere, "team")


def test_a_team_that_a_sync_of_the_players_does_not_know_of_keeps_them(
    world: SyncWorld, club: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not listed any more, and what became of it is for a sync of the teams to find out."""
    player, group, elsewhere, third = in_two_teams(world)
    world.sync(club)
    groups, rosters = world.club().groups, world.club().rosters
    listed, roster = groups[group], rosters[group]
    world.simulator.changes.remove_team(group)
    with world.session(club, narrowing=Narrowing(create_missing=False)) as session:
        for step in STEPS:
            step(session)
    assert world.player(player)["team_id"] == world.local_id(group, "team")
    no_evidence(world, club, "players alone", elsewhere, third, monkeypatch)
    assert world.player(player)["team_id"] == world.local_id(group, "team")

    groups[group], rosters[group] = listed, roster
    world.sync(club)

    assert world.player(player)["team_id"] == world.local_id(group, "team")


@pytest.mark.begins(after=left_out_once)
def test_what_is_mapped_without_a_scan_moves_no_one(world: SyncWorld, club: int) -> None:
    """Nothing was asked since the scan: neither the mapping alone nor the preview of a repair goes by half of it."""
    player, group, *_ = who_was_left_out(world)

    world.sync(club, steps=(map_players,))

    assert world.player(player)["team_id"] == world.local_id(group, "team")
    season_start = world.settings.season_start
    found = repairs_to_come(
        world.database.engine, club, only="players", season=None, day=today(), season_start=season_start
    )
    assert not found.rows
