"""What holds for every plan, whatever Twizzit says and whatever stands in ShotSpot already."""

import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.memory_shotspot import OLDER, OTHER_CLUB, MemoryShotSpot, sync_people
from tests.support.plan_strategies import assert_settled, planned_in_any_order, remote_players, remote_teams, shotspots
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import RemotePlayer, RemoteTeam
from twizzit_pipeline.plan.teams import plan_teams


@given(shotspots(), remote_teams(), remote_players(), st.randoms(use_true_random=False))
@settings(max_examples=examples(120), deadline=None)
def test_each_row_is_mapped_or_reported_in_any_order_and_a_second_sync_changes_nothing(
    shotspot: MemoryShotSpot, teams: list[RemoteTeam], players: list[RemotePlayer], chance: random.Random
) -> None:
    """Three properties of one drawing, which costs more than they do."""
    team_plan = planned_in_any_order(plan_teams, shotspot.team_state, teams, chance)
    shotspot.apply(team_plan)
    player_plan = planned_in_any_order(plan_players, shotspot.player_state, players, chance)
    shotspot.apply(player_plan)
    mapped = {mapping.twizzit_id for mapping in shotspot.team_mappings.values()}
    assert mapped | {item.twizzit_id for item in team_plan.failed} == {team.id for team in teams}
    mapped = {mapping.twizzit_id for mapping in shotspot.player_mappings.values()}
    assert mapped | {item.twizzit_id for item in player_plan.failed} == {player.id for player in players}
    assert not mapped & {item.twizzit_id for item in player_plan.failed}
    assert_settled((team_plan, player_plan), sync_people(shotspot, teams, players))


@given(shotspots(), remote_teams(), remote_players(), remote_teams(), remote_players())
@settings(max_examples=examples(120), deadline=None)
def test_whatever_changes_remotely_settles_after_one_sync(
    shotspot: MemoryShotSpot,
    teams: list[RemoteTeam],
    players: list[RemotePlayer],
    later_teams: list[RemoteTeam],
    later_players: list[RemotePlayer],
) -> None:
    sync_people(shotspot, teams, players)
    sync_people(shotspot, later_teams, later_players)
    # A number or a name that was given up only in that very sync may be taken up in the next: never in a third.
    sync_people(shotspot, later_teams, later_players)
    for plan in sync_people(shotspot, later_teams, later_players):
        assert plan.changes == []


@given(remote_teams(), remote_players(), remote_teams(), remote_players())
@settings(max_examples=examples(100), deadline=None)
def test_two_organizations_never_touch_each_others_rows(
    teams: list[RemoteTeam],
    players: list[RemotePlayer],
    other_teams: list[RemoteTeam],
    other_players: list[RemotePlayer],
) -> None:
    shotspot = MemoryShotSpot()
    sync_people(shotspot, [replace(team, club_name=None) for team in teams], players)
    before: tuple[dict[int, Any], ...] = (
        dict(shotspot.teams),
        dict(shotspot.players),
        dict(shotspot.team_mappings),
        dict(shotspot.player_mappings),
    )
    sync_people(shotspot, [replace(team, club_name=None) for team in other_teams], other_players, OTHER_CLUB)
    after: tuple[dict[int, Any], ...] = (
        shotspot.teams,
        shotspot.players,
        shotspot.team_mappings,
        shotspot.player_mappings,
    )
    for rows, now in zip(before, after, strict=True):
        assert {row_id: now[row_id] for row_id in rows} == rows


@given(remote_teams(), remote_players(), remote_players())
@settings(max_examples=examples(100), deadline=None)
def test_an_older_season_overwrites_nothing(
    teams: list[RemoteTeam], players: list[RemotePlayer], older_players: list[RemotePlayer]
) -> None:
    shotspot = MemoryShotSpot()
    sync_people(shotspot, teams, players)
    before: tuple[dict[int, Any], ...] = dict(shotspot.players), dict(shotspot.player_mappings)
    older_teams = [RemoteTeam(f"1{team.id}", team.name, team.club_name, None, team.gender) for team in teams]
    moved = [replace(player, team_id=f"1{player.team_id}") for player in older_players]
    sync_people(shotspot, older_teams, moved, season=OLDER)
    after: tuple[dict[int, Any], ...] = shotspot.players, shotspot.player_mappings
    for rows, now in zip(before, after, strict=True):
        assert {row_id: now[row_id] for row_id in rows} == rows
    added = [player for row_id, player in shotspot.players.items() if row_id not in before[0]]
    assert not any(player.is_active for player in added)
