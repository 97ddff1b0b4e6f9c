"""The rules that decide what becomes of a game: where it is found, which season it has, and what is left as it is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import CLUB, OLDER, OTHER_CLUB, SEASON
from twizzit_pipeline.plan import Failed, Plan, Warned
from twizzit_pipeline.plan.games import Fixture, repaired_columns, season_of_game
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.own_sides import OwnSides
from twizzit_pipeline.plan.rows import LocalClub, LocalGame, LocalSeason, LocalTeam, RemoteMatch, WantedSeason
from twizzit_pipeline.plan.sides import Place

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MATCH = RemoteMatch("100", None, "1", "Ours", None, "AKC Zand 1", NOON, "scheduled", None, None)
GAME = LocalGame(5, 1, 7, None, None, None, None, NOON, None, None, None, False, has_events=False)


@pytest.fixture
def calendar() -> MemoryCalendar:
    """Two own teams, and a club of opponents with one team."""
    made = MemoryCalendar()
    made.add_own_team(CLUB, "1", "Senioren 1")
    made.add_own_team(CLUB, "2", "U15 1")
    made.clubs[7] = LocalClub(7, "AKC Zand")
    made.teams[7] = LocalTeam(7, 7, "AKC Zand 1", None, None, 1, True, False)
    made.seasons[2] = LocalSeason(2, "2025-2026", OLDER.start_date, OLDER.end_date)
    return made


def sync(calendar: MemoryCalendar, *played: RemoteMatch, season: WantedSeason = SEASON) -> Plan:
    plan = plan_matches(calendar.match_state(list(played), season=season))
    calendar.apply(plan)
    return plan


@pytest.mark.parametrize(
    ("of_season", "base", "day", "becomes"),
    [
        (2, "2025-2026", date(2026, 7, 1), 1),  # Twizzit moved it out of the days of its season
        (2, "2025-2026", OLDER.end_date, 2),
        (2, "2025-2026", OLDER.start_date, 2),
        (2, "2025-2026", OLDER.start_date - timedelta(days=1), 1),
        (2, "2026-2027", date(2026, 7, 1), 2),  # a person gave it that season
        (2, None, date(2026, 7, 1), 2),
        (None, "2025-2026", date(2026, 7, 1), None),
    ],
)
def test_the_season_of_a_game_that_moves(
    calendar: MemoryCalendar, of_season: int | None, base: str | None, day: date, becomes: int | None
) -> None:
    state, game = calendar.match_state([]), replace(GAME, season_id=of_season)
    assert season_of_game(state, game, day, None if base is None else {"season": base}, 1) == becomes


def test_a_game_that_is_linked_keeps_what_it_has(calendar: MemoryCalendar) -> None:
    calendar.games[5] = replace(GAME, season_id=2, home_score=3)
    sync(calendar, MATCH)
    found = replace(GAME, season_id=2, home_team_id=1, away_team_id=7, status="scheduled", home_score=3, away_score=0)
    assert calendar.games == {5: found}


def test_a_game_that_shotspot_had_begun_is_linked_and_left_alone(calendar: MemoryCalendar) -> None:
    calendar.games[5] = begun = replace(GAME, status="in_progress")
    assert sync(calendar, MATCH).count("link") == 1
    assert calendar.games == {5: begun}


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        ({}, True),
        ({"date": datetime(2026, 11, 28, 22, 59, tzinfo=UTC)}, True),  # in Belgium still the same day
        ({"date": datetime(2026, 11, 28, 23, tzinfo=UTC)}, False),
        ({"home_team_id": 1}, True),
        ({"home_team_id": 2}, False),
        ({"away_team_id": 7}, True),
        ({"away_team_id": 2}, False),
        ({"home_club_id": 7, "away_club_id": 1}, False),
    ],
)
def test_a_game_fits_where_clubs_day_and_teams_do(calendar: MemoryCalendar, other: dict[str, Any], fits: bool) -> None:
    calendar.games[5] = replace(GAME, **other)
    assert sync(calendar, MATCH).count("link") == fits


def test_of_two_games_that_fit_none_is_taken_and_no_opponent_is_made(calendar: MemoryCalendar) -> None:
    calendar.games = {6: replace(GAME, id=6), 5: GAME}
    plan = sync(calendar, replace(MATCH, away_name="AKC Zand 2"))
    assert plan.failed == [Failed("100", "doubtful_link", (5, 6))]
    assert plan.changes == []


def test_two_matches_do_not_share_a_game(calendar: MemoryCalendar) -> None:
    calendar.games[5] = GAME
    plan = sync(calendar, MATCH, replace(MATCH, id="101", starts_at=NOON + timedelta(hours=1)))
    assert [(one.twizzit_id, one.local_ids) for one in plan.failed] == [("100", (5,)), ("101", (5,))]


def test_only_what_this_season_listed_vanishes(calendar: MemoryCalendar) -> None:
    sync(calendar, MATCH, season=OLDER)
    assert sync(calendar).warned == []
    sync(calendar, replace(MATCH, id="101"))
    assert sync(calendar).warned == [Warned("101", "vanished")]


def test_a_side_that_was_changed_in_shotspot_stays_beside_one_that_twizzit_changes(calendar: MemoryCalendar) -> None:
    sync(calendar, MATCH)
    calendar.games[1] = replace(calendar.games[1], home_team_id=2)
    calendar.clubs[8] = LocalClub(8, "KC Berg")
    sync(calendar, replace(MATCH, away_name="KC Berg 1"))
    assert (calendar.games[1].home_team_id, calendar.games[1].away_club_id) == (2, 8)


def test_a_score_is_repaired_whole_or_not_at_all() -> None:
    scores = {"home_score", "away_score"}
    for home, away, both in ((2, 3, True), (2, None, False), (None, 3, False)):
        match = replace(MATCH, home_score=home, away_score=away)
        written = repaired_columns(Fixture(match, Place(1, 1), Place(7, 7), None), GAME)
        assert (scores <= written, bool(scores & written)) == (both, both)


@pytest.mark.parametrize(
    ("name", "team_id"),
    [("u15 1", 2), ("KC Duinen U15 1", 2), ("KC Leie U15 1", None), ("U15", None), ("KC Duinen", None)],
)
def test_an_own_team_is_called_by_its_name_alone_or_behind_its_clubs(
    calendar: MemoryCalendar, name: str, team_id: int | None
) -> None:
    calendar.add_own_team(OTHER_CLUB, "3", "U15 1")
    found = OwnSides(calendar.match_state([])).exactly(name)
    assert (found and found.id) == team_id


@pytest.mark.parametrize(
    ("text", "is_own"),
    [("Korfbal KC Duinen - bar", True), ("U15 1", True), ("KC Duinenzicht", False), ("U15", False)],
)
def test_a_text_names_the_own_club_in_whole_words(calendar: MemoryCalendar, text: str, is_own: bool) -> None:
    assert OwnSides(calendar.match_state([])).is_in(text) is is_own


@pytest.mark.parametrize(
    ("before", "now", "news"),
    [
        ({}, {"starts_at": NOON + timedelta(hours=1)}, ["moved"]),
        ({}, {"status": "cancelled"}, ["cancelled"]),
        ({}, {"status": "to_reschedule"}, ["postponed"]),
        ({}, {"status": "completed", "home_score": 9, "away_score": 8}, ["finished"]),
        ({"status": "cancelled"}, {"starts_at": NOON + timedelta(days=7)}, ["moved", "reinstated"]),
        ({}, {}, []),
    ],
)
def test_what_happened_to_a_match_is_news_and_that_it_is_new_is_none(
    calendar: MemoryCalendar, before: dict[str, Any], now: dict[str, Any], news: list[str]
) -> None:
    assert sync(calendar, replace(MATCH, **before)).news == {}
    assert sync(calendar, replace(MATCH, **now)).news == dict.fromkeys(news, ("100",))


@pytest.mark.parametrize(
    ("keys", "words", "facing", "fitting"),
    [
        (["u15 2"], "U15 2", 2, (3,)),
        (["2"], "2", 2, (3,)),  # of the age of the one that it plays
        (["2"], "2", 1, ()),
        (["u15 1"], "U15 1", 2, ()),  # not itself
        (["u15"], "U15", 1, ()),
        (["2"], "2", 99, ()),  # no own team
    ],
)
def test_which_team_of_the_own_club_an_opponent_is(
    calendar: MemoryCalendar, keys: list[str], words: str, facing: int, fitting: tuple[int, ...]
) -> None:
    del calendar.teams[7]
    calendar.add_own_team(CLUB, "3", "U15 2")
    calendar.clubs[8] = LocalClub(8, "KC Leie")
    calendar.teams[8] = LocalTeam(8, 8, "U15 2", None, None, 1, True, True)
    calendar.own["8"] = (CLUB.credential_id, 8, "U15 2")
    assert OwnSides(calendar.match_state([])).fitting(keys, words, facing) == fitting
