"""Departures of a plan that is applied: what is left out is not remembered as done, and closings are chosen as well."""

from dataclasses import replace

from tests.support.memory_shotspot import MemoryShotSpot
from twizzit_pipeline.plan import Change, Plan, by_reason
from twizzit_pipeline.plan.chosen import (
    LEFT_OUT,
    NEW_SINCE_PLAN,
    NO_LONGER_TRUE,
    Chosen,
    ChosenEntity,
    closing_of,
    item_of,
    keep,
)
from twizzit_pipeline.plan.departed import Record
from twizzit_pipeline.plan.references import Names

DEPARTS = Change(
    "players", "depart", 1, "100", {"team_id": None, "is_active": False}, {"team_id": 5, "is_active": True}
)
LEAVES = Record(None, "100", 1, "no_team", "applied", applied=True)
CLOSES = Record(7, "200", 2, "gone", "closed", proved=True, closes=44)
WAITS = Record(None, "300", 3, "unproved", "waiting")
PLAN = Plan("players", changes=[DEPARTS], departures=[LEAVES, CLOSES, WAITS], closed=["200"])


def stored(*, closing: bool = True, without: frozenset[tuple[str, str]] = frozenset()) -> Chosen:
    items = {"100": item_of(DEPARTS, Names({}, {}))}
    if closing:
        items["200"] = closing_of("200")
    return Chosen(1, {"players": ChosenEntity(items)}, without)


def part(chosen: Chosen, plan: Plan = PLAN) -> Plan:
    return keep(plan, MemoryShotSpot().player_state([]), chosen, Names({}, {}))


def test_what_the_plan_showed_is_done_and_remembered() -> None:
    made = part(stored())
    assert (list(made.changes), list(made.departures), list(made.closed)) == (
        [DEPARTS],
        [LEAVES, CLOSES, WAITS],
        ["200"],
    )
    assert list(made.warned) == []


def test_a_departure_that_is_left_out_is_not_remembered_as_done() -> None:
    made = part(stored(without=frozenset({("players", "100"), ("players", "200")})))
    assert (list(made.changes), list(made.departures), list(made.closed)) == ([], [WAITS], [])
    assert by_reason(made.warned) == {LEFT_OUT: ("100", "200")}


def test_a_mapping_whose_closing_the_plan_did_not_show_stays() -> None:
    made = part(stored(closing=False))
    assert (list(made.departures), list(made.closed)) == ([LEAVES, WAITS], [])
    assert by_reason(made.warned) == {NEW_SINCE_PLAN: ("200",)}


def test_a_closing_that_is_none_any_more_is_said() -> None:
    made = part(stored(), replace(PLAN, departures=[LEAVES, WAITS], closed=()))
    assert by_reason(made.warned) == {NO_LONGER_TRUE: ("200",)}
