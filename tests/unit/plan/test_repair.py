"""A repair brings mapped teams and players to Twizzit's values, local edits included; a sync without one does not."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.memory_shotspot import OLDER, SEASON, MemoryShotSpot, sync_people
from tests.support.plan_strategies import FIRST, GENDERS, LAST, remote_players, remote_teams, shotspots
from twizzit_pipeline.plan import Warned
from twizzit_pipeline.plan.repair import REPAIRED_ON_REQUEST, repaired_columns
from twizzit_pipeline.plan.rows import LocalPlayer, LocalSeason, LocalTeam, RemotePlayer, RemoteTeam

REPAIR = replace(SEASON, repairs=True)
U15, U17 = RemoteTeam("1", "U15", None, "U15", "mixed"), RemoteTeam("2", "U17", None, None, None)
JEAN = RemotePlayer("1", "100", "Jean Luc", "Devos", "male", 7)


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """A club with two teams, and one player in the first of them."""
    made = MemoryShotSpot()
    sync_people(made, [U15, U17], [JEAN])
    return made


def edit(shotspot: MemoryShotSpot, player_id: int = 1, **values: Any) -> LocalPlayer:
    shotspot.players[player_id] = replace(shotspot.players[player_id], **values)
    return shotspot.players[player_id]


EDITS: dict[str, Any] = {
    "first_name": "Johan",
    "last_name": "De Vos",
    "gender": "female",
    "jersey_number": 12,
    "team_id": 2,
    "is_active": False,
}


@pytest.mark.parametrize("column", EDITS)
def test_an_edit_survives_a_sync_and_no_repair(shotspot: MemoryShotSpot, column: str) -> None:
    before = shotspot.players[1]
    edited = edit(shotspot, **{column: EDITS[column]})
    sync_people(shotspot, [U15, U17], [JEAN])
    assert shotspot.players[1] == edited

    _, plan = sync_people(shotspot, [U15, U17], [JEAN], season=REPAIR)
    assert shotspot.players[1] == before
    (change,) = plan.changes
    assert (change.repaired, change.conflicts, change.mapping) == ((column,), (), None)
    assert plan.warned == [Warned("100", REPAIRED_ON_REQUEST)]
    assert repaired_columns(plan.changes) == {column: 1}
    assert [one.changes for one in sync_people(shotspot, [U15, U17], [JEAN], season=REPAIR)] == [[], []]


def test_an_emptied_value_comes_back_too(shotspot: MemoryShotSpot) -> None:
    edit(shotspot, jersey_number=None, gender=None, team_id=None, club_id=None, is_active=None)
    _, plan = sync_people(shotspot, [U15, U17], [JEAN], season=REPAIR)
    player = shotspot.players[1]
    assert (player.jersey_number, player.gender, player.team_id, player.club_id) == (7, "male", 1, 1)
    assert player.is_active is True
    assert set(plan.changes[0].repaired) == {"jersey_number", "gender", "team_id", "is_active"}, "the club was ours"


def test_what_twizzit_says_nothing_of_stays() -> None:
    shotspot, silent = MemoryShotSpot(), replace(JEAN, gender=None, jersey_number=None)
    sync_people(shotspot, [U15, U17], [silent])
    edited = edit(shotspot, gender="female", jersey_number=4)
    shotspot.teams[2] = replace(shotspot.teams[2], age_group="U17", gender="female")
    plans = sync_people(shotspot, [U15, U17], [silent], season=REPAIR)
    assert [plan.changes for plan in plans] == [[], []]
    assert shotspot.players[1] == edited


def test_where_a_guessed_name_is_split_stays_and_another_name_does_not() -> None:
    shotspot, guessed = MemoryShotSpot(), replace(JEAN, first_name="Devos", last_name="Jean Luc", name_guessed=True)
    sync_people(shotspot, [U15, U17], [guessed])
    split = edit(shotspot, first_name="Jean Luc", last_name="Devos")
    sync_people(shotspot, [U15, U17], [guessed], season=REPAIR)
    assert shotspot.players[1] == split
    edit(shotspot, first_name="Jan")
    sync_people(shotspot, [U15, U17], [guessed], season=REPAIR)
    assert (shotspot.players[1].first_name, shotspot.players[1].last_name) == ("Devos", "Jean Luc")


def test_of_two_teams_in_twizzit_the_one_that_they_have_stays(shotspot: MemoryShotSpot) -> None:
    both = [JEAN, replace(JEAN, team_id="2")]
    sync_people(shotspot, [U15, U17], both)
    edited = edit(shotspot, team_id=2)
    sync_people(shotspot, [U15, U17], both, season=REPAIR)
    assert shotspot.players[1] == edited


def test_a_number_that_another_player_has_stays_with_them_and_is_a_remark(shotspot: MemoryShotSpot) -> None:
    shotspot.players[2] = LocalPlayer(2, 1, None, "Lotte", "Peeters", None, 7, True, False)
    edit(shotspot, jersey_number=12)
    for _ in range(2):
        _, plan = sync_people(shotspot, [U15, U17], [JEAN], season=REPAIR)
        assert (plan.changes, plan.warned) == ([], [Warned("100", "number_taken")])
    assert [shotspot.players[one].jersey_number for one in (1, 2)] == [12, 7]
    _, plan = sync_people(shotspot, [U15, U17], [JEAN])
    assert (plan.changes, plan.warned) == ([], []), "an ordinary sync has nothing to do with it"


def test_two_who_swapped_their_numbers_swap_back(shotspot: MemoryShotSpot) -> None:
    lotte = RemotePlayer("1", "200", "Lotte", "Peeters", None, 8)
    sync_people(shotspot, [U15, U17], [JEAN, lotte])
    edit(shotspot, 2, jersey_number=None)
    edit(shotspot, 1, jersey_number=8)
    edit(shotspot, 2, jersey_number=7)
    _, plan = sync_people(shotspot, [U15, U17], [JEAN, lotte], season=REPAIR)
    assert [shotspot.players[one].jersey_number for one in (1, 2)] == [7, 8]
    assert repaired_columns(plan.changes) == {"jersey_number": 2}


def test_who_had_the_number_gets_it_back_before_one_who_only_waits_for_it(shotspot: MemoryShotSpot) -> None:
    waiting = RemotePlayer("1", "50", "Lotte", "Peeters", None, 7)
    sync_people(shotspot, [U15, U17], [JEAN, waiting])
    edit(shotspot, jersey_number=12)
    _, plan = sync_people(shotspot, [U15, U17], [JEAN, waiting], season=REPAIR)
    assert [shotspot.players[one].jersey_number for one in (1, 2)] == [7, None]
    assert plan.warned == [Warned("50", "number_taken"), Warned("100", REPAIRED_ON_REQUEST)]


def test_what_twizzit_changed_is_no_repair(shotspot: MemoryShotSpot) -> None:
    edit(shotspot, last_name="De Vos")
    _, plan = sync_people(shotspot, [U15, U17], [replace(JEAN, jersey_number=9)], season=REPAIR)
    (change,) = plan.changes
    assert change.changed == {"last_name": "Devos", "jersey_number": 9}
    assert change.repaired == ("last_name",)


def test_a_mapping_to_another_row_stays(shotspot: MemoryShotSpot) -> None:
    """A person said that Twizzit's Jean is player 2: that one is brought to Twizzit's values, and player 1 is not."""
    shotspot.players[2] = LocalPlayer(2, 1, 1, "Jan", "Devos", None, None, True, True)
    shotspot.player_mappings[1] = replace(shotspot.player_mappings[1], local_id=2)
    before = edit(shotspot, 1, first_name="Piet", jersey_number=None)
    sync_people(shotspot, [U15, U17], [JEAN], season=REPAIR)
    assert shotspot.player_mappings[1].local_id == 2
    assert shotspot.players[1] == replace(before, mapped=shotspot.players[1].mapped)
    assert (shotspot.players[2].first_name, shotspot.players[2].jersey_number) == ("Jean Luc", 7)


def test_a_team_gets_its_name_group_gender_and_season_back(shotspot: MemoryShotSpot) -> None:
    shotspot.seasons[2] = LocalSeason(2, "Zaal", SEASON.start_date, SEASON.start_date)
    before = shotspot.teams[1]
    shotspot.teams[1] = edited = replace(before, name="Kadetten", age_group="U16", gender="female", season_id=2)
    sync_people(shotspot, [U15, U17], [JEAN])
    assert shotspot.teams[1] == edited
    plan, _ = sync_people(shotspot, [U15, U17], [JEAN], season=REPAIR)
    assert shotspot.teams[1] == before
    assert set(plan.changes[0].repaired) == {"name", "age_group", "gender", "season_id"}


def test_a_season_that_a_person_renamed_is_not_made_once_more_for_a_repair(shotspot: MemoryShotSpot) -> None:
    shotspot.seasons[1] = replace(shotspot.seasons[1], name="Ons seizoen", start_date=SEASON.end_date)
    plans = sync_people(shotspot, [U15, U17], [JEAN], season=REPAIR)
    assert [plan.changes for plan in plans] == [[], []]


def test_a_name_that_another_team_has_by_now_is_not_taken_from_it(shotspot: MemoryShotSpot) -> None:
    shotspot.teams[1] = edited = replace(shotspot.teams[1], name="Kadetten")
    shotspot.teams[3] = LocalTeam(3, 1, "U15", None, None, 1, True, False)
    plan, _ = sync_people(shotspot, [U15, U17], [JEAN], season=REPAIR)
    assert [item.reason for item in plan.failed] == ["name_taken"]
    assert shotspot.teams[1] == edited


def test_a_past_season_is_left_alone(shotspot: MemoryShotSpot) -> None:
    edited = edit(shotspot, jersey_number=12)
    teams = dict(shotspot.teams)
    plans = sync_people(shotspot, [U15, U17], [JEAN], season=OLDER)
    assert not any(change.repaired for plan in plans for change in plan.changes)
    assert (shotspot.players[1], shotspot.teams) == (edited, teams)


def test_a_row_that_is_found_is_twizzits_at_once() -> None:
    """Else a second repair would write what the first one had only linked."""
    shotspot = MemoryShotSpot()
    sync_people(shotspot, [U15, U17], [])
    shotspot.players[1] = LocalPlayer(1, 1, 2, "jean luc", "DEVOS", None, 12, False, False)
    _, plan = sync_people(shotspot, [U15, U17], [JEAN], season=REPAIR)
    player = shotspot.players[1]
    assert (player.first_name, player.last_name, player.jersey_number, player.team_id) == ("Jean Luc", "Devos", 7, 1)
    assert plan.count("link") == 1
    assert plan.warned == [Warned("100", REPAIRED_ON_REQUEST)]
    assert [one.changes for one in sync_people(shotspot, [U15, U17], [JEAN], season=REPAIR)] == [[], []]


@st.composite
def edits(draw: st.DrawFn) -> dict[int, dict[str, object]]:
    """Row of a player → what a person writes there."""
    columns = {
        "first_name": FIRST,
        "last_name": LAST,
        "gender": GENDERS,
        "jersey_number": st.one_of(st.none(), st.integers(10, 14)),
        "team_id": st.sampled_from([None, 1, 2]),
        "is_active": st.booleans(),
    }
    made: dict[int, dict[str, object]] = {}
    for row_id in draw(st.lists(st.integers(1, 8), unique=True, max_size=5)):
        chosen = draw(st.lists(st.sampled_from(sorted(columns)), unique=True))
        made[row_id] = {column: draw(columns[column]) for column in chosen}
    return made


def mapped_players(shotspot: MemoryShotSpot) -> set[int]:
    return {one.local_id for one in shotspot.player_mappings.values()}


def apply_edits(shotspot: MemoryShotSpot, edited: dict[int, dict[str, object]]) -> None:
    for row_id, wanted in edited.items():
        values = dict(wanted)
        if row_id not in mapped_players(shotspot) or values.get("team_id", 1) not in (None, *shotspot.teams):
            continue
        club_id = shotspot.players[row_id].club_id
        others = [one for one in shotspot.players.values() if one.id != row_id and one.club_id == club_id]
        if values.get("jersey_number") in {one.jersey_number for one in others}:
            values.pop("jersey_number", None)
        edit(shotspot, row_id, **values)


@given(shotspots(), remote_teams(), remote_players(), edits())
@settings(max_examples=examples(100), deadline=None)
def test_without_a_repair_every_edit_survives(
    shotspot: MemoryShotSpot, teams: list[RemoteTeam], players: list[RemotePlayer], edited: dict[int, dict[str, object]]
) -> None:
    sync_people(shotspot, teams, players)
    sync_people(shotspot, teams, players)
    apply_edits(shotspot, edited)
    waiting = {
        one.local_id for one in shotspot.player_mappings.values() if (one.last_values or {}).get("number_withheld")
    }
    before = {row_id: shotspot.players[row_id] for row_id in mapped_players(shotspot)}
    sync_people(shotspot, teams, players)
    for row_id, player in before.items():
        now = shotspot.players[row_id]
        wanted = replace(player, jersey_number=now.jersey_number) if row_id in waiting else player
        if now.club_id != player.club_id:  # put into the other one of their teams, which is another club's
            assert edited[row_id]["team_id"] == now.team_id
            wanted = replace(player, club_id=now.club_id, jersey_number=now.jersey_number)
        assert now == wanted


@given(shotspots(), remote_teams(), remote_players(), edits())
@settings(max_examples=examples(100), deadline=None)
def test_after_a_repair_everything_that_twizzit_names_is_twizzits(
    shotspot: MemoryShotSpot, teams: list[RemoteTeam], players: list[RemotePlayer], edited: dict[int, dict[str, object]]
) -> None:
    sync_people(shotspot, teams, players)
    apply_edits(shotspot, edited)
    team_plan, player_plan = sync_people(shotspot, teams, players, season=REPAIR)
    denied = {one.twizzit_id for one in player_plan.warned if one.reason == "number_taken"}
    failed = {one.twizzit_id for plan in (team_plan, player_plan) for one in plan.failed}
    local_teams = {one.twizzit_id: one.local_id for one in shotspot.team_mappings.values()}
    for team in (one for one in teams if one.id in local_teams and one.id not in failed):
        assert shotspot.teams[local_teams[team.id]].name == team.name
        assert team.gender in (None, shotspot.teams[local_teams[team.id]].gender)
    mapped = {one.twizzit_id: shotspot.players[one.local_id] for one in shotspot.player_mappings.values()}
    for player in (one for one in players if one.id not in failed):
        held = mapped[player.id]
        assert (held.first_name, held.last_name, held.is_active) == (player.first_name, player.last_name, True)
        assert player.gender in (None, held.gender)
        assert held.team_id in {
            local_teams[one.team_id] for one in players if one.id == player.id and one.team_id in local_teams
        }
        assert player.id in denied or player.jersey_number in (None, held.jersey_number)
    # A number that was given up only in that very repair may be taken up in the next: never in a third.
    sync_people(shotspot, teams, players, season=REPAIR)
    for plan in sync_people(shotspot, teams, players, season=REPAIR):
        assert (plan.changes, repaired_columns(plan.changes)) == ([], {})


def test_only_what_a_repair_alone_writes_is_a_remark(shotspot: MemoryShotSpot) -> None:
    noor = RemotePlayer("1", "101", "Noor", "Peeters", None, None)
    edit(shotspot, first_name="Johan")
    _, plan = sync_people(shotspot, [U15, U17], [JEAN, noor], season=REPAIR)
    assert plan.count("create") == 1
    assert plan.warned == [Warned("100", REPAIRED_ON_REQUEST)]
