"""Departures that an undo takes back are held again, and a mapping that one closed is there again."""

from typing import Any

import pytest

from twizzit_pipeline.undo.departed import held_again, reopens, taken_back
from twizzit_pipeline.undo.rows import Entry, Key, Step, StepKind, UndoPlan

MAPPING = Key("twizzit_player_mappings", 3)
BASE: dict[str, Any] = {"last_values": {"is_active": True}}


def undone(kind: StepKind, after: dict[str, Any]) -> UndoPlan:
    return UndoPlan((Step(kind, MAPPING, "100", "", {}, after),))


def entry(action: str = "depart", after: dict[str, Any] | None = BASE, twizzit_id: str | None = "100") -> Entry:
    return Entry(1, MAPPING, twizzit_id, action, BASE, after)


@pytest.mark.parametrize(
    ("plan", "of", "found"),
    [
        (undone("restore", BASE), entry(), {("players", "100")}),
        (undone("restore", {"sync_status": "success"}), entry(), set()),  # the base stays
        (undone("bring_back", BASE), entry(), set()),
        (UndoPlan(), entry(), set()),
        (undone("restore", BASE), entry("update"), set()),
        (undone("restore", BASE), entry(twizzit_id=None), set()),
    ],
)
def test_who_has_not_departed_any_more(plan: UndoPlan, of: Entry, found: set[tuple[str, str]]) -> None:
    assert taken_back(plan, [of]) == found


@pytest.mark.parametrize(
    ("plan", "of", "is_again"),
    [
        (undone("bring_back", BASE), entry(after=None), True),
        (undone("bring_back", BASE), entry(), False),
        (undone("bring_back", BASE), entry("update", None), False),
        (undone("restore", BASE), entry(after=None), False),
    ],
)
def test_whether_a_closed_mapping_is_there_again(plan: UndoPlan, of: Entry, is_again: bool) -> None:
    assert reopens(plan, [of]) is is_again


def test_only_what_is_applied_and_has_not_returned_is_held_again() -> None:
    rows = {
        Key("twizzit_departures", number): {"twizzit_id": str(number), "status": status, "returned_at": returned}
        for number, status, returned in (
            (2, "applied", None),
            (1, "applied", None),
            (3, "applied", "then"),
            (4, "closed", None),
        )
    }
    plan = held_again(UndoPlan(), rows)
    assert [(step.key.id, step.before, step.after) for step in plan.steps] == [
        (1, {"status": "applied"}, {"status": "held"}),
        (2, {"status": "applied"}, {"status": "held"}),
    ]
    assert held_again(UndoPlan(), {}) == UndoPlan()
