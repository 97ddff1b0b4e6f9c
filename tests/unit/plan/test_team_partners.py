"""Which team is mapped, or new, although another team of ShotSpot's may be it: asked about, while it plays."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.doubts import doubt, planned_teams, waits
from tests.support.memory_shotspot import CLUB, OLDER, OTHER_CLUB, SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.rows import LocalClub, LocalTeam, Owner, RemoteTeam
from twizzit_pipeline.plan.team_names import loose_name

U15 = RemoteTeam("5", "U15 1", None, None, None)
NEW = RemoteTeam("6", "U.15-1", None, None, None)


def standing_by(row_id: int = 7, name: str = "u.15-1", **other: Any) -> LocalTeam:
    return replace(LocalTeam(row_id, 1, name, None, None, 1, True, False), **other)


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """A club with one team, which is mapped: row 1, of Twizzit's 5."""
    return MemoryShotSpot.with_teams(U15)


def planned(
    shotspot: MemoryShotSpot,
    *teams: RemoteTeam,
    open_: Sequence[OpenQuestion] = (),
    season: Any = SEASON,
    owner: Owner = CLUB,
    opponents: Collection[int] = (),
    **more: Any,
) -> Plan:
    decisions = Decisions(open=open_, **more)
    return planned_teams(shotspot, *teams, decisions=decisions, season=season, owner=owner, opponents=opponents)


@pytest.mark.parametrize(
    "name",
    ["u.15-1", "U 15 1", "Ü15 1", "KC Duinen U15 1", "K.C. Duinen - U15 1", "Korfbalclub Duinen U15 1", "U15-1."],
)
def test_a_row_of_another_spelling_may_be_the_mapped_one(shotspot: MemoryShotSpot, name: str) -> None:
    shotspot.teams[7] = standing_by(name=name)
    plan = planned(shotspot, U15)
    assert (plan.questions, plan.changes, plan.failed, plan.unchanged) == ([doubt("5", 1, 7)], [], [], 1)
    again = planned(shotspot, U15, open_=[waits(plan.questions[0])])
    assert (again.questions, again.settled) == ([], {})


def test_a_row_of_no_season_may_have_the_very_name(shotspot: MemoryShotSpot) -> None:
    shotspot.teams[7] = standing_by(name="U15 1", season_id=None)
    assert planned(shotspot, U15).questions == [doubt("5", 1, 7)]


@pytest.mark.parametrize("name", ["U15 2", "U1 51", "U151", "U15", "KC Duinen", "U15 1 bis", "KC Duinen Zuid U15 1"])
def test_another_name_is_another_team(shotspot: MemoryShotSpot, name: str) -> None:
    shotspot.teams[7] = standing_by(name=name)
    assert planned(shotspot, U15).questions == []


@pytest.mark.parametrize(
    "other", [{"is_active": False}, {"club_id": 2}, {"season_id": 2}, {"name": "U15 2"}, {"mapped": True}, {"of": 7}]
)
def test_one_of_another_kind_is_no_question_and_settles_one(shotspot: MemoryShotSpot, other: dict[str, Any]) -> None:
    shotspot.clubs[2] = LocalClub(2, "KC Elders")
    shotspot.teams[7] = standing_by()
    question = planned(shotspot, U15).questions[0]
    shotspot.teams[7] = standing_by(**{name: value for name, value in other.items() if name not in ("mapped", "of")})
    if "mapped" in other:
        shotspot.team_mappings[9] = replace(shotspot.team_mappings[1], id=9, local_id=7, twizzit_id="8")
    plan = planned(shotspot, U15, open_=[waits(question)], opponents={7} if "of" in other else ())
    assert (plan.questions, plan.settled) == ([], {3: "certain"})


def test_a_row_that_another_credential_has_mapped_is_never_asked_about(shotspot: MemoryShotSpot) -> None:
    shotspot.team_mappings[1] = replace(shotspot.team_mappings[1], credential_id=2)
    plan = planned(shotspot, U15, NEW)
    assert ([change.twizzit_id for change in plan.changes], plan.questions) == (["6"], [])


def test_a_club_that_the_credential_may_not_feed_asks_nothing(shotspot: MemoryShotSpot) -> None:
    shotspot.teams[7] = standing_by()
    other = replace(OTHER_CLUB, organization_name="KC Duinen")
    plan = planned(shotspot, replace(U15, id="9"), owner=other)
    assert ([one.reason for one in plan.failed], plan.questions) == (["club_of_another_organization"], [])


def test_a_new_team_has_a_row_of_its_own_and_may_be_the_mapped_one(shotspot: MemoryShotSpot) -> None:
    plan = planned(shotspot, U15, NEW)
    assert (plan.count("create"), plan.questions) == (1, [doubt("6", -1, 1, row1="5")])
    shotspot.apply(plan)
    again = planned(shotspot, U15, NEW, open_=[waits(plan.questions[0], local_id=2)])
    assert (again.questions, again.settled, again.changes) == ([], {}, [])
    assert planned(shotspot, U15, NEW).questions == []


def test_teams_that_come_together_are_no_question() -> None:
    plan = planned(MemoryShotSpot(), U15, NEW)
    assert (plan.count("create"), plan.questions) == (2, [])


def test_a_new_team_may_be_a_row_of_another_spelling(shotspot: MemoryShotSpot) -> None:
    shotspot.teams[7] = standing_by(name="U17 . 2")
    plan = planned(shotspot, U15, RemoteTeam("8", "U17 2", None, None, None))
    assert (plan.count("create"), plan.questions) == (1, [doubt("8", -1, 7)])


def test_one_that_is_linked_is_in_no_doubt_unless_the_mapped_one_is_gone(shotspot: MemoryShotSpot) -> None:
    shotspot.teams[7] = standing_by(name="U.15-1")
    both = planned(shotspot, U15, NEW)
    assert (both.count("link"), both.questions) == (1, [])
    one = planned(shotspot, NEW)
    assert (one.count("link"), one.questions) == (1, [doubt("6", 7, 1, row1="5")])


@pytest.mark.parametrize("are_two", [True, False])
def test_a_pair_is_decided_about_once(shotspot: MemoryShotSpot, are_two: bool) -> None:
    shotspot.teams[7] = standing_by()
    plan = planned(shotspot, U15, open_=[waits(doubt("5", 1, 7))], pairs={("5", 7): are_two})
    assert (plan.questions, plan.settled) == ([], {3: "certain"})


def test_two_that_are_different_are_not_linked_where_a_mapping_is_lost(shotspot: MemoryShotSpot) -> None:
    shotspot.teams[7] = standing_by(name="u15 1")
    shotspot.team_mappings.clear()
    plan = planned(shotspot, U15, pairs={("5", 7): True})
    assert [(change.action, change.row_id) for change in plan.changes] == [("link", 1)]


def test_an_older_season_and_a_plan_of_others_leave_a_question(shotspot: MemoryShotSpot) -> None:
    shotspot.teams[7] = standing_by()
    question = waits(doubt("5", 1, 7))
    older = planned(shotspot, U15, season=replace(OLDER, label=SEASON.label), open_=[question])
    others = planned(shotspot, replace(NEW, name="U19"), open_=[question])
    assert (older.questions, older.settled, others.settled) == ([], {}, {})
    gone = planned(shotspot, replace(NEW, name="U19"), open_=[replace(question, stands=False)])
    assert gone.settled == {3: "row_gone"}


def test_a_team_that_is_not_made_is_not_asked_about(shotspot: MemoryShotSpot) -> None:
    shotspot.teams[7] = standing_by(name="KC Duinen U19 1")
    same = [RemoteTeam(one, "U19 2", None, None, None) for one in ("8", "9")]
    plan = planned(shotspot, U15, *same)
    assert ([one.twizzit_id for one in plan.failed], plan.questions) == (["9"], [])


def test_signs_between_numbers_keep_them_apart() -> None:
    assert [loose_name(one, "KC Duinen") for one in ("U15 1", "U.15-1", "U1 51", "U151", "KC Duinen")] == [
        "u15 1",
        "u15 1",
        "u1 51",
        "u151",
        "kcduinen",
    ]
