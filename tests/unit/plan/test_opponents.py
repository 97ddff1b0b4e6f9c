"""Which club and team an opponent's name means, and what is made where ShotSpot has none."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import CLUB
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.rows import LocalClub, LocalTeam, Opponent, RemoteMatch
from twizzit_pipeline.runs.sentences import sentence

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def matches(*names: str) -> list[RemoteMatch]:
    return [
        RemoteMatch(str(100 + i), None, "1", "Ours", None, name, NOON + timedelta(days=i), "scheduled", None, None)
        for i, name in enumerate(names)
    ]


@pytest.fixture
def calendar() -> MemoryCalendar:
    made = MemoryCalendar()
    made.add_own_team(CLUB, "1", "Senioren 1")
    return made


def sync(calendar: MemoryCalendar, *names: str) -> Plan:
    plan = plan_matches(calendar.match_state(matches(*names)))
    calendar.apply(plan)
    return plan


def opponents(calendar: MemoryCalendar) -> set[tuple[str, str]]:
    """(club, team) of every opponent that plays a game."""
    found = set()
    for game in calendar.games.values():
        assert game.away_team_id is not None
        team = calendar.teams[game.away_team_id]
        found.add((calendar.clubs[team.club_id].name, team.name))
    return found


def test_a_made_team_carries_its_clubs_name(calendar: MemoryCalendar) -> None:
    sync(calendar, "KC Antwerpen Senioren 1", "Corfbal Val-Doré U15 B")
    assert opponents(calendar) == {
        ("KC Antwerpen", "KC Antwerpen Senioren 1"),
        ("Corfbal Val-Doré", "Corfbal Val-Doré U15 B"),
    }
    made = {team.name: team.age_group for team in calendar.teams.values()}
    assert made["Corfbal Val-Doré U15 B"] == "U15"


D_HAENE = ("KC D'Haene", "KC D'Haene Kern", "KC D'Haene Équipe Réserve")


@pytest.mark.parametrize("names", list(itertools.permutations(D_HAENE)))
def test_one_club_with_three_teams_in_any_order(calendar: MemoryCalendar, names: tuple[str, ...]) -> None:
    sync(calendar, *names)
    assert opponents(calendar) == {("KC D'Haene", name) for name in D_HAENE}
    assert sync(calendar, *names).changes == []


@pytest.mark.parametrize("names", list(itertools.permutations(D_HAENE)))
def test_a_known_club_is_the_club_of_whatever_it_begins(calendar: MemoryCalendar, names: tuple[str, ...]) -> None:
    calendar.clubs[7] = LocalClub(7, "KC D’Haene")
    for known in range(1, 4):
        sync(calendar, *names[:known])
    assert opponents(calendar) == {
        ("KC D’Haene", "KC D’Haene"),
        ("KC D’Haene", "KC D’Haene Kern"),
        ("KC D’Haene", "KC D’Haene Équipe Réserve"),
    }


def test_the_longest_known_club_wins(calendar: MemoryCalendar) -> None:
    calendar.clubs |= {7: LocalClub(7, "KC Leuven"), 8: LocalClub(8, "KC Leuven Zuid")}
    sync(calendar, "KC Leuven Zuid 1", "KC Leuven 1", "KC Leuven Zuid", "KC Leuvenaar 1", "KC Leuven-Noord 1")
    assert opponents(calendar) == {
        ("KC Leuven Zuid", "KC Leuven Zuid 1"),
        ("KC Leuven", "KC Leuven 1"),
        ("KC Leuven Zuid", "KC Leuven Zuid"),
        ("KC Leuvenaar", "KC Leuvenaar 1"),
        ("KC Leuven-Noord", "KC Leuven-Noord 1"),
    }


def test_two_unknown_clubs_stay_two_where_each_names_its_team(calendar: MemoryCalendar) -> None:
    sync(calendar, "KC Leuven 1", "KC Leuven Zuid 1")
    assert {club for club, _ in opponents(calendar)} == {"KC Leuven", "KC Leuven Zuid"}


def test_a_team_of_another_name_joins_the_club_that_the_scan_names(calendar: MemoryCalendar) -> None:
    sync(calendar, "KC D'Haene Kern", "KC D'Haene 1")
    assert opponents(calendar) == {("KC D'Haene", "KC D'Haene Kern"), ("KC D'Haene", "KC D'Haene 1")}


@pytest.mark.parametrize("generic", ["KC", "Korfbal", "Korfbalclub"])
def test_a_club_called_by_its_kind_takes_no_others_teams(calendar: MemoryCalendar, generic: str) -> None:
    calendar.clubs[7] = LocalClub(7, generic)
    sync(calendar, f"{generic} Antwerpen 1")
    assert opponents(calendar) == {(f"{generic} Antwerpen", f"{generic} Antwerpen 1")}


@pytest.mark.parametrize("club", ["K.C. Antwerpen", "Korfbalclub Antwerpen vzw", "kc antwerpen"])
def test_a_club_spelled_otherwise_is_not_made_again(calendar: MemoryCalendar, club: str) -> None:
    calendar.clubs[7] = LocalClub(7, club)
    sync(calendar, "KC Antwerpen Senioren 1")
    assert opponents(calendar) == {(club, f"{club} Senioren 1")}


@pytest.mark.parametrize("name", ["Senioren 1", "senioren 1", "KC D'Haene Senioren 1", "KC D’HAENE SENIOREN 1"])
def test_a_team_that_is_there_is_found_by_either_name(calendar: MemoryCalendar, name: str) -> None:
    calendar.clubs[7] = LocalClub(7, "KC D'Haene")
    calendar.teams[70] = LocalTeam(70, 7, name, None, None, 1, True, False)
    plan = sync(calendar, "KC D'Haene Senioren 1")
    assert plan.made("teams") == plan.made("clubs") == 0
    assert opponents(calendar) == {("KC D'Haene", name)}


def test_what_an_earlier_version_remembers_stays_what_it_is(calendar: MemoryCalendar) -> None:
    calendar.clubs[7] = LocalClub(7, "KC D'Haene Kern")
    calendar.teams[70] = LocalTeam(70, 7, "Senioren 1", None, None, 1, True, False)
    remembered = Opponent("kc d haene kern senioren 1", 7, 70)
    calendar.twizzit_opponents[1] = (CLUB.credential_id, "2026-2027", remembered)
    plan = sync(calendar, "KC D'Haene Kern Senioren 1", "KC D'Haene")
    assert plan.made("teams") == 1
    assert opponents(calendar) == {("KC D'Haene Kern", "Senioren 1"), ("KC D'Haene", "KC D'Haene")}


def test_a_name_too_long_for_both_is_called_as_the_match_has_it(calendar: MemoryCalendar) -> None:
    club = "Koninklijke Korfbalclub " + "Voorwaarts " * 5 + "Antwerpen"
    calendar.clubs[7] = LocalClub(7, club)
    name = "KC " + "Voorwaarts " * 5 + "Antwerpen Recreanten B"
    assert len(name) <= 100 < len(f"{club} Recreanten B")
    sync(calendar, name)
    assert opponents(calendar) == {(club, name)}


def test_two_clubs_that_fit_are_reported_and_nothing_is_made(calendar: MemoryCalendar) -> None:
    calendar.clubs |= {7: LocalClub(7, "KC Noord"), 8: LocalClub(8, "KKC Noord")}
    plan = sync(calendar, "Koninklijke Korfbalclub Noord 1")
    assert [(item.reason, item.local_ids) for item in plan.failed] == [("opponent_doubtful", (7, 8))]
    assert plan.changes == []
    calendar.clubs[8] = LocalClub(8, "KKC Noord oud")  # it is certain by now
    again = sync(calendar, "Koninklijke Korfbalclub Noord 1")
    assert (again.failed, again.made("games")) == ([], 1)
    assert sentence("matches", "opponent_doubtful").endswith("twizzit conflicts")


def test_games_say_that_teams_play_where_shotspot_has_the_column(calendar: MemoryCalendar) -> None:
    calendar.has_game_type = True
    plan = plan_matches(calendar.match_state(matches("KC Antwerpen 1")))
    (game,) = (change for change in plan.changes if change.table == "games")
    assert game.values["game_type"] == "team"
    calendar.apply(plan)
    assert sync(calendar, "KC Antwerpen 1").changes == []
    without = plan_matches(replace(calendar.match_state(matches("KC Antwerpen 1", "X 2")), has_game_type=False))
    assert not any("game_type" in change.values for change in without.changes)


def test_the_own_club_is_known_by_the_organizations_name_as_well(calendar: MemoryCalendar) -> None:
    calendar.clubs[1] = LocalClub(1, "De Meerkoeten")
    sync(calendar, "KC Duinen 7")
    assert opponents(calendar) == {("De Meerkoeten", "De Meerkoeten 7")}
