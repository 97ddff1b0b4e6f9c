"""Why the next automatic sync is further away than the configured interval: in words, for people.

What belongs here: pure rules over what `schedule` planned. What it plans, and when, is decided there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from twizzit_pipeline.queries.credential_state import CredentialFacts
from twizzit_pipeline.scheduling import schedule
from twizzit_pipeline.scheduling.config import SyncConfig

Kind = Literal["paused", "backing off", "first", "calls", "own minute"]

WORDS: dict[Kind, str] = {
    "paused": "its month's calls are used up",
    "backing off": "after failures the interval is doubled for each, to a day at most, until a sync succeeds",
    "first": "first syncs of credentials that are switched on together are spread over the interval",
    "calls": "what is left of the month's calls is made to last",
    "own minute": "each credential has a minute of its own, at least half an interval after its last sync",
}


@dataclass(frozen=True, slots=True)
class Later:
    """Why; `words` is half a sentence about this credential, `WORDS` one about all of the kind."""

    kind: Kind
    words: str


def later(
    *,
    interval_minutes: int,
    next_sync_at: datetime | None,
    last_sync_at: datetime | None,
    consecutive_failures: int,
    paused_until: datetime | None,
    paused_because: str | None,
    monthly_call_limit: int | None,
    now: datetime,
) -> Later | None:
    """Why the next sync is more than an interval away; None where it is not. Times are UTC with zone."""
    interval = timedelta(minutes=interval_minutes)
    if paused_until is not None and paused_until > now:
        return Later("paused", paused_because or WORDS["paused"])
    if next_sync_at is None or next_sync_at - now <= interval:
        return None
    if consecutive_failures:
        spacing = schedule.backed_off(interval_minutes, consecutive_failures)
        failed = f"{consecutive_failures} failure{'' if consecutive_failures == 1 else 's in a row'}"
        return Later("backing off", f"after {failed} it comes every {_length(spacing)}, until a sync succeeds")
    if last_sync_at is None:
        return Later("first", WORDS["first"])
    if monthly_call_limit is not None and next_sync_at - last_sync_at > 1.5 * interval:
        return Later("calls", WORDS["calls"])
    return Later("own minute", WORDS["own minute"])


def of_config(found: SyncConfig, now: datetime) -> Later | None:
    """`later` for a configuration."""
    if not found.starts_by_itself:
        return None
    return later(
        interval_minutes=found.sync_interval_minutes,
        next_sync_at=found.next_sync_at,
        last_sync_at=found.last_sync_at,
        consecutive_failures=found.consecutive_failures,
        paused_until=found.paused_until,
        paused_because=found.paused_because,
        monthly_call_limit=found.monthly_call_limit,
        now=now,
    )


def of_facts(facts: CredentialFacts, now: datetime) -> Later | None:
    """`later` for what `overview` read (`credential_state.as_they_count`)."""
    if facts.next_sync_at is None:  # it is to start now, or there will be none
        return None
    return later(
        interval_minutes=facts.sync_interval_minutes,
        next_sync_at=facts.next_sync_at,
        last_sync_at=facts.last_success_at,
        consecutive_failures=facts.consecutive_failures,
        paused_until=facts.paused_until,
        paused_because=facts.paused_because,
        monthly_call_limit=facts.monthly_call_limit,
        now=now,
    )


def _length(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    for size, unit in ((1440, "d"), (60, "h")):
        if minutes >= size and minutes % size == 0:
            return f"{minutes // size} {unit}"
    return f"{minutes} min"
