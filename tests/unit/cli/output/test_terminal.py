"""Days and times on a terminal."""

from datetime import UTC, datetime

from twizzit_pipeline.cli.output.terminal import belgian, endless
from twizzit_pipeline.storage.ends_of_time import FIRST_DAY, FIRST_MOMENT, LAST_DAY, LAST_MOMENT

NEVER, BEFORE_ALL = "no real day (infinity, or after the year 9999)", "no real day (-infinity, or before the year 1)"


def test_a_day_that_no_calendar_has_is_said_in_words() -> None:
    assert belgian(LAST_MOMENT) == endless(LAST_DAY) == endless(LAST_MOMENT.isoformat()) == NEVER
    assert belgian(FIRST_MOMENT) == endless(FIRST_DAY) == endless("0002-01-03") == BEFORE_ALL
    assert belgian(LAST_MOMENT.replace(tzinfo=None)) == NEVER


def test_every_other_is_one() -> None:
    assert belgian(datetime(2026, 12, 5, 13, 30, tzinfo=UTC)) == "Sat 2026-12-05 14:30"
    assert endless(LAST_DAY.replace(year=2026)) is endless("infinity and beyond") is None
