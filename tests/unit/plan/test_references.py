"""What a change says as plain values, which a stored plan keeps and a later one is compared with."""

from datetime import date

import pytest

from twizzit_pipeline.plan import Change, Plan, Question
from twizzit_pipeline.plan.references import Names, columns, creations, pointed, pointers, same, same_values

NAMES = Names({("clubs", 1): "KC Duinen", ("teams", -1): "U15", ("teams", 7): "U17"}, {("teams", 7)})


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("club_id", 1, {"id": 1, "name": "KC Duinen"}),
        ("away_club_id", 1, {"id": 1, "name": "KC Duinen"}),
        ("club_id", 2, {"id": 2, "name": None}),
        ("team_id", -1, {"id": None, "name": "U15"}),  # to be made
        ("team_id", 7, {"id": None, "name": "U17"}),  # made by a plan before it
        ("team_id", None, None),
        ("jersey_number", 7, 7),
        ("start_date", date(2026, 7, 1), "2026-07-01"),
    ],
)
def test_an_id_is_a_row_with_its_name(column: str, value: object, said: object) -> None:
    assert NAMES.value(column, value) == said


def test_only_a_column_of_ids_points_at_a_table() -> None:
    found = [pointed(column) for column in ("home_team_id", "season_id", "steam_id", "name")]
    assert found == ["teams", "seasons", None, None]


def test_what_is_there_is_pointed_at_and_what_is_made_has_a_name() -> None:
    made = Change("clubs", "create", -1, None, {"name": "KC Leie"})
    moved = Change("teams", "update", 7, "1", {"name": "U17", "club_id": -1}, {"name": "U17", "club_id": 1})
    plan = Plan("teams", [made, moved], questions=[Question("field", "1", "team_id", 7, 3, None, 4)])
    assert pointers(plan) == {("clubs", 1), ("teams", 3), ("teams", 4)}
    assert creations(plan) == {("clubs", -1): "KC Leie"}
    names = Names({**NAMES.of, **creations(plan)})
    assert columns(moved, names) == {"club_id": ({"id": 1, "name": "KC Duinen"}, {"id": None, "name": "KC Leie"})}


@pytest.mark.parametrize(
    ("stored", "fresh", "is_same"),
    [
        ({"id": 1, "name": "KC Leie"}, {"id": 1, "name": "Renamed"}, True),
        ({"id": None, "name": "KC Leie"}, {"id": 5, "name": "KC Leie"}, True),  # made meanwhile
        ({"id": None, "name": "KC Leie"}, {"id": 5, "name": "KC Zand"}, False),
        ({"id": 1, "name": "KC Leie"}, {"id": 2, "name": "KC Leie"}, False),
        (7, 7, True),
        (7, None, False),
    ],
)
def test_a_row_is_the_same_by_its_id_or_by_its_name_where_it_was_to_be_made(
    stored: object, fresh: object, is_same: bool
) -> None:
    assert same({"a": {"old": 0, "new": stored}}, {"a": (0, fresh)}) is is_same
    assert same({"a": {"old": stored, "new": 0}}, {"a": (fresh, 0)}) is is_same
    assert same_values({"a": stored, "b": 0}, {"a": fresh, "b": 0}) is is_same
    assert not same({"a": {"old": 0, "new": stored}}, {})
    assert not same_values({"a": stored}, {"a": stored, "b": 0})
