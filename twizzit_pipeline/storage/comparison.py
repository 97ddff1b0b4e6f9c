"""How many rows of a table, within a scope, are new, different and gone, by rows that are to take their place.

What belongs here: one statement that says so, and what it shares with those that write afterwards. The rows stand in a
temporary table, or are a parameter of the statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

ROWS = "rows"
_KEPT = 100


def compared(
    connection: Connection,
    table: Table,
    rows: FromClause,
    keys: Sequence[str],
    scope: Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
) -> tuple[int, int, int]:
    """How many are new, different and gone. PostgreSQL has one way to compare, with statistics or without: a full join.

    Args:
        rows: what the scope is to hold, with at least one of the keys.
        parameters: of `rows`.
    """
    wanted = _comparison(table, rows, tuple(keys), tuple(scope))
    found = connection.execute(wanted, {**named(scope), **(parameters or {})}).one()
    return found.new, found.different, found.gone


@lru_cache(_KEPT)
def sent_rows(table: Table, names: tuple[str, ...]) -> FromClause:
    """Rows with these columns of the table, as the parameter `ROWS` gives them: the text of a JSON array of objects."""
    columns = [Column(name, table.c[name].type) for name in names]
    # As text: the engine would turn it into JSON once more.
    given = func.jsonb_to_recordset(cast(bindparam(ROWS, type_=Text), JSONB))
    return given.table_valued(*columns).render_derived(name="sent", with_types=True)


def within(table: Table, scope: Iterable[str]) -> ColumnElement[bool]:
    """The rows of the scope, whose values are parameters of the statement (`named`)."""
    return and_(*[table.c[name] == bindparam(f"scope_{name}") for name in scope])


def named(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of `within`."""
    return {f"scope_{name}": value for name, value in scope.items()}


def same_key(table: FromClause, rows: FromClause, keys: Sequence[str]) -> ColumnElement[bool]:
    """The keys that the rows have: the others are the same in the whole scope."""
    return and_(*[table.c[key] == rows.c[key] for key in keys if key in rows.c])


def compared_in(rows: FromClause, keys: Sequence[str]) -> list[str]:
    """The columns in which a row of the same key may differ."""
    return [column.name for column in rows.c if column.name not in keys]


@lru_cache(_KEPT)
def _comparison(table: Table, rows: FromClause, keys: tuple[str, ...], scope: tuple[str, ...]) -> Select[Any]:
    kept = select(*(table.c[column.name] for column in rows.c)).where(within(table, scope)).subquery()
    different = or_(false(), *[kept.c[name].is_distinct_from(rows.c[name]) for name in compared_in(rows, keys)])
    is_new, is_gone = kept.c[keys[-1]].is_(None), rows.c[keys[-1]].is_(None)
    both = rows.join(kept, same_key(kept, rows, keys), full=True)
    counts = {"new": is_new, "different": and_(~is_new, ~is_gone, different), "gone": is_gone}
    numbers: list[ColumnElement[Any]] = [func.count().filter(which).label(name) for name, which in counts.items()]
    return select(*numbers).select_from(both)
