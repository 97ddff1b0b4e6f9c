"""When a credential syncs by itself: spread, backing off, making a month's calls last."""

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twizzit_pipeline.scheduling import schedule
from twizzit_pipeline.scheduling.schedule import BUDGET_SPENT, QUOTA_SPENT, Schedule, Usage

NOW = datetime(2026, 11, 23, 13, 4, 5, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURLY = Schedule(7, 60, True, last_sync_at=NOW - HOUR, next_sync_at=NOW - timedelta(minutes=1))

ids = st.integers(1, 2**31 - 1)
intervals = st.integers(5, 365 * 24 * 60)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
failures = st.integers(0, 10_000)


@given(ids, intervals, moments)
def test_the_next_start_is_half_an_interval_away_at_least_and_one_and_a_half_at_most(
    credential_id: int, minutes: int, after: datetime
) -> None:
    wait = schedule.next_start(credential_id, minutes, after) - after
    interval = timedelta(minutes=minutes)
    assert interval / 2 <= wait < interval * 1.5


@given(ids, intervals, moments, st.integers(0, 10))
def test_starts_that_follow_each_other_are_an_interval_apart(
    credential_id: int, minutes: int, after: datetime, late_tenths: int
) -> None:
    """However late each one begins, within less than half an interval."""
    interval = timedelta(minutes=minutes)
    first = schedule.next_start(credential_id, minutes, after)
    second = schedule.next_start(credential_id, minutes, first + interval * late_tenths / 25)
    assert second - first == interval


@given(ids, intervals, moments, failures)
def test_a_longer_spacing_is_kept_to_the_nearest_slot(
    credential_id: int, minutes: int, after: datetime, times: int
) -> None:
    interval, spacing = timedelta(minutes=minutes), timedelta(minutes=minutes) * (1 + times / 100)
    wait = schedule.next_start(credential_id, minutes, after, spacing=spacing) - after
    assert abs(wait - spacing) <= interval / 2
    pause = after + spacing * 3
    start = schedule.next_start(credential_id, minutes, after, spacing=spacing, not_before=pause)
    assert pause <= start < pause + interval


@pytest.mark.parametrize("minutes", [5, 10, 60, 90, 24 * 60, 7 * 24 * 60])
@pytest.mark.parametrize("first_id", [1, 480, 1_000_000])
def test_five_hundred_clubs_spread_over_the_interval(minutes: int, first_id: int) -> None:
    """No minute (or twenty-fifth of a longer interval) gets more than its share and a few."""
    starts = [schedule.next_start(credential_id, minutes, NOW) for credential_id in range(first_id, first_id + 500)]
    buckets = min(minutes, 25)
    width = timedelta(minutes=minutes) / buckets
    crowd = Counter((start - starts[0]) // width % buckets for start in starts)
    assert len(crowd) == buckets
    assert max(crowd.values()) <= 500 / buckets + 6
    assert min(crowd.values()) >= 500 / buckets - 6


@pytest.mark.parametrize(("minutes", "counts_as"), [(-5, 5), (0, 5), (1, 5), (10**9, 525_600)])
def test_an_interval_out_of_range_counts_as_the_nearest(minutes: int, counts_as: int) -> None:
    assert schedule.next_start(3, minutes, NOW) == schedule.next_start(3, counts_as, NOW)


@given(intervals, failures)
def test_backing_off_doubles_up_to_a_day(minutes: int, times: int) -> None:
    interval = timedelta(minutes=minutes)
    waited = schedule.backed_off(minutes, times)
    assert interval <= waited <= max(interval, DAY)
    assert schedule.backed_off(minutes, 0) == interval
    assert schedule.backed_off(minutes, times + 1) in (waited * 2, max(interval, DAY))


def test_a_success_goes_on_at_the_next_slot() -> None:
    after = schedule.outcome(HOURLY, "success", now=NOW, usage=Usage())
    assert after == replace(HOURLY, last_sync_at=NOW, next_sync_at=schedule.next_start(7, 60, NOW))
    assert after.next_sync_at is not None
    assert schedule.outcome(after, "success", now=after.next_sync_at, usage=Usage()).next_sync_at == (
        after.next_sync_at + HOUR
    )


def test_a_sync_that_takes_long_keeps_its_slots_and_is_never_late_at_once() -> None:
    slot = schedule.next_start(7, 60, NOW)
    for minutes, hours in ((1, 1), (50, 1), (70, 2), (200, 4)):
        over = slot + timedelta(minutes=minutes)
        after = schedule.outcome(HOURLY, "success", now=over, usage=Usage(), started_at=slot)
        assert after.next_sync_at == slot + hours * HOUR, minutes


def test_missed_times_are_caught_up_once() -> None:
    asleep = replace(HOURLY, next_sync_at=NOW - 30 * DAY)
    assert asleep.is_due(NOW)
    after = schedule.outcome(asleep, "success", now=NOW, usage=Usage())
    assert not after.is_due(NOW + HOUR / 2 - timedelta(seconds=1))
    assert after.is_due(NOW + HOUR * 1.5)


def test_a_clock_that_was_ahead_and_is_put_right_keeps_no_club_waiting() -> None:
    for ahead in (DAY, 400 * DAY):
        planned = schedule.outcome(HOURLY, "success", now=NOW + ahead, usage=Usage())
        assert planned.is_due(NOW)
        assert not replace(planned, auto_sync_enabled=False).is_due(NOW)
        assert not replace(planned, paused_until=DECEMBER).is_due(NOW)
        assert not schedule.outcome(planned, "success", now=NOW, usage=Usage()).is_due(NOW)
        failed = schedule.outcome(planned, "failed", now=NOW, usage=Usage())
        assert not failed.is_due(NOW), "a wrong password is not tried again at once, and again"
        assert failed.next_sync_at is not None
        assert failed.is_due(failed.next_sync_at)
    slightly = schedule.outcome(HOURLY, "success", now=NOW + HOUR, usage=Usage())
    assert not slightly.is_due(NOW), "what is an interval off comes an interval later at most"


@pytest.mark.parametrize("limit", [None, 5000])
def test_a_failure_or_a_pause_of_a_clock_that_was_ahead_keeps_no_club_waiting(limit: int | None) -> None:
    """Where the clock is a year ahead every certificate has expired: a failure is what comes of a sync then."""
    row = replace(HOURLY, last_sync_at=NOW - HOUR, monthly_call_limit=limit)
    for ended in ("failed", "quota_spent"):
        planned = schedule.outcome(row, ended, now=NOW + 400 * DAY, usage=Usage())
        assert not planned.is_due(NOW + 400 * DAY)
        assert not planned.is_paused(NOW)
        assert planned.is_due(NOW)
        again = schedule.outcome(planned, "failed", now=NOW, usage=Usage())
        assert not again.is_due(NOW), "once, and then as after any failure"
        assert again.next_sync_at is not None
        assert again.next_sync_at - NOW <= 2 * DAY
        assert not schedule.outcome(row, ended, now=NOW, usage=Usage()).is_due(NOW)


@pytest.mark.parametrize("minutes", [5, 60, 1440, 7 * 1440, 365 * 1440])
@pytest.mark.parametrize("limit", [None, 1, 100, 5000])
def test_nothing_that_is_planned_is_taken_for_that_of_a_clock_that_was_ahead(minutes: int, limit: int | None) -> None:
    for ended in ("success", "failed", "quota_spent"):
        for credential_id, failures in itertools.product(range(1, 20), (0, 3, 30)):
            row = replace(
                HOURLY,
                credential_id=credential_id,
                sync_interval_minutes=minutes,
                monthly_call_limit=limit,
                consecutive_failures=failures,
            )
            planned = schedule.outcome(row, ended, now=NOW, usage=Usage(per_sync=20))
            assert not planned.is_due(NOW)


def test_failures_back_off_and_one_success_ends_it() -> None:
    row, waits = HOURLY, []
    for _ in range(7):
        row = schedule.outcome(row, "failed", now=NOW, usage=Usage())
        assert row.next_sync_at is not None
        waits.append((row.next_sync_at - NOW + HOUR / 2) // HOUR)
    assert waits == [2, 4, 8, 16, 24, 24, 24]
    assert (row.consecutive_failures, row.last_sync_at) == (7, HOURLY.last_sync_at)
    again = schedule.outcome(row, "success", now=NOW, usage=Usage(), automatic=False)
    assert again.consecutive_failures == 0
    assert again.next_sync_at == schedule.next_start(7, 60, NOW)


def test_a_failure_of_a_requested_sync_changes_nothing() -> None:
    for row in (HOURLY, replace(HOURLY, consecutive_failures=3, next_sync_at=NOW + DAY)):
        assert schedule.outcome(row, "failed", now=NOW, usage=Usage(), automatic=False) == row


def test_a_run_on_another_season_is_followed_by_one_at_once() -> None:
    after = schedule.outcome(HOURLY, "other_season", now=NOW, usage=Usage())
    assert after == replace(HOURLY, next_sync_at=NOW)


@pytest.mark.parametrize("automatic", [True, False])
def test_a_spent_quota_pauses_until_the_first(automatic: bool) -> None:
    after = schedule.outcome(HOURLY, "quota_spent", now=NOW, usage=Usage(), automatic=automatic)
    assert (after.paused_until, after.paused_because) == (DECEMBER, QUOTA_SPENT)
    assert after.next_sync_at is not None
    assert DECEMBER <= after.next_sync_at < DECEMBER + HOUR
    assert not after.is_due(DECEMBER - timedelta(seconds=1))
    assert after.is_due(DECEMBER + HOUR)
    assert after.consecutive_failures == int(automatic)
    over = schedule.outcome(after, "success", now=DECEMBER + HOUR, usage=Usage())
    assert (over.paused_until, over.paused_because, over.consecutive_failures) == (None, None, 0)


def test_december_is_followed_by_january() -> None:
    new_year = datetime(2027, 1, 1, tzinfo=UTC)
    assert schedule.next_month(DECEMBER) == schedule.next_month(new_year - timedelta(microseconds=1)) == new_year
    assert schedule.month(new_year.astimezone()) == new_year.date()


def test_a_new_configuration_is_due_at_once_and_another_when_its_interval_has_passed() -> None:
    new = Schedule(7, 60, True)
    assert new.is_due(NOW)
    assert schedule.replanned(new, now=NOW, usage=Usage()) == new
    rare = replace(HOURLY, last_sync_at=NOW - 2 * HOUR, next_sync_at=NOW + 30 * DAY)
    assert schedule.replanned(rare, now=NOW, usage=Usage()).is_due(NOW)
    fresh = replace(rare, last_sync_at=NOW - timedelta(minutes=1))
    planned = schedule.replanned(fresh, now=NOW, usage=Usage()).next_sync_at
    assert planned == schedule.next_start(7, 60, NOW - timedelta(minutes=1))
    off = schedule.replanned(replace(rare, auto_sync_enabled=False), now=NOW, usage=Usage())
    assert off.next_sync_at is None
    assert not off.is_due(NOW)


def test_a_budget_stretches_the_interval() -> None:
    limited = replace(HOURLY, monthly_call_limit=300)
    left = DECEMBER - NOW
    after = schedule.outcome(limited, "success", now=NOW, usage=Usage(100, 50))
    assert after.next_sync_at is not None
    assert abs(after.next_sync_at - NOW - left / 4) <= HOUR / 2
    plenty = schedule.outcome(replace(limited, monthly_call_limit=10**6), "success", now=NOW, usage=Usage(100, 50))
    assert plenty.next_sync_at == schedule.next_start(7, 60, NOW)


def test_what_does_not_pay_for_one_more_pauses_and_another_limit_ends_that() -> None:
    limited = replace(HOURLY, monthly_call_limit=300)
    after = schedule.outcome(limited, "success", now=NOW, usage=Usage(251, 50))
    assert (after.paused_until, after.paused_because) == (DECEMBER, BUDGET_SPENT)
    assert not after.is_due(NOW + 2 * HOUR)
    more = schedule.replanned(schedule.unpaused(replace(after, monthly_call_limit=None)), now=NOW, usage=Usage(251, 50))
    assert (more.paused_until, more.next_sync_at) == (None, schedule.next_start(7, 60, NOW))
    still = schedule.replanned(schedule.unpaused(replace(after, monthly_call_limit=290)), now=NOW, usage=Usage(251, 50))
    assert still.paused_until == DECEMBER


def test_a_pause_for_quota_is_not_ended_by_the_budget() -> None:
    paused = schedule.outcome(replace(HOURLY, monthly_call_limit=300), "quota_spent", now=NOW, usage=Usage(1, 1))
    assert schedule.rebudgeted(paused, now=NOW + HOUR, usage=Usage(2, 1)) == paused


def test_calls_by_hand_postpone_and_never_hasten() -> None:
    row = schedule.outcome(replace(HOURLY, monthly_call_limit=300), "success", now=NOW, usage=Usage(0, 10))
    later = schedule.rebudgeted(row, now=NOW + HOUR, usage=Usage(250, 10))
    assert row.next_sync_at is not None
    assert later.next_sync_at is not None
    assert later.next_sync_at > row.next_sync_at
    assert schedule.rebudgeted(later, now=NOW + HOUR, usage=Usage(0, 10)).next_sync_at == later.next_sync_at
    assert schedule.rebudgeted(HOURLY, now=NOW, usage=Usage(10**9, 10)) == HOURLY


@given(ids, st.integers(5, 3000), st.integers(1, 60), st.integers(1, 3000), st.integers(0, 27))
def test_a_month_on_a_budget_stays_within_it_and_uses_it(
    credential_id: int, minutes: int, calls: int, limit: int, day: int
) -> None:
    """Each sync at the start that was planned, from some day of November on."""
    now = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day, hours=3)
    row = Schedule(credential_id, minutes, True, monthly_call_limit=limit)
    affordable, began, used, syncs = limit // calls, now, 0, 0
    while now < DECEMBER and syncs < 200:
        if used + calls > limit:
            break
        used, syncs = used + calls, syncs + 1
        row = schedule.outcome(row, "success", now=now, usage=Usage(used, calls))
        assert row.next_sync_at is not None
        assert row.next_sync_at > now
        now = row.next_sync_at
    assert used <= limit
    if syncs == 200 or not affordable:
        return
    interval = timedelta(minutes=minutes)
    wanted = int((DECEMBER - began) / interval)
    assert syncs >= min(wanted, affordable) - 2
    if row.is_paused(now - timedelta(seconds=1)):
        assert row.next_sync_at is not None
        assert row.next_sync_at >= DECEMBER
        # It was made to last: the last one was not long before the end.
        assert row.last_sync_at is not None
        assert DECEMBER - row.last_sync_at <= max((DECEMBER - began) / max(affordable - 1, 1), interval) + 2 * interval


def test_first_syncs_of_many_that_are_switched_on_at_once_are_spread() -> None:
    """Forty at once: the first four begin now, and no ten minutes get more than eight of the others."""
    starts = [
        schedule.replanned(Schedule(credential_id, 60, True), now=NOW, usage=Usage(), waiting=waiting).next_sync_at
        for waiting, credential_id in enumerate(range(101, 141))
    ]
    assert starts[:4] == [None] * 4
    spread = [start - NOW for start in starts[4:] if start is not None]
    assert len(spread) == 36
    assert all(timedelta(0) <= one < HOUR for one in spread)
    for tenth in range(6):
        assert 4 <= sum(tenth * 10 <= one.total_seconds() / 60 < tenth * 10 + 10 for one in spread) <= 8
    daily = schedule.replanned(Schedule(7, 1440, True), now=NOW, usage=Usage(), waiting=39).next_sync_at
    assert daily is not None
    assert daily - NOW < HOUR  # the first sync of a rare one does not wait for a day
    off = schedule.replanned(Schedule(7, 60, False), now=NOW, usage=Usage(), waiting=39)
    assert off.next_sync_at is None


def test_another_password_ends_the_back_off_and_no_pause() -> None:
    failing = replace(HOURLY, consecutive_failures=5, next_sync_at=NOW + 20 * HOUR)
    repaired = schedule.repaired(failing, now=NOW)
    assert (repaired.consecutive_failures, repaired.is_due(NOW)) == (0, True)
    paused = replace(failing, paused_until=NOW + 9 * DAY, paused_because=schedule.QUOTA_SPENT)
    assert not schedule.repaired(paused, now=NOW).is_due(NOW)
    well = replace(HOURLY, next_sync_at=NOW + HOUR)
    assert schedule.repaired(well, now=NOW) == well
    off = schedule.repaired(replace(failing, auto_sync_enabled=False, next_sync_at=None), now=NOW)
    assert (off.consecutive_failures, off.next_sync_at) == (0, None)


def test_calls_by_hand_that_leave_enough_move_nothing() -> None:
    """Each page that looks at Twizzit makes some: the next sync must not wait for the last of them."""
    row = schedule.outcome(replace(HOURLY, monthly_call_limit=10**6), "success", now=NOW, usage=Usage(0, 10))
    assert row.next_sync_at is not None
    for now in (NOW + HOUR / 2, row.next_sync_at):
        assert schedule.rebudgeted(row, now=now, usage=Usage(100, 10)) == row


@pytest.mark.parametrize(
    ("now", "first"),
    [
        (NOW, date(2026, 11, 1)),
        (datetime(2026, 12, 1, 0, 30, tzinfo=timezone(HOUR)), date(2026, 11, 1)),  # in Belgium it is December
        (DECEMBER, date(2026, 12, 1)),
    ],
)
def test_a_month_of_calls_is_utcs(now: datetime, first: date) -> None:
    assert schedule.month(now) == first


@pytest.mark.parametrize(
    ("other", "due"),
    [
        ({"next_sync_at": NOW}, True),
        ({"next_sync_at": NOW + timedelta(seconds=1)}, False),
        ({"next_sync_at": NOW + timedelta(seconds=1), "last_sync_at": None}, False),
        ({"next_sync_at": None}, True),
        ({"next_sync_at": None, "auto_sync_enabled": False}, False),
        ({"paused_until": NOW}, True),
        ({"paused_until": NOW + timedelta(seconds=1)}, False),
        ({"next_sync_at": NOW + DAY, "last_sync_at": NOW + HOUR}, False),
        ({"next_sync_at": NOW + DAY, "last_sync_at": NOW + HOUR + timedelta(seconds=1)}, True),  # the clock was ahead
    ],
)
def test_when_a_sync_is_due(other: dict[str, Any], due: bool) -> None:
    assert replace(HOURLY, **other).is_due(NOW) is due


@given(ids, intervals, st.floats(0.5, 30))
def test_after_a_sync_that_took_long_the_next_slot_is_the_next_one(
    credential_id: int, minutes: int, intervals_long: float
) -> None:
    interval = timedelta(minutes=minutes)
    row = Schedule(credential_id, minutes, True)
    later = schedule.outcome(row, "success", now=NOW, usage=Usage(), started_at=NOW - interval * intervals_long)
    assert later.next_sync_at is not None
    assert timedelta() <= later.next_sync_at - NOW < interval
