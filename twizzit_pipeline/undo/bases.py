"""The base of a mapping, key by key: what Twizzit said last of each column, taken back or left with that column. Pure.

A column that a person edited since stays, and so must its part of the base: with the older one, the next sync would
take Twizzit's value for a change of Twizzit's, and write over the edit.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.undo.rows import Key, Values

COLUMN = "last_values"
MAPPINGS = {each.mappings: each for each in ENTITIES.values()}
_ABSENT = "\0"  # a value that no JSON of PostgreSQL's holds
# ShotSpot's columns whose part of the base is called otherwise.
_CALLED: Mapping[str, Mapping[str, str]] = {
    "players": {"club_id": "twizzit_team_id", "team_id": "twizzit_team_id"},
    "teams": {"club_id": "club_name", "season_id": "season"},
    "games": {
        "date": "starts_at",
        "home_club_id": "home",
        "home_team_id": "home",
        "away_club_id": "away",
        "away_team_id": "away",
    },
}


def parts(every: Iterable[Values | None]) -> frozenset[str]:
    """The parts of the bases in these states of a mapping."""
    return frozenset(part for values in every if values for part in values.get(COLUMN) or ())


def apart(values: Values | None, wanted: Iterable[str]) -> dict[str, Any] | None:
    """The values with each of these parts of the base in a column of its own."""
    if values is None or COLUMN not in values:
        return None if values is None else dict(values)
    base = values[COLUMN]
    return {
        **values,
        COLUMN: base is not None,
        **{f"{COLUMN}.{part}": (base or {}).get(part, _ABSENT) for part in wanted},
    }


def together(values: Values) -> dict[str, Any]:
    """The values with the base in one column once more."""
    prefix = f"{COLUMN}."
    found = {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
    base = {part: value for part, value in found.items() if value != _ABSENT}
    rest = {name: value for name, value in values.items() if not name.startswith(prefix)}
    return {**rest, COLUMN: base if base or rest[COLUMN] else None} if COLUMN in rest else rest


def part_of(table: str, column: str) -> str:
    """The part of a mapping's base, as a column of its own, that is about this column of ShotSpot's."""
    return f"{COLUMN}.{_CALLED.get(table, {}).get(column, column)}"


def mapped_row(key: Key, values: Values) -> Key | None:
    """The row of ShotSpot's that a mapping is of; None for a row that is no mapping."""
    entity = MAPPINGS.get(key.table)
    return None if entity is None or values.get(entity.local_id) is None else Key(entity.local, values[entity.local_id])
