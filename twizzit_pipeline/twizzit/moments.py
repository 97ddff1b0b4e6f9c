"""Times and days on the wire, in the ways in which accounts write them.

What belongs here: bringing them to the one form that is documented, ISO. Whose clock a time without a zone is of is
decided in `transform`; what cannot be read stays as it is, and a contract rejects it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

from twizzit_pipeline.twizzit.wire import identifier, plain_keys, text
from twizzit_pipeline.words.letters import visible

# Belgians write the day first: 28/11/2026, 28-11-2026 14:00, 28.11.2026 14u00.
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[\sT,]+(?:om\s+|à\s+)?(.+))?")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[\sT,]+(.+))?")
_HOUR = re.compile(r"(\d{1,2})(?:[:hu.](\d{2}))?(?:[:.](\d{2}))?\s*[hu]?")
_SECONDS = re.compile(r"\d{9,10}")  # of Unix: 2001 to 2286
_MILLISECONDS = re.compile(r"\d{12,13}")


def moment_text(value: object) -> str | None:
    """A time as ISO text where it can be read, otherwise as it came; None where there is none.

    Day first with any separator, seconds or milliseconds of Unix, and PHP's ``{"date": …, "timezone": …}``, whose zone
    is Belgian or UTC.
    """
    if isinstance(value, Mapping):
        keys = plain_keys(value)
        written = moment_text(keys.get("date", keys.get("datetime")))
        return f"{written}Z" if written is not None and keys.get("timezone") in ("UTC", "+00:00", "Z") else written
    said = identifier(value) if isinstance(value, int | float) else text(value)
    return None if said is None else _iso(visible(said).strip()) or said


def day(value: object) -> date | None:
    """A day, with or without a time after it; None for anything else."""
    written = moment_text(value)
    try:
        return None if written is None else date.fromisoformat(visible(written).strip()[:10])
    except ValueError:
        return None


def _iso(said: str) -> str | None:
    if _SECONDS.fullmatch(said) or _MILLISECONDS.fullmatch(said):
        return datetime.fromtimestamp(int(said) if len(said) < 12 else int(said) / 1000, UTC).isoformat()
    if (found := _DAY_FIRST.fullmatch(said)) is not None:
        day_, month, year, hour = found.groups()
    elif (found := _YEAR_FIRST.fullmatch(said)) is not None:
        year, month, day_, hour = found.groups()
    else:
        return None
    written = f"{year}-{int(month):02d}-{int(day_):02d}"
    clock = _HOUR.fullmatch(hour or "")
    if clock is None:
        return None if hour else written
    hours, minutes, seconds = clock.groups()
    return f"{written} {int(hours):02d}:{minutes or '00'}:{seconds or '00'}"
