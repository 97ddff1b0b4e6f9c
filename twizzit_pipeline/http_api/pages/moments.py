"""Days and times as people of a Belgian club read them, in their language."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from twizzit_pipeline.http_api.pages.texts import Texts
from twizzit_pipeline.storage.ends_of_time import beyond

ZONE = ZoneInfo("Europe/Brussels")


def day(when: date, texts: Texts) -> str:
    """``Sat 5 Dec 2026``; of a time, the day that it is then by Belgian clocks.

    One that ShotSpot holds and no calendar has is said in words.
    """
    if (side := beyond(when)) is not None:
        return texts(f"dates.{side}")
    when = local(when) if isinstance(when, datetime) else when
    weekdays, months = texts("dates.weekdays").split(), texts("dates.months").split()
    number = texts("dates.first") if when.day == 1 else when.day
    return f"{weekdays[when.weekday()]} {number} {months[when.month - 1]} {when.year}"


def moment(when: datetime, texts: Texts) -> str:
    """``Sat 5 Dec 2026, 14:30``, by Belgian clocks; a time without a zone is UTC. In words as `day`."""
    if beyond(when) is not None:
        return day(when, texts)
    there = local(when)
    return f"{day(there, texts)}, {there:%H:%M}"


def local(when: datetime) -> datetime:
    """The time by Belgian clocks."""
    return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).astimezone(ZONE)


def length(minutes: int, texts: Texts) -> str:
    """An interval in the largest unit that fits: ``2 hours``."""
    for size, unit in ((1440, "days"), (60, "hours")):
        if minutes >= size and minutes % size == 0:
            return texts.count(f"dates.{unit}", minutes // size)
    return texts.count("dates.minutes", minutes)
