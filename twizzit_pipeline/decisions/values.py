"""A value that a person gives for a field, judged by what the contracts and ShotSpot's tables take there. Pure."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import String

from twizzit_pipeline.contracts.rules import UNPRINTABLE
from twizzit_pipeline.entities import COMPETITIONS, MATCHES, PLAYERS, TEAMS
from twizzit_pipeline.errors import ValueRefused
from twizzit_pipeline.storage.tables import LOCAL
from twizzit_pipeline.words.genders import gender_of

_BELGIUM = ZoneInfo("Europe/Brussels")
_UNPRINTABLE = re.compile(UNPRINTABLE)
_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    (COMPETITIONS.name, "competition_type"): ("league", "tournament"),
    (COMPETITIONS.name, "status"): ("upcoming", "in_progress", "completed", "cancelled"),
    (MATCHES.name, "status"): ("scheduled", "to_reschedule", "completed", "cancelled"),
}
# Column → the smallest and the largest number, and whether there may be none.
_NUMBERS: dict[tuple[str, str], tuple[int, int, bool]] = {
    (PLAYERS.name, "jersey_number"): (0, 999, True),
    (PLAYERS.name, "team_id"): (1, 2**31 - 1, True),
    (MATCHES.name, "home_score"): (0, 999, False),
    (MATCHES.name, "away_score"): (0, 999, False),
}


def judged(entity: str, column: str, value: object) -> object:
    """The value as the column holds it.

    Args:
        value: as a person or a program gave it; an empty text is none.

    Raises:
        ValueRefused: the column takes no such value; the message says what it takes.
    """
    key = (entity, column)
    if isinstance(value, str):
        value = " ".join(value.split()) or None
    if key in _WORDS:
        return _word(_WORDS[key], value)
    if key in _NUMBERS:
        return _number(*_NUMBERS[key], value)
    if column == "gender":
        return _gender(value, mixed=entity == TEAMS.name)
    kept = LOCAL[entity].c[column]
    if isinstance(kept.type, String):
        return _text(kept.type.length, kept.nullable, value)
    return _moment(value) if key == (MATCHES.name, "date") else _day(value, may_be_none=column == "end_date")


def _text(longest: int | None, may_be_none: bool | None, value: object) -> object:
    if value is None and may_be_none:
        return None
    if not isinstance(value, str) or len(value) > (longest or 0) or _UNPRINTABLE.search(value):
        raise ValueRefused(f"a text of 1 to {longest} characters" + (", or none" if may_be_none else ""))
    return value


def _word(words: tuple[str, ...], value: object) -> object:
    if value not in words:
        raise ValueRefused(f"one of {', '.join(words)}")
    return value


def _number(least: int, most: int, may_be_none: bool, value: object) -> object:
    if value is None and may_be_none:
        return None
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueRefused(f"a whole number from {least} to {most}" + (", or none" if may_be_none else ""))
    return value


def _gender(value: object, *, mixed: bool) -> object:
    if value is None or (mixed and value == "mixed"):
        return value
    said = gender_of(value) if isinstance(value, str) else None
    if said is None:
        raise ValueRefused(f"male, female{', mixed' if mixed else ''}, or none")
    return said


def _day(value: object, *, may_be_none: bool) -> object:
    if value is None and may_be_none:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueRefused("a day, as 2026-12-31" + (", or none" if may_be_none else "")) from None


def _moment(value: object) -> object:
    try:
        said = datetime.fromisoformat(str(value))
        return (said.replace(tzinfo=_BELGIUM) if said.tzinfo is None else said).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueRefused("a day and a time, as 2026-12-31T20:00 in Belgium or with its zone") from None
