"""What holds for every plan of competitions and matches, whatever Twizzit says and whatever ShotSpot holds already."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.memory_calendar import MemoryCalendar
from tests.support.memory_shotspot import CLUB, OLDER, OTHER_CLUB, SEASON
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.competitions import plan_competitions
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.rows import (
    LocalClub,
    LocalCompetition,
    LocalGame,
    LocalTeam,
    Owner,
    RemoteCompetition,
    RemoteMatch,
    WantedSeason,
)
from twizzit_pipeline.transform.clubs import club_keys

OPPONENTS = st.sampled_from(
    [
        "AKC Zand 1",
        "AKC ZAND  1",
        "A.K.C. Zand 2",
        "AKC Zand",
        "AKC Zand Kern",
        "AKC Zand Kern 2",
        "Corfbal Val-Doré U15",
        "CORFBAL VAL DORE U15",
        "KC Duinen U15",
        "KC Duinen 2",
        "KC Duinen",
    ]
)
NAMES = st.sampled_from(["Reeks 1", "reeks 1", "Beker"])
STATUSES = st.sampled_from(["scheduled", "completed", "cancelled", "to_reschedule"])
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@st.composite
def competitions(draw: st.DrawFn) -> list[RemoteCompetition]:
    ids = draw(st.lists(st.integers(1, 4), unique=True, max_size=3))
    ends = st.sampled_from([SEASON.end_date, date(2026, 10, 1), None])
    return [RemoteCompetition(str(i), draw(NAMES), "league", SEASON.start_date, draw(ends)) for i in ids]


@st.composite
def matches(draw: st.DrawFn, teams: tuple[str, ...] = ("1", "2", "9")) -> list[RemoteMatch]:
    ids = draw(st.lists(st.integers(100, 106), unique=True, max_size=6))
    found = []
    for i in ids:
        own, other = (draw(st.sampled_from(teams)), "Ours"), (None, draw(OPPONENTS))
        home, away = draw(st.permutations([own, other]))
        score = draw(st.one_of(st.none(), st.integers(0, 3)))
        starts = NOON + timedelta(days=draw(st.integers(0, 3)))
        competition = draw(st.sampled_from([None, "1", "2", "3"]))
        found.append(RemoteMatch(str(i), competition, *home, *away, starts, draw(STATUSES), score, score))
    return found


@st.composite
def calendars(draw: st.DrawFn) -> MemoryCalendar:
    """Two mapped teams of the club, and what somebody typed in before the first sync."""
    calendar = MemoryCalendar(derbies_allowed=draw(st.booleans()))
    calendar.add_own_team(CLUB, "1", "Senioren")
    calendar.add_own_team(CLUB, "2", "U15")
    if draw(st.booleans()):
        calendar.clubs[7] = LocalClub(7, draw(st.sampled_from(["AKC Zand", "akc zand"])))
        for i, name in enumerate(draw(st.lists(st.sampled_from(["1", "2", "AKC Zand 1"]), unique=True)), 70):
            season = draw(st.sampled_from([1, None]))
            calendar.teams[i] = LocalTeam(i, 7, name, None, None, season, True, False)
        if draw(st.booleans()):
            status = draw(st.sampled_from(["scheduled", "in_progress"]))
            calendar.games[5] = LocalGame(
                5, 1, 7, None, None, None, None, NOON, status, 0, 0, False, draw(st.booleans())
            )
    for i, name in enumerate(draw(st.lists(NAMES, max_size=2)), 1):
        season = draw(st.sampled_from([1, None]))
        calendar.competitions[i] = LocalCompetition(
            i, name, "league", season, SEASON.start_date, None, draw(st.sampled_from([None, "cancelled"])), False
        )
    calendar.check()
    return calendar


def sync(
    calendar: MemoryCalendar,
    listed: list[RemoteCompetition],
    played: list[RemoteMatch],
    owner: Owner = CLUB,
    season: WantedSeason = SEASON,
) -> tuple[Plan, Plan]:
    first = plan_competitions(calendar.competition_state(listed, owner, season))
    calendar.apply(first)
    second = plan_matches(calendar.match_state(played, owner, season))
    calendar.apply(second)
    return first, second


def outcome(plan: Plan) -> tuple[object, ...]:
    return (
        sorted(map(repr, plan.changes)),
        sorted(map(repr, plan.failed)),
        sorted(map(repr, plan.warned)),
        plan.unchanged,
    )


@given(calendars(), competitions(), matches())
@settings(max_examples=examples(60), deadline=None)
def test_a_second_sync_changes_nothing(calendar, listed, played) -> None:
    first = sync(calendar, listed, played)
    second = sync(calendar, listed, played)
    for before, after in zip(first, second, strict=True):
        assert list(after.changes) == []
        assert after.items == before.items
        assert sorted(map(repr, after.failed)) == sorted(map(repr, before.failed))


@given(calendars(), competitions(), matches(), competitions(), matches())
@settings(max_examples=examples(60), deadline=None)
def test_whatever_changes_settles_after_one_sync(calendar, listed, played, later_listed, later_played) -> None:
    sync(calendar, listed, played)
    sync(calendar, later_listed, later_played)
    for plan in sync(calendar, later_listed, later_played):
        assert list(plan.changes) == []


@given(calendars(), competitions(), matches(), st.randoms(use_true_random=False))
@settings(max_examples=examples(60), deadline=None)
def test_the_order_of_rows_does_not_matter(calendar, listed, played, chance: random.Random) -> None:
    shuffled_listed, shuffled_played = list(listed), list(played)
    chance.shuffle(shuffled_listed)
    chance.shuffle(shuffled_played)
    plan = plan_competitions(calendar.competition_state(listed))
    assert outcome(plan) == outcome(plan_competitions(calendar.competition_state(shuffled_listed)))
    calendar.apply(plan)
    plan = plan_matches(calendar.match_state(played))
    assert outcome(plan) == outcome(plan_matches(calendar.match_state(shuffled_played)))


@given(competitions(), matches(("1",)), competitions(), matches(("3",)))
@settings(max_examples=examples(60), deadline=None)
def test_two_organizations_never_touch_each_others_rows(listed, played, other_listed, other_played) -> None:
    calendar = MemoryCalendar()
    calendar.add_own_team(CLUB, "1", "Senioren")
    calendar.add_own_team(OTHER_CLUB, "3", "Senioren")
    sync(calendar, listed, played)
    held: tuple[dict[int, Any], ...] = (calendar.games, calendar.competitions, *calendar.mappings.values())
    kept = [dict(rows) for rows in held]
    others = [replace(one, id=f"8{one.id}") for one in other_listed]
    theirs = [
        replace(one, id=f"8{one.id}", competition_id=one.competition_id and f"8{one.competition_id}")
        for one in other_played
    ]
    sync(calendar, others, theirs, OTHER_CLUB)
    now: tuple[dict[int, Any], ...] = (calendar.games, calendar.competitions, *calendar.mappings.values())
    for before, after in zip(kept, now, strict=True):
        assert {row_id: after[row_id] for row_id in before} == before


@given(competitions(), matches(), matches())
@settings(max_examples=examples(60), deadline=None)
def test_an_older_season_overwrites_nothing(listed, played, again) -> None:
    calendar = MemoryCalendar()
    calendar.add_own_team(CLUB, "1", "Senioren")
    calendar.add_own_team(CLUB, "2", "U15")
    sync(calendar, listed, played)
    held: tuple[dict[int, Any], ...] = (calendar.games, calendar.competitions)
    kept = [dict(rows) for rows in held]
    sync(calendar, listed, again, season=OLDER)
    now: tuple[dict[int, Any], ...] = (calendar.games, calendar.competitions)
    for before, after in zip(kept, now, strict=True):
        assert {row_id: after[row_id] for row_id in before} == before


@given(calendars(), competitions(), matches())
@settings(max_examples=examples(60), deadline=None)
def test_everything_is_mapped_or_reported_and_no_opponent_is_made_twice(calendar, listed, played) -> None:
    there = set(calendar.teams)
    competition_plan, match_plan = sync(calendar, listed, played)
    for plan, rows, entity in ((competition_plan, listed, "competitions"), (match_plan, played, "matches")):
        mapped = {mapping.twizzit_id for mapping in calendar.mappings[entity].values()}
        failed = {item.twizzit_id for item in plan.failed}
        aside = {item.twizzit_id for item in plan.set_aside}
        assert mapped | failed | aside == {row.id for row in rows}
        assert len(mapped) + len(failed) + len(aside) == len(rows)
    clubs = [club_keys(club.name) for club in calendar.clubs.values()]
    assert len(clubs) == len(set(clubs))
    # nobody reads "1 - 1": a team that was made carries its club's name
    for _, _, opponent in calendar.twizzit_opponents.values():
        if opponent.team_id not in there:
            assert calendar.teams[opponent.team_id].name.startswith(calendar.clubs[opponent.club_id].name)
    for mapping in calendar.mappings["matches"].values():
        game = calendar.games[mapping.local_id]
        for side in ("home", "away"):
            team = calendar.teams[getattr(game, f"{side}_team_id")] if getattr(game, f"{side}_team_id") else None
            assert team is None or team.club_id == getattr(game, f"{side}_club_id")


@given(matches(("1",)), st.booleans())
@settings(max_examples=examples(60), deadline=None)
def test_a_game_that_was_started_keeps_every_column(played, by_status: bool) -> None:
    calendar = MemoryCalendar()
    calendar.add_own_team(CLUB, "1", "Senioren")
    played = [replace(match, competition_id=None) for match in played]
    sync(calendar, [], played)
    started = {"status": "in_progress"} if by_status else {"has_events": True}
    calendar.games = {row_id: replace(game, **started) for row_id, game in calendar.games.items()}
    kept = dict(calendar.games)
    moved = [replace(one, starts_at=one.starts_at + timedelta(days=9), status="cancelled") for one in played]
    sync(calendar, [], moved)
    assert calendar.games == kept
    assert list(sync(calendar, [], moved)[1].changes) == []
