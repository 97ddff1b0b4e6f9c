"""Columns and their values as people read them: a name for an id, yes for true, a day for a date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from twizzit_pipeline.http_api.pages import moments
from twizzit_pipeline.http_api.pages.texts import Texts
from twizzit_pipeline.storage.ends_of_time import IN_JSON

NOTHING = "–"
_WORDS = {"gender", "status", "competition_type", "game_type"}  # whose values are words of ShotSpot's
UNSHOWN = {"id", "created_at", "updated_at", "settings"}


@dataclass(frozen=True, slots=True)
class Field:
    """One column, in words. `before`: None in a row that was made; `after`: None in one that is gone."""

    name: str
    before: str | None
    after: str | None


def fields_of(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    names: Mapping[tuple[str, int], str],
    texts: Texts,
) -> Sequence[Field]:
    """The columns of a change; of a row that was made or is gone, those that hold something."""
    columns = [name for name in (after or before or {}) if name not in UNSHOWN]
    found = []
    for column in columns:
        old = None if before is None else value_of(column, before.get(column), names, texts)
        new = None if after is None else value_of(column, after.get(column), names, texts)
        if {old, new} != {None, NOTHING}:
            found.append(Field(column_of(column, texts), old, new))
    return found


def column_of(column: str, texts: Texts) -> str:
    """What a column is called."""
    key = f"column.{column}"
    return texts(key) if texts.has(key) else column.replace("_", " ")


def value_of(column: str, value: object, names: Mapping[tuple[str, int], str], texts: Texts) -> str:
    """A value of a column, in words."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return texts("values.yes" if value else "values.no")
    if isinstance(value, int) and (column, value) in names:
        return names[column, value]
    if column in _WORDS and texts.has(f"values.{value}"):
        return texts(f"values.{value}")
    if isinstance(value, str) and ("date" in column or column.endswith("_at")):
        return _time(value, texts)
    return str(value)


def _time(value: str, texts: Texts) -> str:
    if value in IN_JSON:
        return moments.day(IN_JSON[value], texts)
    try:
        if len(value) == len("2026-01-01"):
            return moments.day(date.fromisoformat(value), texts)
        return moments.moment(datetime.fromisoformat(value), texts)
    except (ValueError, OverflowError):  # infinity; a year that Belgium's clocks leave
        return value
