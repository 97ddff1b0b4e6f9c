"""A value that a person gives for a field, judged by what the contracts and ShotSpot's tables take there. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import String

from twizzit_pipeline.contracts.rules.rule import UNPRINTABLE
from twizzit_pipeline.entities import COMPETITIONS, ENTITIES, MATCHES, PLAYERS, TEAMS
from twizzit_pipeline.errors import ValueRefused
from twizzit_pipeline.storage.tables import LOCAL
from twizzit_pipeline.words.genders import gender_of

_BELGIUM = ZoneInfo("Europe/Brussels")
_UNPRINTABLE = re.compile(UNPRINTABLE)
_LARGEST_ID = 2**31 - 1

Kind = Literal["text", "word", "number", "team", "gender", "day", "moment"]


@dataclass(frozen=True, slots=True)
class Takes:
    """What a field takes.

    Attributes:
        longest: characters of a text, at most.
        words: of a word or a gender: those that there are, as the column holds them.
        least, most: of a number.
        may_be_none: whether the field may be empty.
    """

    kind: Kind
    longest: int = 0
    words: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    may_be_none: bool = False

    def __str__(self) -> str:
        said = {
            "text": f"a text of 1 to {self.longest} characters",
            "word": f"one of {', '.join(self.words)}",
            "number": f"a whole number from {self.least} to {self.most}",
            "team": "the id of a team of ShotSpot",
            "gender": ", ".join(self.words),
            "day": "a day, as 2026-12-31",
            "moment": "a day and a time, as 2026-12-31T20:00 in Belgium or with its zone",
        }[self.kind]
        return said + (", or none" if self.may_be_none else "")


# A text is as long as its column.
_TAKES: dict[tuple[str, str], Takes] = {
    (TEAMS.name, "gender"): Takes("gender", words=("male", "female", "mixed"), may_be_none=True),
    (PLAYERS.name, "gender"): Takes("gender", words=("male", "female"), may_be_none=True),
    (PLAYERS.name, "jersey_number"): Takes("number", least=0, most=999, may_be_none=True),
    (PLAYERS.name, "team_id"): Takes("team", least=1, most=_LARGEST_ID, may_be_none=True),
    (COMPETITIONS.name, "competition_type"): Takes("word", words=("league", "tournament")),
    (COMPETITIONS.name, "status"): Takes("word", words=("upcoming", "in_progress", "completed", "cancelled")),
    (COMPETITIONS.name, "start_date"): Takes("day"),
    (COMPETITIONS.name, "end_date"): Takes("day", may_be_none=True),
    (MATCHES.name, "date"): Takes("moment"),
    (MATCHES.name, "status"): Takes("word", words=("scheduled", "to_reschedule", "completed", "cancelled")),
    (MATCHES.name, "home_score"): Takes("number", least=0, most=999),
    (MATCHES.name, "away_score"): Takes("number", least=0, most=999),
}


def takes(entity: str, column: str) -> Takes | None:
    """What a field takes; None where it is none that a person gives a value for."""
    found = _TAKES.get((entity, column))
    if found is None and column in ENTITIES[entity].compared:
        kept = LOCAL[entity].c[column]
        if isinstance(kept.type, String):
            return Takes("text", kept.type.length or 0, may_be_none=bool(kept.nullable))
    return found


def judged(entity: str, column: str, value: object) -> object:
    """The value as the column holds it.

    Args:
        value: as a person or a program gave it; an empty text is none.

    Raises:
        ValueRefused: the column takes no such value; the message says what it takes.
    """
    wanted = takes(entity, column)
    if wanted is None:
        raise ValueRefused("no value that a person gives")
    if isinstance(value, str):
        value = " ".join(value.split()) or None
    if value is None and wanted.may_be_none:
        return None
    found = None if value is None else _READ[wanted.kind](wanted, value)
    if found is None:
        raise ValueRefused(str(wanted))
    return found


def _text(wanted: Takes, value: object) -> object:
    fits = isinstance(value, str) and len(value) <= wanted.longest and not _UNPRINTABLE.search(value)
    return value if fits else None


def _word(wanted: Takes, value: object) -> object:
    return value if value in wanted.words else None


def _number(wanted: Takes, value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and wanted.least <= value <= wanted.most
    return value if fits else None


def _gender(wanted: Takes, value: object) -> object:
    if not isinstance(value, str):
        return None
    return value if value in wanted.words else gender_of(value)


def _day(_: Takes, value: object) -> object:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _moment(_: Takes, value: object) -> object:
    try:
        said = datetime.fromisoformat(str(value))
        return (said.replace(tzinfo=_BELGIUM) if said.tzinfo is None else said).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_READ: dict[Kind, Callable[[Takes, object], object]] = {
    "text": _text,
    "word": _word,
    "number": _number,
    "team": _number,
    "gender": _gender,
    "day": _day,
    "moment": _moment,
}
