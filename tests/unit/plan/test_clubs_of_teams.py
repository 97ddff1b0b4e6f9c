"""Which club a team goes to: one that is spelled otherwise than the organization, or one that is named."""

from dataclasses import replace

import pytest

from tests.support.memory_shotspot import CLUB, SEASON, MemoryShotSpot, team
from tests.support.memory_shotspot import sync_teams as sync
from twizzit_pipeline.plan import Failed
from twizzit_pipeline.plan.clubs import ClubNames
from twizzit_pipeline.plan.rows import LocalClub, LocalSeason, LocalTeam


def other_spelling(*names: str) -> MemoryShotSpot:
    return MemoryShotSpot(clubs={i: LocalClub(i, name) for i, name in enumerate(names, 5)})


@pytest.mark.parametrize(
    "name", ["K.C. Duinen", "Korfbalclub Duinen vzw", "Duinen KC", "Koninklijke Korfbalclub Duinen"]
)
def test_a_club_spelled_otherwise_than_the_organization_is_found(name: str) -> None:
    shotspot = other_spelling(name, "KV Duinen", "KC Duinen Zuid")
    sync(shotspot, team("1", "U15"))
    assert shotspot.teams[1].club_id == 5
    assert len(shotspot.clubs) == 3


def test_two_spellings_that_fit_make_the_team_doubtful() -> None:
    shotspot = other_spelling("K.C. Duinen", "Korfbalclub Duinen")
    assert sync(shotspot, team("1", "U15")).failed == [Failed("1", "club_doubtful")]


def test_the_very_name_wins_over_other_spellings() -> None:
    shotspot = other_spelling("K.C. Duinen", "KC Duinen")
    sync(shotspot, team("1", "U15"))
    assert shotspot.teams[1].club_id == 6


def test_two_spellings_in_one_plan_are_one_club() -> None:
    shotspot = MemoryShotSpot(federations={1})
    sync(shotspot, team("1", "U15", "KC Leie"), team("2", "U17", "K.C. Leie vzw"))
    assert [club.name for club in shotspot.clubs.values()] == ["KC Leie"]


def test_the_named_club_wins_over_the_organizations_name() -> None:
    shotspot = other_spelling("De Meerkoeten", "KC Duinen")
    shotspot.federations = {1}
    named = replace(CLUB, club_id=5)
    sync(shotspot, team("1", "U15"), team("2", "U17", "KC Leie"), team("3", "U19", "K.C. Duinen"), owner=named)
    assert [one.club_id for one in shotspot.teams.values()] == [5, 7, 5]
    assert shotspot.clubs[7].name == "KC Leie", "a team that names a club of its own goes there"


def test_teams_that_are_mapped_stay_in_their_club_and_new_ones_go_to_the_named_one() -> None:
    shotspot = other_spelling("De Meerkoeten", "KC Duinen")
    sync(shotspot, team("1", "U15"))
    plan = sync(shotspot, team("1", "U15"), team("2", "U17"), owner=replace(CLUB, club_id=5))
    assert plan.failed == []
    assert [one.club_id for one in shotspot.teams.values()] == [6, 5]


def test_a_named_club_that_is_gone_counts_for_nothing() -> None:
    shotspot = other_spelling("KC Duinen")
    sync(shotspot, team("1", "U15"), owner=replace(CLUB, club_id=99))
    assert shotspot.teams[1].club_id == 5


def test_a_team_that_another_clubs_sync_made_as_an_opponent_is_found() -> None:
    shotspot = other_spelling("KC Duinen")
    shotspot.seasons[1] = LocalSeason(1, SEASON.label, SEASON.start_date, SEASON.end_date)
    shotspot.teams[1] = LocalTeam(1, 5, "KC Duinen U15 1", None, None, 1, True, False)
    plan = sync(shotspot, team("1", "U15 1"))
    assert plan.count("link") == 1
    assert len(shotspot.teams) == 1


def test_the_very_name_wins_over_capitals_and_those_over_other_spellings() -> None:
    clubs = [LocalClub(5, "KC DUINEN"), LocalClub(6, " KC Duinen "), LocalClub(7, "K.C. Duinen")]
    asked = ("KC Duinen", "kc duinen", "Korfbalclub Duinen", "KC Leie")
    assert [ClubNames(clubs).fitting(name) for name in asked] == [(6,), (5, 6), (5, 6, 7), ()]


def test_a_name_whose_mapped_teams_stand_in_two_clubs_means_the_club_of_that_name() -> None:
    shotspot = other_spelling("De Meerkoeten", "KC Duinen")
    sync(shotspot, team("1", "U15"), team("2", "U17"))
    shotspot.teams[1] = replace(shotspot.teams[1], club_id=5)
    sync(shotspot, team("1", "U15"), team("2", "U17"), team("3", "U19"))
    assert [one.club_id for one in shotspot.teams.values()] == [5, 6, 6]
