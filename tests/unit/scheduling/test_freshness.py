"""Which credentials are late: not for their two intervals, nor while they are paused."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from twizzit_pipeline.runs.recorded import TURNED_ON
from twizzit_pipeline.scheduling.freshness import Late, _judged

AT = datetime(2026, 11, 23, 13, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ago(hours: float) -> datetime:
    """As the columns have it: UTC without zone."""
    return (AT - hours * HOUR).replace(tzinfo=None)


def judged(**changes: Any) -> Late | None:
    """Of a credential that syncs everything each hour, and did so two hours ago."""
    row: dict[str, Any] = {
        "credential_id": 7,
        "sync_interval_minutes": 60,
        "consecutive_failures": 0,
        "at": AT,
        "last_sync_at": None,
        "next_sync_at": None,
        "paused_until": None,
        "changed_at": ago(99),
        "running": False,
        **{f"{entity}_at": ago(2) for entity in TURNED_ON},
        **{f"{entity}_on": True for entity in TURNED_ON},
    }
    return _judged(cast("Any", SimpleNamespace(**{**row, **changes})))


LATE: dict[str, Any] = {"players_at": ago(2.1)}


@pytest.mark.parametrize(
    ("changes", "is_late"),
    [
        ({}, False),  # two intervals, and no more
        (LATE, True),
        ({"players_at": None}, True),  # it never came
        ({**LATE, "players_on": False}, False),
        ({**LATE, **{f"{entity}_on": False for entity in TURNED_ON}}, False),
        ({**LATE, "last_sync_at": ago(1)}, False),  # the history was pruned
        ({**LATE, "changed_at": ago(1)}, False),  # it was just switched on
        ({**LATE, "paused_until": ago(-0.1)}, False),
        ({**LATE, "paused_until": ago(0)}, False),  # it has its two intervals from then on
        ({**LATE, "paused_until": ago(2.1)}, True),
        ({**LATE, "sync_interval_minutes": None}, True),  # ShotSpot's column may be null: an hour
        ({**LATE, "sync_interval_minutes": 120}, False),
        ({"last_sync_at": ago(0.1), "sync_interval_minutes": 1}, False),  # counts as five minutes
        ({"last_sync_at": ago(0.2), "sync_interval_minutes": 1}, True),
        # Before the clock was put back, by a day: what ended then says nothing, and a sync since then all.
        ({f"{entity}_at": ago(-24) for entity in TURNED_ON}, True),
        ({**{f"{entity}_at": ago(-24) for entity in TURNED_ON}, "last_sync_at": ago(1)}, False),
        ({**LATE, "last_sync_at": ago(-24), "changed_at": ago(-24)}, True),
    ],
)
def test_who_is_late(changes: dict[str, Any], is_late: bool) -> None:
    assert (judged(**changes) is not None) is is_late


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({}, "overdue"),
        ({"next_sync_at": ago(0)}, "overdue"),
        ({"next_sync_at": ago(-1)}, "waiting"),
        ({"next_sync_at": ago(-1), "consecutive_failures": 1}, "failing"),
        ({"consecutive_failures": 1, "running": True}, "running"),
    ],
)
def test_what_keeps_it(changes: dict[str, Any], because: str) -> None:
    found = judged(**LATE, **changes)
    assert found is not None
    assert found.because == because
    assert (found.last_success_at, found.expected_at) == (AT - 2.1 * HOUR, AT - 0.1 * HOUR)
