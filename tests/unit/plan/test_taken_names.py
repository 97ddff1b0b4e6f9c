"""A team that is new and whose name a mapped one has: a person is asked, and what they say is done."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.doubts import mapped_rows, planned_teams, waits
from tests.support.memory_shotspot import SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Failed, Plan, Question
from twizzit_pipeline.plan.asking import doubts
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.departed import Departures, Missing
from twizzit_pipeline.plan.ownership import current_mapping
from twizzit_pipeline.plan.rows import RemoteTeam

U15 = RemoteTeam("5", "U15", None, None, None)
SAME = replace(U15, id="6")
TAKEN = [Failed("6", "name_taken")]


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """A club with one team, which is mapped: row 1, of Twizzit's 5."""
    return MemoryShotSpot.with_teams(U15)


def planned(
    shotspot: MemoryShotSpot,
    *teams: RemoteTeam,
    open_: Sequence[OpenQuestion] = (),
    season: Any = SEASON,
    links: Any = None,
    **more: Any,
) -> Plan:
    decisions = Decisions(open=open_, links=links or {})
    return planned_teams(shotspot, *teams, decisions=decisions, season=season, **more)


def question(**mapped: str) -> Question:
    return Question("doubtful_link", "6", base=mapped_rows(mapped), candidates=(1,))


def test_it_is_another_team_or_that_one_where_that_is_not_listed(shotspot: MemoryShotSpot) -> None:
    both, alone = planned(shotspot, U15, SAME), planned(shotspot, SAME)
    assert (both.failed, both.questions) == (TAKEN, [question()])
    assert (alone.failed, alone.questions) == (TAKEN, [question(row1="5")])
    assert both.questions[0].is_of_name
    again = planned(shotspot, U15, SAME, open_=[waits(question())])
    assert (again.questions, again.settled) == ([], {})
    gone_since = planned(shotspot, SAME, open_=[waits(question())])
    assert (gone_since.questions, gone_since.settled) == ([question(row1="5")], {})


def test_it_is_no_question_among_the_plain_doubtful_links(shotspot: MemoryShotSpot) -> None:
    plan = planned(shotspot, U15, SAME, open_=[waits(question())])
    assert doubts(plan.failed, Decisions(open=[waits(question())]), {"5", "6"}) == ([], {})


@pytest.mark.parametrize("later", [replace(SAME, name="U16"), None])
def test_it_is_settled_where_the_name_is_free_or_the_team_gone(
    shotspot: MemoryShotSpot, later: RemoteTeam | None
) -> None:
    asked = waits(question(), stands=later is not None)
    plan = planned(shotspot, U15, *([later] if later else []), open_=[asked])
    assert (plan.questions, plan.settled) == ([], {3: "certain" if later else "row_gone"})


def test_an_older_season_asks_nothing(shotspot: MemoryShotSpot) -> None:
    plan = planned(shotspot, U15, SAME, season=replace(SEASON, decides=False))
    assert (plan.failed, plan.questions) == (TAKEN, [])


def test_the_team_of_another_credential_is_no_answer(shotspot: MemoryShotSpot) -> None:
    shotspot.team_mappings[1] = replace(shotspot.team_mappings[1], credential_id=2)
    plan = planned(shotspot, SAME)
    assert (plan.failed, plan.questions) == (TAKEN, [])


def test_a_team_that_is_renamed_to_a_name_that_is_taken_is_no_question(shotspot: MemoryShotSpot) -> None:
    shotspot.apply(planned(shotspot, U15, replace(SAME, name="U16")))
    plan = planned(shotspot, U15, SAME)
    assert (plan.failed, plan.questions) == (TAKEN, [])


def test_two_that_come_together_are_asked_about_with_the_next_sync() -> None:
    shotspot = MemoryShotSpot()
    plan = planned(shotspot, U15, SAME)
    assert (plan.failed, plan.questions) == (TAKEN, [])
    shotspot.apply(plan)
    assert planned(shotspot, U15, SAME).questions == [question()]


def test_one_that_takes_the_place_of_a_team_that_is_gone_leaves_no_question_about_it(shotspot: MemoryShotSpot) -> None:
    mapping = shotspot.team_mappings[1]
    missing = Missing("5", 1, mapping.id, current_mapping(mapping), {"is_active": True, "club_id": 1}, (1,))
    gone = Departures([missing], {"5": "gone"}, active={1: 9})
    plan = planned(shotspot, SAME, replace(U15, id="7"), departures=gone)
    assert ([one.twizzit_id for one in plan.changes], plan.failed) == (["6"], [Failed("7", "name_taken")])
    assert plan.questions == []


def test_another_team_is_made_under_its_name_and_a_number(shotspot: MemoryShotSpot) -> None:
    shotspot.teams[2] = replace(shotspot.teams[1], id=2, name="U15 (2)", mapped=False)
    plan = planned(shotspot, U15, SAME, replace(U15, id="7"), links={"6": None, "7": None})
    assert plan.failed == []
    assert [(one.twizzit_id, one.values["name"]) for one in plan.changes] == [("6", "U15 (3)"), ("7", "U15 (4)")]
    shotspot.apply(plan)
    again = planned(shotspot, U15, SAME, replace(U15, id="7"), links={"6": None, "7": None})
    assert (again.changes, again.failed, again.questions) == ([], [], [])


@pytest.mark.parametrize("called", ["U15 (2)", "Jeugd"])
def test_a_repair_leaves_the_name_of_one_that_was_made_so_while_its_own_is_taken(
    shotspot: MemoryShotSpot, called: str
) -> None:
    made = {"6": None}
    shotspot.apply(planned(shotspot, U15, SAME, links=made))
    shotspot.teams[2] = replace(shotspot.teams[2], name=called)
    repair = replace(SEASON, repairs=True)
    quiet = planned(shotspot, U15, SAME, links=made, season=repair)
    assert (quiet.changes, quiet.failed, quiet.unchanged) == ([], [], 2)
    another = planned(shotspot, U15, replace(SAME, name="U16"), links=made, season=repair)
    assert [(one.twizzit_id, one.values["name"]) for one in another.changes] == [("6", "U16")]
    shotspot.teams[3] = replace(shotspot.teams[1], id=3, name="U16", mapped=False)
    assert planned(shotspot, U15, replace(SAME, name="U16"), links=made).failed == TAKEN


def test_a_long_name_keeps_its_number() -> None:
    long = replace(U15, name="U" * 100)
    shotspot = MemoryShotSpot()
    shotspot.apply(planned(shotspot, long))
    (change,) = planned(shotspot, long, replace(long, id="6"), links={"6": None}).changes
    assert change.values["name"] == "U" * 96 + " (2)"


def test_its_name_is_its_own_where_that_is_free(shotspot: MemoryShotSpot) -> None:
    (change,) = planned(shotspot, U15, replace(SAME, name="U16"), links={"6": None}).changes
    assert change.values["name"] == "U16"


def test_the_mapping_goes_over_where_a_person_said_so(shotspot: MemoryShotSpot) -> None:
    plan = planned(shotspot, SAME, takes={"6": 1})
    (change,) = plan.changes
    assert (change.action, change.row_id, change.changed) == ("update", 1, {})
    assert (change.mapping_before["remote_id"], (change.mapping or {})["remote_id"]) == ("5", "6")
    shotspot.apply(plan)
    assert [(one.id, one.local_id, one.twizzit_id) for one in shotspot.team_mappings.values()] == [(1, 1, "6")]
