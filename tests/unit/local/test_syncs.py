"""The line of `up` of a sync that left something to a person: a plan, or departures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from twizzit_pipeline.local.syncs import line
from twizzit_pipeline.runs.history import HistoryRow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(**details: Any) -> HistoryRow:
    found = {"season": "2026-2027", "calls": 3, **details}
    return HistoryRow(
        7, 2, "players", "import", "success", 9, 9, 0, None, NOW, NOW + timedelta(seconds=2), "run", found
    )


def test_a_sync_that_stopped_at_its_plan_says_which_and_changed_nothing() -> None:
    said = line([row(plan_waits=4)], "2 KC Duinen")
    assert said.endswith(
        "2 KC Duinen, 2026-2027 · stopped at its plan (twizzit plans show 4) · 9 players · 3 calls · 2.0 s"
    )


def test_departures_that_are_held_back_are_counted() -> None:
    said = line([row(update=1, departures={"held": 24, "waiting": 0, "closed": 0})], "2 KC Duinen")
    assert " · 1 updated · 24 held back (twizzit departures list 2) · 3 calls" in said
    assert "held back" not in line([row(departures={"held": 0, "waiting": 2, "closed": 0})], "2 KC Duinen")


def test_a_reason_that_all_entities_fail_for_is_said_once() -> None:
    held = replace(row(), status="failed", error_message="held,\nlook at it")
    entities = ("teams", "players", "matches")
    rows = [replace(held, details={**held.details, "entity": entity}) for entity in entities]
    rows.append(replace(held, error_message="another one", details={**held.details, "entity": "competitions"}))
    assert line(rows, "2 KC Duinen").endswith(" · teams, players, matches: held, look at it; competitions: another one")
