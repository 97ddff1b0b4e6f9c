"""What a change says as plain values: a column's old and new value, and the row that an id means by its name.

A plan is stored and compared with a later one by this form. An id means the same later; a row that the plan makes has
no id then, and is known by its name alone. Pure functions.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from twizzit_pipeline.entities import COMPETITIONS, TEAMS
from twizzit_pipeline.plan import Change, Plan

Key = tuple[str, int]

_POINTED = {"club_id": "clubs", "team_id": TEAMS.local, "season_id": "seasons", "competition_id": COMPETITIONS.local}


@dataclass(frozen=True, slots=True)
class Names:
    """The names of rows that ids mean, by table and id.

    Attributes:
        made: those that the plan, or one of the same preview before it, makes: their ids mean nothing later.
    """

    of: Mapping[Key, str]
    made: Collection[Key] = frozenset()

    def value(self, column: str, value: object) -> object:
        """The value of a column as JSON has it; an id as `{"id", "name"}`, without the id of a row that is made."""
        table = pointed(column)
        if table is not None and isinstance(value, int):
            known = value > 0 and (table, value) not in self.made
            return {"id": value if known else None, "name": self.of.get((table, value))}
        return value.isoformat() if isinstance(value, date) else value


def pointed(column: str) -> str | None:
    """The table that a column's ids mean; None where it holds no id. `home_team_id` means a team."""
    return next((table for end, table in _POINTED.items() if column == end or column.endswith(f"_{end}")), None)


def pointers(plan: Plan) -> set[Key]:
    """The rows that the changes of a plan, and its questions, point at, those that are there already."""
    asked = ((one.column, value) for one in plan.questions for value in (one.base, one.local, one.remote))
    changed = (key for change in plan.changes for key in _pointers(change))
    return {key for key in (*changed, *_keys(asked)) if key[1] > 0}


def creations(plan: Plan) -> dict[Key, str]:
    """The rows that the plan makes besides its entity's, or that others may point at: table and its id → the name."""
    return {
        (change.table, change.row_id): str(change.values["name"])
        for change in plan.changes
        if change.action == "create" and "name" in change.values
    }


def columns(change: Change, names: Names) -> dict[str, tuple[object, object]]:
    """Column → what it holds and what it is to hold, of those that the change writes."""
    return {
        column: (names.value(column, change.before.get(column)), names.value(column, value))
        for column, value in change.changed.items()
    }


def same(stored: Mapping[str, Any], fresh: Mapping[str, tuple[object, object]]) -> bool:
    """Whether stored columns (`{"old", "new"}`) say what those of a fresh change do."""
    return stored.keys() == fresh.keys() and all(
        _same(stored[column]["old"], old) and _same(stored[column]["new"], new) for column, (old, new) in fresh.items()
    )


def same_values(stored: Mapping[str, Any], fresh: Mapping[str, object]) -> bool:
    """Whether the stored values of a row that is made say what the fresh ones do."""
    return stored.keys() == fresh.keys() and all(_same(stored[column], value) for column, value in fresh.items())


def _same(stored: object, fresh: object) -> bool:
    """A row that was to be made may be there by now: then its name decides."""
    if isinstance(stored, Mapping) and isinstance(fresh, Mapping) and stored.keys() == {"id", "name"} == fresh.keys():
        by = "id" if stored["id"] is not None else "name"
        return bool(stored[by] == fresh[by])
    return bool(stored == fresh)


def _pointers(change: Change) -> Iterator[Key]:
    for values in (change.before, change.values):
        yield from _keys(values.items())


def _keys(values: Iterable[tuple[str, object]]) -> Iterator[Key]:
    for column, value in values:
        if isinstance(value, int) and (table := pointed(column)) is not None:
            yield table, value
