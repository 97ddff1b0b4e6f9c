"""When a match begins: from the text of the wire to a moment.

What belongs here: the zone that a time without one stands in.
"""

import re
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from twizzit_pipeline.transform.text import clean_text

# The wire gives local times without a zone (assumed: Belgian, as every club of the federation is).
BELGIUM = ZoneInfo("Europe/Brussels")
# How long a match takes, with its break, where the wire does not say.
USUAL_LENGTH = timedelta(minutes=90)
# ISO 8601: midnight at the end of that day. Python before 3.14 does not read it.
_END_OF_DAY = re.compile(r"(.{7,10}[T\s])24((?::?00){0,2}(?:[.,]0+)?)(Z|[+-][\d:]+)?", re.IGNORECASE)


def kick_off(text: object) -> datetime | None:
    """The moment in UTC; None where the text is no time, or a time of Python's last year, which no end can follow.

    A text without an offset is Belgian local time. The hour that comes twice in October is taken as the first, and one
    that the clocks skip in March as the same stretch after midnight: 02:30 is 03:30 in summer time then. A day alone is
    its midnight; 24:00 is the midnight after it.
    """
    cleaned = clean_text(text)
    if cleaned is None:
        return None
    try:
        moment = _iso(cleaned)
        local = moment if moment.tzinfo is not None else moment.replace(tzinfo=BELGIUM)
        return local.astimezone(UTC) if local.year < MAXYEAR else None
    except (ValueError, OverflowError):
        return None


def _iso(said: str) -> datetime:
    """
    Raises:
        ValueError, OverflowError: it is no time.
    """
    if (found := _END_OF_DAY.fullmatch(said)) is None:
        return datetime.fromisoformat(said)
    day, rest, zone = found.groups()
    return datetime.fromisoformat(f"{day}00{rest}{zone or ''}") + timedelta(days=1)


def hour_known(moment: datetime) -> bool:
    """Whether a kick-off has an hour: midnight in Belgium is written where the day alone is known."""
    return moment.astimezone(BELGIUM).time() != time()


def whistle(starts_at: datetime, ends_at: datetime | None) -> datetime:
    """The moment from which a match is over: its end where that comes after its start, else 90 minutes after it began.

    Where the hour of the start is not known, an end within the same 90 minutes is none (it was counted from midnight),
    and the match is over with the Belgian day.
    """
    if hour_known(starts_at):
        return ends_at if ends_at is not None and ends_at > starts_at else starts_at + USUAL_LENGTH
    if ends_at is not None and ends_at > starts_at + USUAL_LENGTH:
        return ends_at
    return datetime.combine(belgian_day(starts_at) + timedelta(days=1), time(), BELGIUM).astimezone(UTC)


def belgian_day(moment: datetime) -> date:
    """The day on which it is in Belgium at that moment."""
    return moment.astimezone(BELGIUM).date()
