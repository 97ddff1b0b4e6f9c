"""A match whose day is in two seasons of the account, or that was moved from one into the other."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import CLUB
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.rows import LocalSeason, RemoteMatch, WantedSeason

OWNER = replace(CLUB, names_own_teams_alone=False)  # v2, whose events name the groups of opponents as well
OUTDOOR = WantedSeason("Outdoor 2026-2027", date(2026, 8, 1), date(2027, 6, 30), decides=True, ended=False)
INDOOR = WantedSeason("Indoor 2026-2027", date(2026, 11, 1), date(2027, 3, 15), decides=True, ended=False)
NEXT = WantedSeason("2027-2028", date(2027, 7, 1), date(2028, 6, 30), decides=True, ended=False)
NOON = datetime(2026, 12, 19, 12, tzinfo=UTC)
# As the indoor season lists it, and as the outdoor one does, of which the group 20 is none.
MATCH = RemoteMatch("100", None, "20", "KC Duinen U15", None, "Korfbal Leie U15", NOON, "scheduled", None, None)
BY_NAME = replace(MATCH, home_team_id=None)


@pytest.fixture
def calendar() -> MemoryCalendar:
    """A club with a U15 in each season; the first season of ShotSpot is the outdoor one."""
    made = MemoryCalendar()
    for season_id, (remote_id, season) in enumerate([("10", OUTDOOR), ("20", INDOOR), ("30", NEXT)], start=1):
        made.seasons[season_id] = LocalSeason(season_id, season.label, season.start_date, season.end_date)
        made.add_own_team(OWNER, remote_id, f"U15 of {season_id}")
        made.teams[season_id] = replace(made.teams[season_id], name="U15", season_id=season_id)
    return made


def sync(calendar: MemoryCalendar, season: WantedSeason, listed: str, match: RemoteMatch) -> Plan:
    """A sync of that season, of which the group `listed` is one; the teams of ShotSpot are those of the season."""
    state = calendar.match_state([match], OWNER, season)
    of_season = {one.id for one in calendar.seasons.values() if one.name == season.label}
    plan = plan_matches(
        replace(state, listed={listed}, teams=[one for one in state.teams if one.season_id in of_season])
    )
    calendar.apply(plan)
    return plan


def test_it_stays_the_game_of_the_team_that_its_group_is(calendar: MemoryCalendar) -> None:
    sync(calendar, INDOOR, "20", MATCH)
    game = calendar.games[1]
    assert game.home_team_id == 2
    for _ in range(2):
        sync(calendar, OUTDOOR, "10", BY_NAME)
        assert calendar.games == {1: game}
    assert sync(calendar, OUTDOOR, "10", BY_NAME).changes == []


def test_it_is_the_same_where_the_own_team_is_away(calendar: MemoryCalendar) -> None:
    away = replace(MATCH, home_team_id=None, home_name="Korfbal Leie U15", away_team_id="20", away_name="KC Duinen U15")
    sync(calendar, INDOOR, "20", away)
    game = calendar.games[1]
    sync(calendar, OUTDOOR, "10", replace(away, away_team_id=None))
    assert calendar.games == {1: game}
    assert game.away_team_id == 2


def test_it_follows_what_is_said_anew_by_name(calendar: MemoryCalendar) -> None:
    sync(calendar, INDOOR, "20", MATCH)
    later = replace(BY_NAME, starts_at=NOON + timedelta(days=120))
    sync(calendar, OUTDOOR, "10", later)
    assert (calendar.games[1].home_team_id, calendar.games[1].date) == (1, later.starts_at)


def test_one_that_is_moved_into_the_next_season_is_that_season_s_game(calendar: MemoryCalendar) -> None:
    outdoor = replace(MATCH, home_team_id="10")
    sync(calendar, OUTDOOR, "10", outdoor)
    assert calendar.games[1].season_id == 1
    moved = replace(outdoor, home_team_id="30", starts_at=datetime(2027, 8, 22, 12, tzinfo=UTC))
    sync(calendar, NEXT, "30", moved)
    assert (calendar.games[1].season_id, calendar.games[1].home_team_id) == (3, 3)
    calendar.games[1] = edited = replace(calendar.games[1], season_id=1)  # by a person
    sync(calendar, NEXT, "30", moved)
    assert calendar.games[1] == edited


def test_one_that_both_seasons_list_keeps_the_season_that_it_has(calendar: MemoryCalendar) -> None:
    sync(calendar, OUTDOOR, "10", replace(MATCH, home_team_id="10"))
    sync(calendar, INDOOR, "20", MATCH)
    assert (calendar.games[1].season_id, calendar.games[1].home_team_id) == (1, 2)
