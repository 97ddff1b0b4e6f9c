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


def test_a_day_in_french_has_its_points_and_the_first_of_a_month() -> None:
    french = texts_of("fr")
    assert moments.day(date(2026, 12, 1), french) == "mar. 1er déc. 2026"
    assert moments.moment(datetime(2026, 5, 2, 12, 30, tzinfo=UTC), french) == "sam. 2 mai 2026, 14:30"
    assert moments.day(date(2026, 3, 1), texts_of("nl")) == "zo 1 mrt 2026"
