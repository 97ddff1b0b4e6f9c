"""Values of the journal, as a terminal shows them."""

from dataclasses import replace
from io import StringIO
from typing import Any, cast

import pytest
from rich.console import Console

from twizzit_pipeline.cli.commands import previewing
from twizzit_pipeline.cli.output.differences import differences, from_journal, is_of_people
from twizzit_pipeline.entities import ENTITIES, PLAYERS, Entity

NAMES = {("team_id", 5): "U17 1", ("club_id", 1): "KC Scheldedal"}


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("team_id", 5, "U17 1 (5)"),
        ("team_id", 6, "6"),  # a team that is gone has no name
        ("club_id", True, "yes"),
        ("is_active", False, "no"),
        ("jersey_number", None, "–"),
        ("first_name", "", "“”"),  # not nothing
        ("first_name", "  ", "“  ”"),
        ("date", "2026-07-04T12:00:00+00:00", "Sat 2026-07-04 14:00"),
        ("date", "2026-12-12T12:00:00+00:00", "Sat 2026-12-12 13:00"),
        ("date", "2026-12-11T23:00:00+00:00", "Sat 2026-12-12, hour not known"),
        ("date", "infinity", "no real day (infinity, or after the year 9999)"),
        ("start_date", "-infinity", "no real day (-infinity, or before the year 1)"),
        ("name", "infinity", "infinity"),
        ("date", "12026-01-01T00:00:00+00:00", "12026-01-01T00:00:00+00:00"),
        ("date", "9999-12-31T23:30:00+00:00", "9999-12-31T23:30:00+00:00"),  # of a year that Belgium's clocks leave
        ("start_date", "2026-07-01", "2026-07-01"),
        ("end_date", "9998-12-29", "no real day (infinity, or after the year 9999)"),
    ],
)
def test_ids_have_names_and_kick_offs_are_belgian(column: str, value: object, shown: str) -> None:
    assert from_journal(column, value, NAMES) == shown


def test_a_plan_s_kick_offs_are_belgian_too() -> None:
    moved = {"date": ("2026-12-12T12:00:00+00:00", "2026-07-04T12:00:00+00:00"), "home_score": (0, 3)}
    assert list(differences(moved, names=False)) == [
        "date: Sat 2026-12-12 13:00 → Sat 2026-07-04 14:00",
        "home_score: 0 → 3",
    ]


def test_whose_names_are_hidden_where_output_is_kept_follows_from_the_entity(monkeypatch: pytest.MonkeyPatch) -> None:
    to_come: dict[str, Any] = {"name": "staff", "one": "staff_member", "local": "staff"}
    monkeypatch.setitem(cast("dict[str, Entity]", ENTITIES), "staff", replace(PLAYERS, **to_come))
    for name in ("players", "twizzit_player_mappings", "staff", "twizzit_staff_member_mappings"):
        assert is_of_people(name), name
    for name in ("teams", "games", "twizzit_match_mappings", "clubs"):
        assert not is_of_people(name), name
    out = Console(file=StringIO())
    shown = {name: [one.header for one in previewing._items(out, name, []).columns] for name in ENTITIES}
    assert {name for name, headers in shown.items() if "Name" not in headers} == {"players", "staff"}
