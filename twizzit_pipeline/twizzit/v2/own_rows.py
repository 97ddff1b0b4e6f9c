"""The rows that describe an account itself: organizations, seasons, types of events, functions of contacts.

What belongs here: what such a row may hold, whatever it describes. No contract judges these rows, for they are no data
of ShotSpot's; yet they decide what is read, and their words reach terminals, partitions and `clubs.name`.
"""

import unicodedata
from collections.abc import Iterable
from datetime import date

from twizzit_pipeline import logs
from twizzit_pipeline.twizzit.wire import identifier
from twizzit_pipeline.words.letters import visible

_log = logs.logger(__name__)

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
LONGEST_ID = 100  # what the columns take
LONGEST_NAME = 255
MOST_SEASONS = 300  # of one organization: a season indoors and one outdoors each year, for a century and a half


def own_id(value: object) -> str | None:
    """An id that may be kept and asked for: printable, of at most 100 characters; None for any other."""
    found = identifier(value)
    return found if found is not None and found.isprintable() and len(found) <= LONGEST_ID else None


def own_name(value: str | None) -> str:
    """A name without what cannot be seen, with single spaces; empty where it is longer than 255 characters."""
    name = " ".join(unicodedata.normalize("NFC", visible(value or "")).split())
    return name if len(name) <= LONGEST_NAME else ""


def is_plain(value: str | None) -> bool:
    """Whether a name is there, and is one as it is, white space aside."""
    return bool(own_name(value)) and visible(value or "") == value


def own_names(values: Iterable[str]) -> list[str]:
    """The names, each as `own_name` has it, in their order: it says the language."""
    return [own_name(value) for value in values]


def own_days(start: date | None, end: date | None) -> tuple[date | None, date | None]:
    """The two days of a season; None for one outside of 2000 to 2100, for both where the end is before the start."""
    start, end = (day if day is not None and FIRST_DAY <= day <= LAST_DAY else None for day in (start, end))
    return (None, None) if start is not None and end is not None and end < start else (start, end)


def log_left_out(path: str, count: int) -> None:
    """Log how many rows of a list were left out since they have no id that can be asked for."""
    if count:
        _log.warning("rows left out: they have no usable id", route=path, rows=count)
