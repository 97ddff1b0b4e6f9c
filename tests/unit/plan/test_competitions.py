"""The rules that decide what becomes of a competition."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.memory_calendar import TODAY, MemoryCalendar
from tests.support.memory_shotspot import CLUB, OF_SHOTSPOTS_OWN, OLDER, SEASON
from twizzit_pipeline.plan import Failed, Plan
from twizzit_pipeline.plan.competitions import plan_competitions
from twizzit_pipeline.plan.decisions import Decisions
from twizzit_pipeline.plan.rows import LocalCompetition, RemoteCompetition, WantedSeason
from twizzit_pipeline.policies import Policies, Policy

LEAGUE = RemoteCompetition("9", "Reeks 1", "league", SEASON.start_date, SEASON.end_date)
TYPED_IN = LocalCompetition(5, "reeks 1", "league", 1, SEASON.start_date, None, None, False)
SHOTSPOTS: dict[str, Any] = {
    **OF_SHOTSPOTS_OWN,
    "credential_active": None,
    "last_values": None,
}


@pytest.fixture
def calendar() -> MemoryCalendar:
    made = MemoryCalendar()
    made.add_own_team(CLUB, "1", "Senioren")
    return made


def sync(calendar: MemoryCalendar, *listed: RemoteCompetition, season: WantedSeason = SEASON) -> Plan:
    plan = plan_competitions(calendar.competition_state(list(listed), season=season))
    calendar.apply(plan)
    return plan


@pytest.mark.parametrize(
    ("begins", "ends", "status"),
    [
        (1, 9, "upcoming"),
        (0, 9, "in_progress"),
        (-9, 0, "in_progress"),
        (-9, None, "in_progress"),
        (-9, -1, "completed"),
    ],
)
def test_its_first_and_last_day_are_its_own(
    calendar: MemoryCalendar, begins: int, ends: int | None, status: str
) -> None:
    end = None if ends is None else TODAY + timedelta(days=ends)
    sync(calendar, replace(LEAGUE, start_date=TODAY + timedelta(days=begins), end_date=end))
    assert calendar.competitions[1].status == status


def test_one_that_is_there_is_linked_and_what_is_empty_is_filled(calendar: MemoryCalendar) -> None:
    calendar.competitions[5] = TYPED_IN
    plan = sync(calendar, LEAGUE)
    assert (plan.count("link"), plan.count("create")) == (1, 0)
    assert calendar.competitions == {5: replace(TYPED_IN, end_date=SEASON.end_date, status="in_progress")}
    assert sync(calendar, LEAGUE).changes == []


def test_several_that_fit_are_reported_and_nothing_is_made(calendar: MemoryCalendar) -> None:
    calendar.competitions = {6: replace(TYPED_IN, id=6), 5: replace(TYPED_IN, name="REEKS 1")}
    assert sync(calendar, LEAGUE).failed == [Failed("9", "doubtful_link", (5, 6))]
    calendar.competitions[6] = replace(TYPED_IN, id=6, name="Reeks 1")
    assert sync(calendar, LEAGUE).count("link") == 1, "the very name"


@pytest.mark.parametrize(("season_id", "action"), [(1, "link"), (None, "link"), (2, "create")])
def test_one_of_another_season_is_another_one(calendar: MemoryCalendar, season_id: int | None, action: Any) -> None:
    calendar.seasons[2] = replace(calendar.seasons[1], id=2, name="Zaal", start_date=date(2026, 11, 1))
    calendar.competitions[5] = replace(TYPED_IN, season_id=season_id)
    assert sync(calendar, LEAGUE).count(action) == 1


def test_its_season_is_made_where_it_is_not_there(calendar: MemoryCalendar) -> None:
    plan = sync(calendar, LEAGUE, season=OLDER)
    assert plan.made("seasons") == 1
    assert [change.values["is_official"] for change in plan.changes if change.table == "competitions"] == [True]
    assert calendar.competitions[1].season_id == 2


@pytest.mark.parametrize(
    ("called", "of_season", "reason"),
    [
        ("Reeks 1", 1, "taken_over"),
        ("Onze reeks", 1, "taken_over_renamed"),
        ("Reeks 1", 2, "taken_over"),
        ("Onze reeks", 2, "doubtful_link"),
    ],
)
def test_a_mapping_of_shotspots_own_is_taken_over_where_season_or_name_agrees(
    calendar: MemoryCalendar, called: str, of_season: int, reason: str
) -> None:
    sync(calendar, LEAGUE)
    shotspots = replace(calendar.mappings["competitions"][1], twizzit_name=None, **SHOTSPOTS)
    calendar.mappings["competitions"][1] = shotspots
    calendar.competitions[1] = replace(calendar.competitions[1], name=called, season_id=of_season)
    plan = sync(calendar, LEAGUE)
    assert [*(one.reason for one in plan.warned), *(one.reason for one in plan.failed)] == [reason]
    assert plan.count("adopt") == (reason != "doubtful_link")


def test_what_a_person_chose_is_linked_or_made(calendar: MemoryCalendar) -> None:
    calendar.competitions = {5: TYPED_IN, 6: replace(TYPED_IN, id=6)}
    for local_id in (6, None):
        state = replace(calendar.competition_state([LEAGUE]), decisions=Decisions(links={"9": local_id}))
        (change,) = plan_competitions(state).changes
        assert (change.action, change.row_id) == (("link", 6) if local_id else ("create", -1))


@pytest.mark.parametrize(
    ("policy", "name", "asked"), [("twizzit", "Reeks 2", 0), ("shotspot", "Ours", 0), ("ask", "Ours", 1)]
)
def test_a_name_that_both_sides_changed_is_whose_the_policy_says(
    calendar: MemoryCalendar, policy: Policy, name: str, asked: int
) -> None:
    sync(calendar, LEAGUE)
    calendar.competitions[1] = replace(calendar.competitions[1], name="Ours")
    state = calendar.competition_state([replace(LEAGUE, name="Reeks 2")])
    plan = plan_competitions(replace(state, decisions=Decisions(Policies(policy))))
    calendar.apply(plan)
    assert (calendar.competitions[1].name, len(plan.questions)) == (name, asked)
