"""What holds for every plan of competitions and matches, whatever Twizzit says and whatever ShotSpot holds already."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.memory_calendar import MemoryCalendar, sync_calendar
from tests.support.memory_shotspot import CLUB, OLDER, OTHER_CLUB
from tests.support.plan_strategies import assert_settled, calendars, competitions, matches, planned_in_any_order
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.competitions import plan_competitions
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.plan.rows import RemoteCompetition, RemoteMatch
from twizzit_pipeline.transform.clubs import club_keys


@given(calendars(), competitions(), matches(), st.randoms(use_true_random=False))
@settings(max_examples=examples(60), deadline=None)
def test_each_row_is_mapped_or_reported_in_any_order_and_a_second_sync_changes_nothing(
    calendar: MemoryCalendar, listed: list[RemoteCompetition], played: list[RemoteMatch], chance: random.Random
) -> None:
    """The properties of one drawing, which costs more than they do."""
    there = set(calendar.teams)
    competition_plan = planned_in_any_order(plan_competitions, calendar.competition_state, listed, chance)
    calendar.apply(competition_plan)
    match_plan = planned_in_any_order(plan_matches, calendar.match_state, played, chance)
    calendar.apply(match_plan)
    assert_mapped_or_reported(calendar, "competitions", listed, competition_plan)
    assert_mapped_or_reported(calendar, "matches", played, match_plan)
    assert_no_opponent_is_made_twice(calendar, there)
    assert_settled((competition_plan, match_plan), sync_calendar(calendar, listed, played))


def assert_mapped_or_reported(
    calendar: MemoryCalendar, entity: str, rows: Sequence[RemoteCompetition | RemoteMatch], plan: Plan
) -> None:
    mapped = {mapping.twizzit_id for mapping in calendar.mappings[entity].values()}
    failed = {item.twizzit_id for item in plan.failed}
    aside = {item.twizzit_id for item in plan.set_aside}
    assert mapped | failed | aside == {row.id for row in rows}
    assert len(mapped) + len(failed) + len(aside) == len(rows)


def assert_no_opponent_is_made_twice(calendar: MemoryCalendar, there: set[int]) -> None:
    """`there`: the teams of before."""
    clubs = [club_keys(club.name) for club in calendar.clubs.values()]
    assert len(clubs) == len(set(clubs))
    # no page shows "1 - 1": a team that was made carries its club's name
    for _, _, opponent in calendar.twizzit_opponents.values():
        if opponent.team_id not in there:
            assert calendar.teams[opponent.team_id].name.startswith(calendar.clubs[opponent.club_id].name)
    for mapping in calendar.mappings["matches"].values():
        game = calendar.games[mapping.local_id]
        for side in ("home", "away"):
            team = calendar.teams[getattr(game, f"{side}_team_id")] if getattr(game, f"{side}_team_id") else None
            assert team is None or team.club_id == getattr(game, f"{side}_club_id")


@given(calendars(), competitions(), matches(), competitions(), matches())
@settings(max_examples=examples(60), deadline=None)
def test_whatever_changes_settles_after_one_sync(
    calendar: MemoryCalendar,
    listed: list[RemoteCompetition],
    played: list[RemoteMatch],
    later_listed: list[RemoteCompetition],
    later_played: list[RemoteMatch],
) -> None:
    sync_calendar(calendar, listed, played)
    sync_calendar(calendar, later_listed, later_played)
    for plan in sync_calendar(calendar, later_listed, later_played):
        assert list(plan.changes) == []


@given(competitions(), matches(("1",)), competitions(), matches(("3",)))
@settings(max_examples=examples(60), deadline=None)
def test_two_organizations_never_touch_each_others_rows(
    listed: list[RemoteCompetition],
    played: list[RemoteMatch],
    other_listed: list[RemoteCompetition],
    other_played: list[RemoteMatch],
) -> None:
    calendar = MemoryCalendar()
    calendar.add_own_team(CLUB, "1", "Senioren")
    calendar.add_own_team(OTHER_CLUB, "3", "Senioren")
    sync_calendar(calendar, listed, played)
    held: tuple[dict[int, Any], ...] = (calendar.games, calendar.competitions, *calendar.mappings.values())
    kept = [dict(rows) for rows in held]
    others = [replace(one, id=f"8{one.id}") for one in other_listed]
    theirs = [
        replace(one, id=f"8{one.id}", competition_id=one.competition_id and f"8{one.competition_id}")
        for one in other_played
    ]
    sync_calendar(calendar, others, theirs, OTHER_CLUB)
    now: tuple[dict[int, Any], ...] = (calendar.games, calendar.competitions, *calendar.mappings.values())
    for before, after in zip(kept, now, strict=True):
        assert {row_id: after[row_id] for row_id in before} == before


@given(competitions(), matches(), matches())
@settings(max_examples=examples(60), deadline=None)
def test_an_older_season_overwrites_nothing(
    listed: list[RemoteCompetition], played: list[RemoteMatch], again: list[RemoteMatch]
) -> None:
    calendar = MemoryCalendar()
    calendar.add_own_team(CLUB, "1", "Senioren")
    calendar.add_own_team(CLUB, "2", "U15")
    sync_calendar(calendar, listed, played)
    held: tuple[dict[int, Any], ...] = (calendar.games, calendar.competitions)
    kept = [dict(rows) for rows in held]
    sync_calendar(calendar, listed, again, season=OLDER)
    now: tuple[dict[int, Any], ...] = (calendar.games, calendar.competitions)
    for before, after in zip(kept, now, strict=True):
        assert {row_id: after[row_id] for row_id in before} == before


@given(matches(("1",)), st.booleans())
@settings(max_examples=examples(60), deadline=None)
def test_a_game_that_was_started_keeps_every_column(played: list[RemoteMatch], by_status: bool) -> None:
    calendar = MemoryCalendar()
    calendar.add_own_team(CLUB, "1", "Senioren")
    played = [replace(match, competition_id=None) for match in played]
    sync_calendar(calendar, [], played)
    started = {"status": "in_progress"} if by_status else {"has_events": True}
    calendar.games = {row_id: replace(game, **started) for row_id, game in calendar.games.items()}
    kept = dict(calendar.games)
    moved = [replace(one, starts_at=one.starts_at + timedelta(days=9), status="cancelled") for one in played]
    sync_calendar(calendar, [], moved)
    assert calendar.games == kept
    assert list(sync_calendar(calendar, [], moved)[1].changes) == []
