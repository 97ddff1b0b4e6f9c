"""Seasons of v2: their rows, and what a row of another list says of its own season.

What belongs here: reading seasons, and the comparison by which a row of another season is recognized, since no
filter is trusted.
"""

import re
from collections.abc import Mapping, Sequence

from twizzit_pipeline.twizzit.moments import day
from twizzit_pipeline.twizzit.records import Season
from twizzit_pipeline.twizzit.v2.own_rows import log_left_out, own_days, own_id, own_name
from twizzit_pipeline.twizzit.wire import Row, identifier, is_list, items, reference, text
from twizzit_pipeline.words.seasons import canonical, first_year, key

_KEYS = ("seasonid", "seasonids", "season", "seasons", "seasonname", "seasonlabel")
_BETWEEN = re.compile(r"\s*[,;]\s*")


def season_of_row(row: Row) -> Season | None:
    """A season of a row with plain keys; None where it gives neither a name nor dates to call it by."""
    start, end = own_days(day(row.get("startdate")), day(row.get("enddate")))
    name = canonical(own_name(text(row.get("name"))))
    if not name and start is not None and end is not None:
        name = f"{start.year}-{end.year}" if start.year < end.year else str(start.year)
    return Season(own_id(row.get("id")), name, start, end) if name else None


def seasons_of_rows(rows: Sequence[Row], *, path: str) -> tuple[Season, ...]:
    """The seasons of rows with plain keys; left out are those without name and dates, and those with an unusable id."""
    usable = [row for row in rows if own_id(row.get("id")) is not None or identifier(row.get("id")) is None]
    log_left_out(path, len(rows) - len(usable))
    found = (season_of_row(row) for row in usable)
    return tuple(season for season in found if season is not None)


def is_of(row: Row, season: Season | None) -> bool:
    """Whether a row with plain keys is one of the season, by its own word; so is one that says nothing of it.

    A row of several seasons (a list, or a text that names several) is of each of them.
    """
    if season is None:
        return True
    said = (_is_one_of(row[key], season) for key in _KEYS if key in row)
    return next((one for one in said if one is not None), True)


def season_word(row: Row) -> str | None:
    """What a row with plain keys calls its season: its name, else its id; of several the first."""
    values = [one for key in _KEYS if row.get(key) is not None for one in _each(row[key])]
    names = (_name(value) for value in values)
    return next((name for name in names if name), next((found for one in values if (found := reference(one))), None))


def _each(value: object) -> list[object]:
    """The seasons that a field names, each by itself; an object with digit keys is a list."""
    if is_list(value):
        return [one for inner in items(value) for one in _each(inner)]
    return list(_BETWEEN.split(value)) if isinstance(value, str) else [value]


def _is_one_of(value: object, season: Season) -> bool | None:
    said = {_is_same(one, season) for one in _each(value)}
    return True if True in said else None if None in said or not said else False


def _is_same(value: object, season: Season) -> bool | None:
    """Whether an id, an object with id and name, or a label says this season; None where that cannot be compared."""
    id_, name = reference(value), _name(value)
    if id_ is not None and id_ in (season.id, season.label):
        return True
    if name is not None:
        return key(name) == key(season.label) or _is_its_year(name, season)
    if isinstance(value, str) and id_ is not None and _is_its_year(id_, season):
        return True
    return None if id_ is None or season.id is None else False


def _is_its_year(said: str, season: Season) -> bool:
    """Whether a season is named by the year of its beginning alone ("2026")."""
    return key(said) == str(first_year(season.label))


def _name(value: object) -> str | None:
    """The name of a season in a field that may hold an id as well: an id has digits alone."""
    name = (text(value) or "").strip()
    return name if name and (isinstance(value, Mapping) or not name.isdigit()) else None
