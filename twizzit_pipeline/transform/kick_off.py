"""When a match begins: from the text of the wire to a moment.

What belongs here: the zone that a time without one stands in.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from twizzit_pipeline.transform.text import clean_text

# The wire gives local times without a zone (assumed: Belgian, as every club of the federation is).
BELGIUM = ZoneInfo("Europe/Brussels")


def kick_off(text: object) -> datetime | None:
    """The moment in UTC; None where the text is no time.

    A text without an offset is Belgian local time. The hour that comes twice in October is taken as the first, and one
    that the clocks skip in March as the same stretch after midnight: 02:30 is 03:30 in summer time then. A day alone is
    its midnight.
    """
    cleaned = clean_text(text)
    if cleaned is None:
        return None
    try:
        moment = datetime.fromisoformat(cleaned)
        local = moment if moment.tzinfo is not None else moment.replace(tzinfo=BELGIUM)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def belgian_day(moment: datetime) -> date:
    """The day on which it is in Belgium at that moment."""
    return moment.astimezone(BELGIUM).date()
