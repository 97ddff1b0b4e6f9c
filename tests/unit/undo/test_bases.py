"""The base of a mapping in columns of its own, and back."""

from typing import Any

import pytest

from twizzit_pipeline.undo.bases import apart, mapped_row, part_of, parts, together
from twizzit_pipeline.undo.rewind import rewound
from twizzit_pipeline.undo.rows import Entry, Key

MAPPING = Key("twizzit_player_mappings", 3)


@pytest.mark.parametrize("base", [None, {}, {"first_name": "An"}, {"first_name": None, "jersey_number": 7}])
def test_what_is_taken_apart_is_put_together_again(base: dict[str, Any] | None) -> None:
    values = {"id": 3, "last_values": base}
    wanted = parts([values, None, {"last_values": {"first_name": "Ann"}}, {"id": 4}])
    assert wanted == {"first_name", *(base or {})}
    found = apart(values, wanted)
    assert found is not None
    assert together(found) == values
    assert apart(None, wanted) is None
    assert together({"id": 4}) == apart({"id": 4}, wanted) == {"id": 4}


def test_which_part_of_a_base_is_about_a_column_and_which_row_it_is_of() -> None:
    said = [part_of("players", "team_id"), part_of("games", "date"), part_of("players", "first_name")]
    assert said == ["last_values.twizzit_team_id", "last_values.starts_at", "last_values.first_name"]
    assert mapped_row(MAPPING, {"local_player_id": 7}) == Key("players", 7)
    assert mapped_row(MAPPING, {"local_player_id": None}) is None
    assert mapped_row(Key("players", 7), {}) is None


def test_of_a_base_only_what_is_about_a_column_that_a_person_edited_stays() -> None:
    player = Key("players", 7)
    before, after = {"first_name": "An", "last_name": "Maes"}, {"first_name": "Ann", "last_name": "Maas"}
    entries = [
        Entry(1, player, "100", "update", before, after),
        Entry(2, MAPPING, "100", "update", {"last_values": before}, {"last_values": after}),
    ]
    now = {
        player: {"id": 7, "first_name": "Anna", "last_name": "Maas"},
        MAPPING: {"id": 3, "local_player_id": 7, "last_values": after},
    }
    rows = rewound(entries, now)
    assert rows[player].wanted == {"id": 7, "first_name": "Anna", "last_name": "Maes"}
    kept = {"first_name": "Ann", "last_name": "Maes"}
    assert rows[MAPPING].wanted == {"id": 3, "local_player_id": 7, "last_values": kept}
