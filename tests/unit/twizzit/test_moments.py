"""Times and days on the wire, in the ways in which accounts write them."""

from datetime import UTC, date, datetime

import pytest

from twizzit_pipeline.transform.kick_off import kick_off
from twizzit_pipeline.twizzit.moments import day, moment_text

TWO_O_CLOCK = datetime(2026, 11, 28, 13, tzinfo=UTC)  # in Belgium


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-28 14:00:00",
        "2026-11-28T14:00",
        "2026-11-28T13:00:00Z",
        "28/11/2026 14:00",
        "28-11-2026 14:00:00",
        "28.11.2026 14u00",
        "28/11/2026, 14h",
        "28/11/2026 om 14:00",
        "\u200e28/11/2026 14:\u200b00",
        "\ufeff2026-11-28 14:00:00",
        "2026/11/28 14:00",
        1795870800,
        "1795870800",
        1795870800000,
        {"date": "2026-11-28 14:00:00.000000", "timezone_type": 3, "timezone": "Europe/Brussels"},
        {"date": "2026-11-28 13:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
    ],
)
def test_a_moment_is_read_as_people_and_programs_write_it(value: object) -> None:
    assert kick_off(moment_text(value)) == TWO_O_CLOCK
    assert day(value) == date(2026, 11, 28)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-28 24:00:00",
        "2026-11-28T24:00",
        "2026-11-28T24",
        "2026-11-28t24:00:00.000",
        "20261128T240000",
        "2026-W48-6T24:00",
        "2026-11-28T24:00:00+01:00",
        "2026-11-28T24:00:00+0100",
        "2026-11-29T00:00",
        "28/11/2026 24:00",
        "28/11/2026 24u",
        {"date": "2026-11-28 24:00:00.000000", "timezone_type": 3, "timezone": "Europe/Brussels"},
    ],
)
def test_twenty_four_hours_is_midnight_at_the_end_of_the_day(value: object) -> None:
    """On every Python: those before 3.14 do not read it."""
    assert kick_off(moment_text(value)) == datetime(2026, 11, 28, 23, tzinfo=UTC)


def test_twenty_four_hours_of_another_zone_and_on_a_day_on_which_the_clocks_change() -> None:
    assert kick_off("2026-11-28T24:00Z") == datetime(2026, 11, 29, tzinfo=UTC)
    assert kick_off("2026-12-31 24:00") == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert kick_off("2026-10-25 24:00") == datetime(2026, 10, 25, 23, tzinfo=UTC)  # a day of 25 hours
    assert kick_off("2026-11-24") == datetime(2026, 11, 23, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-28 24:00:01",
        "2026-11-28 24:01",
        "2026-11-28 24:00:00.5",
        "2026-11-28 25:00",
        "2026-11-31 24:00",
        "2026-11-28 24:0000",
        "28/11/2026 24u01",
        "9999-12-31 24:00",
        "24:00",
    ],
)
def test_no_other_hour_comes_after_the_twenty_third(value: str) -> None:
    assert kick_off(moment_text(value)) is None


@pytest.mark.parametrize("value", ["28/11/2026", "28-11-2026", "2026/11/28", "2026-11-28", "28.11.2026"])
def test_a_day_alone_has_no_hour(value: str) -> None:
    assert moment_text(value) == "2026-11-28"
    assert day(value) == date(2026, 11, 28)


@pytest.mark.parametrize("value", [None, "", "0000-00-00 00:00:00", "31/31/2026 14:00", "zaterdag", 12, True, {}, []])
def test_anything_else_is_no_moment(value: object) -> None:
    assert kick_off(moment_text(value)) is None
    assert day(value) is None
