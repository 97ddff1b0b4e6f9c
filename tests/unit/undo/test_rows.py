"""What only one row may hold, what a row names, and what it is called."""

from typing import Any

import pytest

from twizzit_pipeline.undo.rows import Key, Reference, Slot, name_of

NUMBER = Slot("players", ("club_id", "jersey_number"))


@pytest.mark.parametrize(
    ("slot", "values", "held"),
    [
        (NUMBER, {"club_id": 1, "jersey_number": 7}, ("1", "7")),
        (NUMBER, {"club_id": 1, "jersey_number": None}, None),
        (Slot("players", ("club_id", "jersey_number"), nulls=True), {"club_id": 1}, ("1", "None")),
        (Slot("teams", ("name",), only=("status", "open")), {"name": "U15", "status": "open"}, ("U15",)),
        (Slot("teams", ("name",), only=("status", "open")), {"name": "U15", "status": "over"}, None),
        (Slot("seasons", ("is_active",)), {"is_active": True}, ("true",)),  # as PostgreSQL writes it
    ],
)
def test_what_a_row_holds(slot: Slot, values: dict[str, Any], held: tuple[str, ...] | None) -> None:
    assert slot.of(values) == held


def test_a_row_names_another_one_where_no_part_of_the_key_is_null() -> None:
    key = Reference("players", ("team_id", "club_id"), "teams", ("id", "club_id"))
    assert key.of({"team_id": 5, "club_id": 1}) == ("5", "1")
    assert key.of({"team_id": None, "club_id": 1}) is None


@pytest.mark.parametrize(
    ("table", "values", "name"),
    [
        ("players", {"first_name": "An", "last_name": "Maes"}, "An Maes"),
        ("players", {"first_name": None, "last_name": "Maes"}, "Maes"),
        ("teams", {"name": "U15"}, "U15"),
        (
            "twizzit_match_mappings",
            {"other_name": "no", "twizzit_x_name": None, "twizzit_match_name": "A - B"},
            "A - B",
        ),
        ("twizzit_match_mappings", {}, ""),
        ("games", {"date": "2026-12-12"}, "2026-12-12"),
        ("games", {}, ""),
    ],
)
def test_what_a_row_is_called(table: str, values: dict[str, Any], name: str) -> None:
    assert name_of(Key(table, 1), values) == name
