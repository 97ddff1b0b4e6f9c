"""Who is mapped, or new, although another player of ShotSpot may be the right one: asked about, while they play."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.doubts import doubt, waits
from tests.support.memory_shotspot import OLDER, SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import LocalPlayer, RemotePlayer, RemoteTeam


def person(remote_id: str, first_name: str = "Ann", gender: str | None = "female") -> RemotePlayer:
    return RemotePlayer("1", remote_id, first_name, "Onym", gender, None)


def standing_by(row_id: int, first_name: str = "Ann", **other: Any) -> LocalPlayer:
    return replace(LocalPlayer(row_id, 1, None, first_name, "Onym", None, None, True, False), **other)


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """A club with one team, and one player who is mapped: row 1, of Twizzit's 5."""
    found = MemoryShotSpot.with_teams(RemoteTeam("1", "U15", None, None, None))
    found.apply(plan_players(found.player_state([person("5")])))
    return found


def planned(
    shotspot: MemoryShotSpot,
    *people: RemotePlayer,
    open_: Sequence[OpenQuestion] = (),
    season: Any = SEASON,
    **more: Any,
) -> Plan:
    state = shotspot.player_state(list(people), season=season)
    listed = {one.id for one in people}
    mappings = list(shotspot.player_mappings.values())
    unlisted = [one for one in mappings if one.twizzit_id not in listed]
    decisions = Decisions(open=open_, **more)
    names = {one.local_id: one.twizzit_id for one in mappings}
    return plan_players(replace(state, unlisted=unlisted, mapped_to=names, decisions=decisions))


@pytest.mark.parametrize("name", ["Ann", "ÀNN"])
def test_a_player_without_mapping_may_be_the_one_who_is_mapped(shotspot: MemoryShotSpot, name: str) -> None:
    shotspot.players[7] = standing_by(7, name)
    plan = planned(shotspot, person("5"))
    assert (plan.questions, plan.changes, plan.failed, plan.unchanged) == ([doubt("5", 1, 7)], [], [], 1)
    again = planned(shotspot, person("5"), open_=[waits(plan.questions[0])])
    assert (again.questions, again.settled) == ([], {})


@pytest.mark.parametrize(
    "other", [{"gender": "male"}, {"is_active": False}, {"club_id": 2}, {"first_name": "Anna"}, {"mapped": True}]
)
def test_one_of_another_kind_is_no_question_and_settles_one(shotspot: MemoryShotSpot, other: dict[str, Any]) -> None:
    shotspot.players[7] = standing_by(7)
    question = planned(shotspot, person("5")).questions[0]
    shotspot.players[7] = standing_by(7, **{name: value for name, value in other.items() if name != "mapped"})
    if "mapped" in other:
        shotspot.player_mappings[9] = replace(shotspot.player_mappings[1], id=9, local_id=7, twizzit_id="8")
    plan = planned(shotspot, person("5"), open_=[waits(question)])
    assert (plan.questions, plan.settled) == ([], {3: "certain"})


def test_a_person_who_is_new_has_a_row_of_their_own_and_may_be_the_mapped_one(shotspot: MemoryShotSpot) -> None:
    plan = planned(shotspot, person("5"), person("6"))
    assert plan.count("create") == 1
    assert plan.questions == [doubt("6", -1, 1, row1="5")]
    shotspot.apply(plan)
    again = planned(shotspot, person("5"), person("6"), open_=[waits(plan.questions[0], local_id=2)])
    assert (again.questions, again.settled, again.changes) == ([], {}, [])
    no_question = planned(shotspot, person("5"), person("6"))
    assert no_question.questions == []


def test_what_was_asked_stays_a_question_when_the_earlier_mapping_is_closed(shotspot: MemoryShotSpot) -> None:
    question = waits(doubt("6", 2, 1, row1="5"))
    shotspot.apply(planned(shotspot, person("5"), person("6")))
    del shotspot.player_mappings[1]
    shotspot.players[1] = replace(shotspot.players[1], is_active=False, team_id=None)
    plan = planned(shotspot, person("6"), open_=[question])
    assert (plan.questions, plan.settled) == ([], {})


def test_it_is_settled_when_the_earlier_player_is_mapped_to_another(shotspot: MemoryShotSpot) -> None:
    question = waits(doubt("6", 2, 1, row1="5"))
    shotspot.apply(planned(shotspot, person("5"), person("6")))
    shotspot.player_mappings[1] = replace(shotspot.player_mappings[1], twizzit_id="8")
    plan = planned(shotspot, person("6"), open_=[question])
    assert (plan.questions, plan.settled) == ([], {3: "certain"})


def test_namesakes_who_come_together_are_no_question() -> None:
    found = MemoryShotSpot.with_teams(RemoteTeam("1", "U15", None, None, None))
    plan = planned(found, *(person(str(number)) for number in range(100)))
    assert (plan.count("create"), plan.questions) == (100, [])


def test_one_who_is_linked_is_in_no_doubt_unless_the_earlier_contact_is_gone(shotspot: MemoryShotSpot) -> None:
    shotspot.players[7] = standing_by(7)
    both = planned(shotspot, person("5"), person("6"))
    assert (both.count("link"), both.questions) == (1, [])
    one = planned(shotspot, person("6"))
    assert (one.count("link"), one.questions) == (1, [doubt("6", 7, 1, row1="5")])


@pytest.mark.parametrize("are_two", [True, False])
def test_a_pair_is_decided_about_once(shotspot: MemoryShotSpot, are_two: bool) -> None:
    shotspot.players[7] = standing_by(7)
    question = waits(doubt("5", 1, 7))
    plan = planned(shotspot, person("5"), open_=[question], pairs={("5", 7): are_two})
    assert (plan.questions, plan.settled) == ([], {3: "certain"})


def test_two_who_are_different_are_not_linked_where_a_mapping_is_lost(shotspot: MemoryShotSpot) -> None:
    shotspot.players[7] = standing_by(7)
    shotspot.player_mappings.clear()
    plan = planned(shotspot, person("5"), pairs={("5", 7): True})
    assert [(change.action, change.row_id) for change in plan.changes] == [("link", 1)]


def test_an_older_season_and_a_plan_of_others_leave_a_question(shotspot: MemoryShotSpot) -> None:
    shotspot.players[7] = standing_by(7)
    question = waits(doubt("5", 1, 7))
    older = planned(shotspot, person("5"), season=OLDER)
    others = planned(shotspot, person("6", "Bea"), open_=[question])
    assert (older.questions, others.settled) == ([], {})
    gone = planned(shotspot, person("6", "Bea"), open_=[replace(question, stands=False)])
    assert gone.settled == {3: "row_gone"}


def test_a_question_is_asked_anew_where_another_row_fits_as_well(shotspot: MemoryShotSpot) -> None:
    shotspot.players[7] = standing_by(7)
    asked = waits(planned(shotspot, person("5")).questions[0])
    shotspot.players[8] = standing_by(8)
    plan = planned(shotspot, person("5"), open_=[asked])
    assert (plan.questions, plan.settled) == ([doubt("5", 1, 7, 8)], {})
