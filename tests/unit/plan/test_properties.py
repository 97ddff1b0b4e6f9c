"""What holds for every plan, whatever Twizzit says and whatever stands in ShotSpot already."""

import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.memory_shotspot import CLUB, OLDER, OTHER_CLUB, SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import LocalClub, LocalPlayer, LocalSeason, LocalTeam, RemotePlayer, RemoteTeam
from twizzit_pipeline.plan.teams import plan_teams

TEAM_NAMES = st.sampled_from(["U15", "u15", "U15 A", "Senioren", "Sénioren", "U17"])
FIRST = st.sampled_from(["Noë", "Noe", "Lotte", "José"])
LAST = st.sampled_from(["Van den Broeck", "D'Hondt", "D’Hondt", "Peeters"])
GENDERS = st.sampled_from(["male", "female", None])
NUMBERS = st.one_of(st.none(), st.integers(0, 4))


@st.composite
def remote_teams(draw: st.DrawFn) -> list[RemoteTeam]:
    ids = draw(st.lists(st.integers(1, 6), unique=True, max_size=5))
    club = st.sampled_from([None, None, "Boeckenberg"])
    return [RemoteTeam(str(i), draw(TEAM_NAMES), draw(club), None, draw(GENDERS)) for i in ids]


@st.composite
def remote_players(draw: st.DrawFn) -> list[RemotePlayer]:
    people = {
        str(i): (draw(FIRST), draw(LAST), draw(GENDERS), draw(NUMBERS))
        for i in draw(st.lists(st.integers(100, 107), unique=True, max_size=6))
    }
    places = st.lists(st.sampled_from(["1", "2", "3", "9"]), unique=True, min_size=1, max_size=2)
    return [RemotePlayer(team, i, *person) for i, person in people.items() for team in draw(places)]


@st.composite
def shotspots(draw: st.DrawFn) -> MemoryShotSpot:
    """Rows that somebody typed in before the first sync."""
    shotspot = MemoryShotSpot()
    if draw(st.booleans()):
        shotspot.clubs[1] = LocalClub(1, draw(st.sampled_from(["KC Duinen", "kc duinen", "KC Düinen"])))
        if draw(st.booleans()):
            shotspot.seasons[1] = LocalSeason(1, "2026-2027", SEASON.start_date, SEASON.end_date)
        names = draw(st.lists(TEAM_NAMES, unique=True, max_size=3))
        for i, name in enumerate(names, 1):
            season = 1 if bool(shotspot.seasons) and draw(st.booleans()) else None
            shotspot.teams[i] = LocalTeam(i, 1, name, None, draw(GENDERS), season, True, False)
        numbers = draw(st.lists(st.integers(0, 4), unique=True, max_size=4))
        for i, number in enumerate(numbers, 1):
            held = number if draw(st.booleans()) else None
            team = draw(st.sampled_from([None, *shotspot.teams]))
            shotspot.players[i] = LocalPlayer(
                i, 1, team, draw(FIRST), draw(LAST), draw(GENDERS), held, draw(st.booleans()), False
            )
    shotspot.check()
    return shotspot


def sync(shotspot: MemoryShotSpot, teams: list[RemoteTeam], players: list[RemotePlayer], owner=CLUB, season=SEASON):
    team_plan = plan_teams(shotspot.team_state(teams, owner, season))
    shotspot.apply(team_plan)
    player_plan = plan_players(shotspot.player_state(players, owner, season))
    shotspot.apply(player_plan)
    return team_plan, player_plan


def outcome(plan: Plan) -> tuple[object, ...]:
    return (
        sorted(map(repr, plan.changes)),
        sorted(map(repr, plan.failed)),
        sorted(map(repr, plan.warned)),
        plan.unchanged,
    )


@given(shotspots(), remote_teams(), remote_players())
@settings(max_examples=examples(120), deadline=None)
def test_a_second_sync_changes_nothing(shotspot, teams, players):
    first = sync(shotspot, teams, players)
    second = sync(shotspot, teams, players)
    for before, after in zip(first, second, strict=True):
        assert after.changes == []
        assert after.items == before.items
        assert sorted(map(repr, after.failed)) == sorted(map(repr, before.failed))


@given(shotspots(), remote_teams(), remote_players(), remote_teams(), remote_players())
@settings(max_examples=examples(120), deadline=None)
def test_whatever_changes_remotely_settles_after_one_sync(shotspot, teams, players, later_teams, later_players):
    sync(shotspot, teams, players)
    sync(shotspot, later_teams, later_players)
    # A number or a name that somebody gave up only in that very sync may be taken up in the next: never in a third.
    sync(shotspot, later_teams, later_players)
    for plan in sync(shotspot, later_teams, later_players):
        assert plan.changes == []


@given(shotspots(), remote_teams(), remote_players(), st.randoms(use_true_random=False))
@settings(max_examples=examples(100), deadline=None)
def test_the_order_of_rows_does_not_matter(shotspot, teams, players, chance: random.Random):
    shuffled_teams, shuffled_players = list(teams), list(players)
    chance.shuffle(shuffled_teams)
    chance.shuffle(shuffled_players)
    plan = plan_teams(shotspot.team_state(teams))
    assert outcome(plan) == outcome(plan_teams(shotspot.team_state(shuffled_teams)))
    shotspot.apply(plan)
    plan = plan_players(shotspot.player_state(players))
    assert outcome(plan) == outcome(plan_players(shotspot.player_state(shuffled_players)))


@given(remote_teams(), remote_players(), remote_teams(), remote_players())
@settings(max_examples=examples(100), deadline=None)
def test_two_organizations_never_touch_each_others_rows(teams, players, other_teams, other_players):
    shotspot = MemoryShotSpot()
    sync(shotspot, [replace(team, club_name=None) for team in teams], players)
    before: tuple[dict[int, Any], ...] = (
        dict(shotspot.teams),
        dict(shotspot.players),
        dict(shotspot.team_mappings),
        dict(shotspot.player_mappings),
    )
    sync(shotspot, [replace(team, club_name=None) for team in other_teams], other_players, OTHER_CLUB)
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
def test_an_older_season_overwrites_nothing(teams, players, older_players):
    shotspot = MemoryShotSpot()
    sync(shotspot, teams, players)
    before: tuple[dict[int, Any], ...] = dict(shotspot.players), dict(shotspot.player_mappings)
    older_teams = [RemoteTeam(f"1{team.id}", team.name, team.club_name, None, team.gender) for team in teams]
    moved = [replace(player, team_id=f"1{player.team_id}") for player in older_players]
    sync(shotspot, older_teams, moved, season=OLDER)
    after: tuple[dict[int, Any], ...] = shotspot.players, shotspot.player_mappings
    for rows, now in zip(before, after, strict=True):
        assert {row_id: now[row_id] for row_id in rows} == rows
    added = [player for row_id, player in shotspot.players.items() if row_id not in before[0]]
    assert not any(player.is_active for player in added)


@given(shotspots(), remote_teams(), remote_players())
@settings(max_examples=examples(100), deadline=None)
def test_everybody_is_mapped_or_reported(shotspot, teams, players):
    team_plan, player_plan = sync(shotspot, teams, players)
    mapped = {mapping.twizzit_id for mapping in shotspot.team_mappings.values()}
    assert mapped | {item.twizzit_id for item in team_plan.failed} == {team.id for team in teams}
    mapped = {mapping.twizzit_id for mapping in shotspot.player_mappings.values()}
    assert mapped | {item.twizzit_id for item in player_plan.failed} == {player.id for player in players}
    assert not mapped & {item.twizzit_id for item in player_plan.failed}
