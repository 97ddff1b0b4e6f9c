"""A repair brings competitions and games to Twizzit's values, but for games that ShotSpot has started or completed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.memory_calendar import MemoryCalendar, sync_calendar
from tests.support.memory_shotspot import CLUB, OLDER, SEASON
from tests.support.plan_strategies import calendars, competitions, matches
from twizzit_pipeline.plan import Warned
from twizzit_pipeline.plan.repair import REPAIRED_ON_REQUEST
from twizzit_pipeline.plan.rows import (
    LocalClub,
    LocalCompetition,
    LocalGame,
    LocalSeason,
    LocalTeam,
    RemoteCompetition,
    RemoteMatch,
)

REPAIR = replace(SEASON, repairs=True)
NOON = datetime(2026, 12, 12, 12, tzinfo=UTC)
LEAGUE = RemoteCompetition("1", "Reeks 1", "league", SEASON.start_date, SEASON.end_date)
MATCH = RemoteMatch("100", "1", "1", "Ours", None, "AKC Zand 1", NOON, "scheduled", None, None)


@pytest.fixture
def calendar() -> MemoryCalendar:
    """A competition and a game of it, as our last sync left them; another club and season are there as well."""
    made = MemoryCalendar()
    made.add_own_team(CLUB, "1", "Senioren")
    made.add_own_team(CLUB, "2", "U15")
    sync_calendar(made, [LEAGUE], [MATCH])
    made.clubs[9] = LocalClub(9, "KC Elders")
    made.teams[9] = LocalTeam(9, 9, "KC Elders 1", None, None, 1, True, False)
    made.seasons[9] = LocalSeason(9, "Zaal", date(2026, 11, 1), date(2027, 2, 1))
    made.competitions[9] = LocalCompetition(9, "Beker", "tournament", 1, SEASON.start_date, None, "upcoming", False)
    return made


def edit(calendar: MemoryCalendar, **values: Any) -> LocalGame:
    calendar.games[1] = replace(calendar.games[1], **values)
    return calendar.games[1]


GAME_EDITS = [
    {"date": NOON + timedelta(hours=2)},
    {"status": "cancelled"},
    {"status": "to_reschedule"},
    {"away_club_id": 9, "away_team_id": 9},
    {"home_team_id": 2},
    {"competition_id": 9},
    {"season_id": 9},
]


@pytest.mark.parametrize("edited", GAME_EDITS)
def test_an_edit_of_a_game_survives_a_sync_and_no_repair(calendar: MemoryCalendar, edited: dict[str, Any]) -> None:
    before = calendar.games[1]
    after = edit(calendar, **edited)
    sync_calendar(calendar, [LEAGUE], [MATCH])
    assert calendar.games[1] == after

    _, plan = sync_calendar(calendar, [LEAGUE], [MATCH], season=REPAIR)
    assert calendar.games[1] == before
    (change,) = [one for one in plan.changes if one.table == "games"]
    assert (set(change.repaired), change.mapping) == (set(edited), None)
    assert plan.warned == [Warned("100", REPAIRED_ON_REQUEST)]
    assert plan.news == {}, "nothing happened to the match: it was repaired"
    assert [one.changes for one in sync_calendar(calendar, [LEAGUE], [MATCH], season=REPAIR)] == [[], []]


@pytest.mark.parametrize(
    "state", [{"status": "in_progress"}, {"has_events": True}, {"status": "completed", "home_score": 12}]
)
def test_a_game_that_shotspot_started_or_completed_is_left_alone(
    calendar: MemoryCalendar, state: dict[str, Any]
) -> None:
    after = edit(calendar, date=NOON + timedelta(days=2), home_team_id=2, competition_id=None, season_id=9, **state)
    _, plan = sync_calendar(calendar, [LEAGUE], [MATCH], season=REPAIR)
    assert calendar.games[1] == after
    assert ([one for one in plan.changes if one.table == "games"], plan.warned) == ([], [])


def test_a_score_that_twizzit_does_not_give_stays_and_one_that_it_gives_is_written(calendar: MemoryCalendar) -> None:
    after = edit(calendar, home_score=3, away_score=2)
    sync_calendar(calendar, [LEAGUE], [MATCH], season=REPAIR)
    assert calendar.games[1] == after
    played = replace(MATCH, status="completed", home_score=12, away_score=9)
    sync_calendar(calendar, [LEAGUE], [played])
    edit(calendar, status="scheduled", home_score=0)
    sync_calendar(calendar, [LEAGUE], [played], season=REPAIR)
    game = calendar.games[1]
    assert (game.status, game.home_score, game.away_score) == ("completed", 12, 9)


def test_an_hour_that_twizzit_does_not_know_stays_within_its_day(calendar: MemoryCalendar) -> None:
    midnight = replace(MATCH, starts_at=datetime(2026, 12, 11, 23, tzinfo=UTC))
    sync_calendar(calendar, [LEAGUE], [midnight])
    after = edit(calendar, date=NOON)
    sync_calendar(calendar, [LEAGUE], [midnight], season=REPAIR)
    assert calendar.games[1] == after
    edit(calendar, date=NOON + timedelta(days=1))
    sync_calendar(calendar, [LEAGUE], [midnight], season=REPAIR)
    assert calendar.games[1].date == midnight.starts_at


def test_a_friendly_that_a_person_put_into_a_competition_stays_there(calendar: MemoryCalendar) -> None:
    friendly = replace(MATCH, competition_id=None)
    sync_calendar(calendar, [LEAGUE], [friendly])
    after = edit(calendar, competition_id=9)
    sync_calendar(calendar, [LEAGUE], [friendly], season=REPAIR)
    assert calendar.games[1] == after


def test_an_opponent_that_a_person_corrected_stays_corrected(calendar: MemoryCalendar) -> None:
    """What the opponent's name means is remembered, and may be put right there."""
    key, (owner, season, opponent) = next(iter(calendar.twizzit_opponents.items()))
    calendar.twizzit_opponents[key] = (owner, season, replace(opponent, club_id=9, team_id=9))
    after = edit(calendar, away_club_id=9, away_team_id=9)
    sync_calendar(calendar, [LEAGUE], [MATCH], season=REPAIR)
    assert calendar.games[1] == after


def test_a_competition_gets_its_name_kind_dates_and_season_back_and_keeps_its_status(calendar: MemoryCalendar) -> None:
    before = calendar.competitions[1]
    calendar.competitions[1] = edited = replace(
        before,
        name="Onze reeks",
        competition_type="tournament",
        start_date=date(2026, 9, 1),
        end_date=None,
        season_id=9,
        status="completed",
    )
    sync_calendar(calendar, [LEAGUE], [MATCH])
    assert calendar.competitions[1] == edited
    plan, _ = sync_calendar(calendar, [LEAGUE], [MATCH], season=REPAIR)
    assert calendar.competitions[1] == replace(before, status="completed")
    columns = {"name", "competition_type", "start_date", "end_date", "season_id"}
    assert set(plan.changes[0].repaired) == columns


def test_a_past_season_is_left_alone(calendar: MemoryCalendar) -> None:
    after = edit(calendar, date=NOON + timedelta(days=2))
    calendar.competitions[1] = competition = replace(calendar.competitions[1], name="Onze reeks")
    sync_calendar(calendar, [LEAGUE], [MATCH], season=OLDER)
    assert (calendar.games[1], calendar.competitions[1]) == (after, competition)


_Change = Callable[[LocalGame], LocalGame]
EDITS: st.SearchStrategy[_Change] = st.sampled_from(
    [
        lambda game: replace(game, date=game.date + timedelta(days=30)),
        lambda game: replace(game, status="cancelled"),
        lambda game: replace(game, status="completed", home_score=8),
        lambda game: replace(game, status="in_progress"),
        lambda game: replace(game, competition_id=None),
        lambda game: replace(game, home_team_id=None),
        lambda game: replace(game, has_events=True, date=game.date + timedelta(days=1)),
    ]
)


@given(calendars(), competitions(), matches(), st.lists(EDITS, max_size=6))
@settings(max_examples=examples(60), deadline=None)
def test_after_a_repair_every_game_is_twizzits_or_shotspots_alone(
    calendar: MemoryCalendar,
    listed: list[RemoteCompetition],
    played: list[RemoteMatch],
    changes: list[Callable[[LocalGame], LocalGame]],
) -> None:
    calendar.derbies_allowed = True
    sync_calendar(calendar, listed, played)
    for row_id, change in zip(list(calendar.games), changes, strict=False):
        changed = change(calendar.games[row_id])
        if changed.home_club_id != changed.away_club_id or None not in (changed.home_team_id, changed.away_team_id):
            calendar.games[row_id] = changed
    edited = dict(calendar.games)
    sync_calendar(calendar, listed, played)
    assert {row_id: calendar.games[row_id] for row_id in edited} == edited, "without a repair local edits survive"

    sync_calendar(calendar, listed, played, season=REPAIR)
    by_id = {match.id: match for match in played}
    known = {one.twizzit_id: one.local_id for one in calendar.mappings["competitions"].values()}
    for mapping in calendar.mappings["matches"].values():
        game, match = calendar.games[mapping.local_id], by_id[mapping.twizzit_id]
        before = edited.get(game.id)
        if before is not None and (before.has_events or before.status in ("in_progress", "completed")):
            assert game == before
            continue
        assert (game.date, game.status, game.season_id) == (match.starts_at, match.status, 1)
        assert match.competition_id not in known or game.competition_id == known[match.competition_id]
        if match.home_score is not None:
            assert (game.home_score, game.away_score) == (match.home_score, match.away_score)
        if match.home_team_id in calendar.own:
            assert game.home_team_id == calendar.own[match.home_team_id][1]
    for plan in sync_calendar(calendar, listed, played, season=REPAIR):
        assert list(plan.changes) == []
