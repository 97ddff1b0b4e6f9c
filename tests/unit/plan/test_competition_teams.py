"""The teams of a competition, from which ShotSpot makes its league table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import CLUB, OLDER, SEASON
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.competitions import plan_competitions
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.rows import LocalCompetition, RemoteCompetition, RemoteMatch, WantedSeason

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LISTED = [RemoteCompetition("9", "Reeks 1", "league", SEASON.start_date, SEASON.end_date)]


def match(id_: str, opponent: str, competition: str | None = "9", team: str = "1") -> RemoteMatch:
    day = NOON + timedelta(days=int(id_))
    return RemoteMatch(id_, competition, team, "Ours", None, opponent, day, "scheduled", None, None)


@pytest.fixture
def calendar() -> MemoryCalendar:
    made = MemoryCalendar()
    made.add_own_team(CLUB, "1", "Senioren 1")
    made.apply(plan_competitions(made.competition_state(LISTED)))
    return made


def sync(calendar: MemoryCalendar, *played: RemoteMatch, season: WantedSeason = SEASON) -> Plan:
    plan = plan_matches(calendar.match_state(list(played), season=season))
    calendar.apply(plan)
    return plan


def names(calendar: MemoryCalendar, competition_id: int = 1) -> set[str]:
    return {calendar.teams[team_id].name for of, team_id in calendar.competition_teams.values() if of == competition_id}


def test_own_teams_and_opponents_are_added_once(calendar: MemoryCalendar) -> None:
    played = [match("1", "AKC Zand 1"), match("2", "KC Berg 1"), match("3", "AKC ZAND 1")]
    plan = sync(calendar, *played)
    assert names(calendar) == {"Senioren 1", "AKC Zand 1", "KC Berg 1"}
    assert plan.made("competition_teams") == 3
    assert plan.items == 3
    assert sync(calendar, *played).changes == []


def test_a_friendly_adds_no_team(calendar: MemoryCalendar) -> None:
    assert sync(calendar, match("1", "AKC Zand 1", None)).made("competition_teams") == 0


def test_games_that_were_there_before_bring_their_teams(calendar: MemoryCalendar) -> None:
    """As after an update of the pipeline: nothing of the games changes."""
    sync(calendar, match("1", "AKC Zand 1"))
    calendar.competition_teams.clear()
    plan = sync(calendar, match("1", "AKC Zand 1"))
    assert {change.table for change in plan.changes} == {"competition_teams"}
    assert (plan.unchanged, plan.items) == (1, 1)
    assert names(calendar) == {"Senioren 1", "AKC Zand 1"}


def test_a_team_that_plays_no_more_stays(calendar: MemoryCalendar) -> None:
    sync(calendar, match("1", "AKC Zand 1"))
    sync(calendar, match("1", "KC Berg 1"))
    assert names(calendar) == {"Senioren 1", "AKC Zand 1", "KC Berg 1"}


def test_a_past_season_adds_too(calendar: MemoryCalendar) -> None:
    sync(calendar, match("1", "AKC Zand 1"), season=OLDER)
    assert names(calendar) == {"Senioren 1", "AKC Zand 1"}


def test_a_competition_of_shotspots_own_is_left_alone(calendar: MemoryCalendar) -> None:
    sync(calendar, match("1", "AKC Zand 1"))
    calendar.competitions[5] = LocalCompetition(5, "Ours", "tournament", 1, SEASON.start_date, None, None, False)
    calendar.games[1] = replace(calendar.games[1], competition_id=5)
    sync(calendar, match("1", "AKC Zand 1"))
    assert names(calendar, 5) == set()


def test_a_database_without_that_table_gets_none(calendar: MemoryCalendar) -> None:
    state = replace(calendar.match_state([match("1", "AKC Zand 1")]), competition_teams=None)
    assert plan_matches(state).made("competition_teams") == 0


def test_a_match_whose_competition_is_not_there_is_a_game_without_one_until_it_is(calendar: MemoryCalendar) -> None:
    plan = sync(calendar, match("1", "AKC Zand 1", "8"))
    assert plan.failed == []
    assert [(one.twizzit_id, one.reason) for one in plan.warned] == [("1", "competition_not_mapped")]
    assert [game.competition_id for game in calendar.games.values()] == [None]
    assert sync(calendar, match("1", "AKC Zand 1", "8")).changes == []
    later = [*LISTED, RemoteCompetition("8", "Reeks 2", "league", SEASON.start_date, SEASON.end_date)]
    calendar.apply(plan_competitions(calendar.competition_state(later)))
    assert sync(calendar, match("1", "AKC Zand 1", "8")).warned == []
    [game] = calendar.games.values()
    assert game.competition_id is not None
    assert calendar.competitions[game.competition_id].name == "Reeks 2"


def test_a_competition_that_was_given_in_shotspot_stays_where_twizzits_is_not_there(calendar: MemoryCalendar) -> None:
    sync(calendar, match("1", "AKC Zand 1", "8"))
    [game] = calendar.games.values()
    calendar.games[game.id] = replace(game, competition_id=1)
    sync(calendar, match("1", "AKC Zand 1", "8"))
    assert calendar.games[game.id].competition_id == 1


def test_a_game_without_a_team_adds_none(calendar: MemoryCalendar) -> None:
    sync(calendar, match("1", "AKC Zand 1"))
    calendar.competition_teams.clear()
    calendar.games[1] = replace(calendar.games[1], home_team_id=None)
    sync(calendar, match("1", "AKC Zand 1"))
    assert names(calendar) == {"AKC Zand 1"}


def test_the_games_that_another_credential_mapped_are_not_looked_at(calendar: MemoryCalendar) -> None:
    """They may be of another season, and are not read."""
    sync(calendar, match("1", "AKC Zand 1"))
    theirs = replace(calendar.mappings["matches"][1], id=2, local_id=99, credential_id=2, organization_id="20")
    calendar.mappings["matches"][2] = theirs
    state = calendar.match_state([match("1", "AKC Zand 1")])
    assert plan_matches(state).changes == []
