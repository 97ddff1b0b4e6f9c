"""When a credential syncs by itself: its slots, what failures do to them, and how a month's calls are made to last.

What belongs here: the rules, as pure functions. Times are UTC with zone, in and out; months are UTC's. The rows that
they judge are read and written by `config` and `automatic`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

SHORTEST_INTERVAL_MINUTES = 5
LONGEST_INTERVAL_MINUTES = 365 * 24 * 60
USUAL_INTERVAL_MINUTES = 60
LONGEST_BACK_OFF = timedelta(days=1)
MONTH = timedelta(days=31)  # the longest one, and so the longest pause
FIRST_AT_ONCE = 4  # first syncs that need not be spread: so many runs have a place (`dagster.yaml`)

QUOTA_SPENT = "Twizzit says that this month's calls are spent"
BUDGET_SPENT = "What is left of this month's calls is too little for a sync"

# `quota_spent` is a failure that says how long it lasts; `other_season` a run that worked on a season which is not the
# running one: the orchestrator had no better one then, and has one now.
Ended = Literal["success", "failed", "quota_spent", "other_season"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Multiples of the golden ratio fall evenly into any interval: where ids follow each other, no minute gets a crowd.
_GOLDEN, _WHOLE = 0x9E3779B97F4A7C15, 2**64
_MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a row of `twizzit_sync_config` says about when; the fields are its columns.

    Attributes:
        last_sync_at: when the last whole sync of the running season that did not fail had ended.
        next_sync_at: None is now, where `auto_sync_enabled`; otherwise never.
        consecutive_failures: of automatic syncs; more than 0 is backing off.
        paused_until: no automatic sync before then; `paused_because` says why, for people.
    """

    credential_id: int
    sync_interval_minutes: int
    auto_sync_enabled: bool
    last_sync_at: datetime | None = None
    next_sync_at: datetime | None = None
    monthly_call_limit: int | None = None
    consecutive_failures: int = 0
    paused_until: datetime | None = None
    paused_because: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Schedule":
        """The schedule in a row of the table: its times are UTC without zone, and ShotSpot's columns may be null."""
        minutes = row["sync_interval_minutes"]
        return cls(
            credential_id=row["credential_id"],
            sync_interval_minutes=USUAL_INTERVAL_MINUTES if minutes is None else minutes,
            auto_sync_enabled=bool(row["auto_sync_enabled"]),
            last_sync_at=_with_zone(row["last_sync_at"]),
            next_sync_at=_with_zone(row["next_sync_at"]),
            monthly_call_limit=row["monthly_call_limit"],
            consecutive_failures=row["consecutive_failures"],
            paused_until=_with_zone(row["paused_until"]),
            paused_because=row["paused_because"],
        )

    def is_paused(self, now: datetime) -> bool:
        """Whether automatic syncs wait for the end of a pause.

        One that ends later than any would from now on was made by a clock that was ahead.
        """
        return self.paused_until is not None and now < self.paused_until <= now + MONTH

    def is_due(self, now: datetime) -> bool:
        """Whether an automatic sync is to start.

        Also where the last one ended more than an interval from now, or the next one is further away than any is
        planned: the clock was ahead then, by a day or by a year, and has been put right, and what was planned by it
        would keep the club waiting for as long.
        """
        if not self.auto_sync_enabled or self.is_paused(now):
            return False
        if self.next_sync_at is None or self.next_sync_at <= now:
            return True
        period = _period(self.sync_interval_minutes)
        if self.last_sync_at is not None and self.last_sync_at > now + period:
            return True
        longest = max(period, LONGEST_BACK_OFF if self.monthly_call_limit is None else MONTH)
        return self.next_sync_at > now + longest + period


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls to Twizzit: made in this UTC month, and those that a sync of the credential usually takes."""

    calls: int = 0
    per_sync: int = 0


def phase(credential_id: int, interval_minutes: int) -> timedelta:
    """How far into each interval the starts of a credential lie: whole seconds, the same every time."""
    seconds = int(_period(interval_minutes).total_seconds())
    return timedelta(seconds=credential_id * _GOLDEN % _WHOLE * seconds // _WHOLE)


def next_start(
    credential_id: int,
    interval_minutes: int,
    after: datetime,
    *,
    spacing: timedelta | None = None,
    not_before: datetime | None = None,
) -> datetime:
    """The slot that follows a sync at `after`: the first one at least half an interval later.

    So one that was caught up, or asked for by hand, is not followed by another at once.

    Args:
        interval_minutes: of the configuration; one below 5 minutes or above a year counts as that.
        spacing: longer than the interval: the slot nearest to that, so that spacings of any length hold on average.
        not_before: the end of a pause.
    """
    period, shift = _period(interval_minutes), phase(credential_id, interval_minutes)
    earliest = after + max(spacing or period, period) - period / 2
    if not_before is not None:
        earliest = max(earliest, not_before)
    slots = -((_EPOCH + shift - earliest) // period)  # rounded up
    return _EPOCH + shift + slots * period


def backed_off(interval_minutes: int, failures: int) -> timedelta:
    """The interval after so many failures in a row: twice as long for each, at most a day, unless it is longer."""
    period = _period(interval_minutes)
    return max(period, min(period * (1 << min(failures, _MOST_DOUBLINGS)), LONGEST_BACK_OFF))


def calls_left(limit: int | None, usage: Usage) -> int | None:
    """What is left of the month's limit; None where there is none."""
    return None if limit is None else max(limit - usage.calls, 0)


def rationed(limit: int | None, usage: Usage, now: datetime) -> timedelta | None:
    """How far apart automatic syncs must be for the rest of the month's calls to last; None: not one more."""
    left = calls_left(limit, usage)
    if left is None:
        return timedelta()
    syncs = left // max(usage.per_sync, 1)
    return (next_month(now) - now) / syncs if syncs else None


def outcome(
    row: Schedule,
    ended: Ended,
    *,
    now: datetime,
    usage: Usage,
    started_at: datetime | None = None,
    automatic: bool = True,
) -> Schedule:
    """What a whole sync of the running season leaves behind, or a run that should have been one.

    A failure of a requested sync changes nothing in the schedule: neither is the back-off over, nor does it grow with
    each try of a person who repairs something. A success of any ends it.

    Args:
        ended: a partial success is a success. Another sync in progress is no end, and not to be passed here.
        usage: with the calls of this run.
        started_at: when the run began; `now` by default.
        automatic: it came by itself, for it was due.
    """
    if row.last_sync_at is not None:
        # One that lies ahead, of before the clock was put right, would make a club that fails due again at once.
        row = replace(row, last_sync_at=min(row.last_sync_at, now))
    if ended == "other_season":
        return replace(row, next_sync_at=now if row.auto_sync_enabled and automatic else row.next_sync_at)
    if ended == "success":
        row = replace(unpaused(row), last_sync_at=now, consecutive_failures=0)
    elif automatic:
        row = replace(row, consecutive_failures=row.consecutive_failures + 1)
    if ended == "quota_spent":
        row = replace(row, paused_until=next_month(now), paused_because=QUOTA_SPENT)
    if ended != "success" and not automatic:
        return rebudgeted(row, now=now, usage=usage)
    # Counted from the start, so that a sync that takes long keeps its slots; one that took longer than that goes on at
    # the next one.
    after = max(started_at or now, now - _period(row.sync_interval_minutes) / 2)
    return _planned(row, after, now=now, usage=usage)


def replanned(row: Schedule, *, now: datetime, usage: Usage, waiting: int = 0) -> Schedule:
    """After a change of the configuration: as if the last sync had been followed by what it says now.

    It is due at once where the new interval has passed already. So it is where it never synced, unless as many others
    wait for their first sync as can run at once: then it comes at a moment of its own within an interval, or an hour.

    Args:
        waiting: other credentials that are to sync by themselves and never have.
    """
    if row.last_sync_at is None:
        spread = waiting >= FIRST_AT_ONCE and row.auto_sync_enabled
        window = min(row.sync_interval_minutes, USUAL_INTERVAL_MINUTES)
        first = now + phase(row.credential_id, window) if spread else None
        return rebudgeted(replace(row, next_sync_at=first), now=now, usage=usage)
    planned = _planned(row, row.last_sync_at, now=now, usage=usage)
    if planned.next_sync_at is not None:
        planned = replace(planned, next_sync_at=max(planned.next_sync_at, now))
    return planned


def rebudgeted(row: Schedule, *, now: datetime, usage: Usage) -> Schedule:
    """After calls that no automatic sync made: what is planned may have to wait longer, and never comes sooner."""
    row = _paused_for_budget(row, now=now, usage=usage)
    if not row.auto_sync_enabled:
        return replace(row, next_sync_at=None)
    unbounded = row.last_sync_at is None or row.monthly_call_limit is None
    if unbounded and not row.is_paused(now):
        return row
    planned = _planned(row, row.last_sync_at or now, now=now, usage=usage).next_sync_at
    return replace(row, next_sync_at=planned) if planned is not None and planned > (row.next_sync_at or now) else row


def repaired(row: Schedule, *, now: datetime) -> Schedule:
    """After what made syncs fail was put right, as far as that is known: the back-off is over, and one is due.

    A pause stays: what it waits for is not a login.
    """
    if not row.consecutive_failures:
        return row
    due = min(row.next_sync_at or now, now) if row.auto_sync_enabled else row.next_sync_at
    return replace(row, consecutive_failures=0, next_sync_at=due)


def unpaused(row: Schedule) -> Schedule:
    """The row without its pause, whatever that was for."""
    return replace(row, paused_until=None, paused_because=None)


def month(now: datetime) -> date:
    """The first day of the UTC month of `now`, as `twizzit_api_usage` has it."""
    return now.astimezone(UTC).date().replace(day=1)


def next_month(now: datetime) -> datetime:
    """The first moment of the next UTC month."""
    first = month(now)
    return datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)


def _planned(row: Schedule, after: datetime, *, now: datetime, usage: Usage) -> Schedule:
    """The row with the slot that follows a sync at `after`, failures, budget and pause considered."""
    row = _paused_for_budget(row, now=now, usage=usage)
    if not row.auto_sync_enabled:
        return replace(row, next_sync_at=None)
    spacing = backed_off(row.sync_interval_minutes, row.consecutive_failures)
    start = next_start(
        row.credential_id,
        row.sync_interval_minutes,
        after,
        spacing=max(spacing, rationed(row.monthly_call_limit, usage, now) or spacing),
        not_before=row.paused_until if row.is_paused(now) else None,
    )
    return replace(row, next_sync_at=start)


def _paused_for_budget(row: Schedule, *, now: datetime, usage: Usage) -> Schedule:
    """The row with a pause where the month's calls are used up, without one that is over or not needed any more."""
    if row.is_paused(now) and row.paused_because != BUDGET_SPENT:
        return row
    if rationed(row.monthly_call_limit, usage, now) is None:
        return replace(row, paused_until=next_month(now), paused_because=BUDGET_SPENT)
    return unpaused(row)


def _period(interval_minutes: int) -> timedelta:
    """The interval of a configuration; ShotSpot's own programs may have written any number."""
    return timedelta(minutes=min(max(interval_minutes, SHORTEST_INTERVAL_MINUTES), LONGEST_INTERVAL_MINUTES))


def _with_zone(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
