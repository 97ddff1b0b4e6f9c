"""Why the next sync is further away than the interval: each reason, and none where there is nothing to explain."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from twizzit_pipeline.queries.later import WORDS, later

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOURLY: dict[str, Any] = {
    "interval_minutes": 60,
    "next_sync_at": NOW + 86 * MINUTE,
    "last_sync_at": NOW - MINUTE,
    "consecutive_failures": 0,
    "paused_until": None,
    "paused_because": None,
    "monthly_call_limit": None,
    "now": NOW,
}


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({}, "own minute", WORDS["own minute"]),
        ({"monthly_call_limit": 1000}, "own minute", WORDS["own minute"]),
        ({"monthly_call_limit": 1000, "next_sync_at": NOW + 300 * MINUTE}, "calls", WORDS["calls"]),
        (
            {"consecutive_failures": 3, "next_sync_at": NOW + 400 * MINUTE},
            "backing off",
            "after 3 failures in a row it comes every 8 h, until a sync succeeds",
        ),
        ({"consecutive_failures": 1}, "backing off", "after 1 failure it comes every 2 h, until a sync succeeds"),
        (
            {"consecutive_failures": 9},
            "backing off",
            "after 9 failures in a row it comes every 1 d, until a sync succeeds",
        ),
        ({"last_sync_at": None}, "first", WORDS["first"]),
        ({"paused_until": NOW + MINUTE, "paused_because": "no calls left"}, "paused", "no calls left"),
    ],
)
def test_each_reason_has_its_words(changes: dict[str, Any], kind: str, words: str) -> None:
    found = later(**{**HOURLY, **changes})
    assert found is not None
    assert (found.kind, found.words) == (kind, words)


@pytest.mark.parametrize(
    "changes", [{"next_sync_at": NOW + 60 * MINUTE}, {"next_sync_at": None}, {"next_sync_at": NOW - MINUTE}]
)
def test_what_is_no_further_away_than_the_interval_needs_no_reason(changes: dict[str, Any]) -> None:
    assert later(**{**HOURLY, **changes, "consecutive_failures": 2}) is None
