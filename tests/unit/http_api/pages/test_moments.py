"""Days and times on the pages are Belgian, whatever zone they come in."""

from datetime import UTC, date, datetime

import pytest

from twizzit_pipeline.http_api.pages import moments
from twizzit_pipeline.http_api.pages.texts import texts_of


@pytest.mark.parametrize(
    "when",
    [
        date(2026, 11, 29),
        datetime(2026, 11, 28, 23, 0, tzinfo=UTC),
        datetime(2026, 11, 28, 23, 0),  # noqa: DTZ001 - as ShotSpot's tables have it: UTC
        datetime(2026, 11, 29, 22, 59, tzinfo=UTC),
    ],
)
def test_the_day_of_a_time_is_the_one_by_belgian_clocks(when: date) -> None:
    assert moments.day(when, texts_of("en")) == "Sun 29 Nov 2026"


def test_a_moment_says_the_same_day() -> None:
    assert moments.moment(datetime(2026, 6, 30, 22, 30, tzinfo=UTC), texts_of("nl")) == "wo 1 jul 2026, 00:30"
