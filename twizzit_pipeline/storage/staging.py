"""Rows that are shipped once, into a temporary table, and that several tables are then written from by statements.

What belongs here: how they travel. A column that is the same in every row does not: it is a constant of the statements.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, cast

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import ColumnElement, Connection, Table, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.types import TypeEngine

from twizzit_pipeline.storage.bulk import writable, written_through
from twizzit_pipeline.storage.temporary import temporary_table
from twizzit_pipeline.storage.unquoted import values_taken_out

Item = TypeVar("Item")

# One object for each type, so that the same columns make the same temporary table.
INTEGER, BOOLEAN, TEXTS = sa.Integer(), sa.Boolean(), sa.ARRAY(sa.Text)

_dumps = partial(json.dumps, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Shipped(Generic[Item]):
    """A column to be shipped.

    Attributes:
        read: an item and its place → its value, None for null.
        joins: whether statements join by it, so that it is no constant even where it could be.
    """

    name: str
    type: TypeEngine[Any]
    read: Callable[[int, Item], object]
    joins: bool = False


@dataclass(frozen=True, slots=True)
class Staged:
    """Shipped rows, in `table`; `[]` gives a column of them for statements, from the table or as a constant."""

    table: Table
    constants: dict[str, ColumnElement[Any]]

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        return self.constants[name] if name in self.constants else self.table.c[name]


def stage(connection: Connection, items: Sequence[Item], columns: Sequence[Shipped[Item]], *, analysed: bool) -> Staged:
    """The items in a temporary table, numbered by `place`, until the transaction ends.

    Args:
        items: at least one.
        analysed: whether the table will be joined with another.
    """
    constants, varying = dict[str, ColumnElement[Any]](), list[Shipped[Item]]()
    for column in columns:
        first = column.read(0, items[0])
        if not column.joins and all(column.read(place, item) == first for place, item in enumerate(items)):
            constants[column.name] = _constant(first, column.type)
        else:
            varying.append(column)
    table = temporary_table(connection, [("place", INTEGER), *((column.name, column.type) for column in varying)])
    _copy(connection, table, items, varying)
    if analysed:  # or PostgreSQL expects a thousand rows, and compares each with each when there are many more
        connection.exec_driver_sql(f'ANALYZE "{table.name}"')
    return Staged(table, constants)


def insert_from(
    connection: Connection,
    table: Table,
    values: Mapping[str, ColumnElement[Any]],
    staged: Table,
    *where: ColumnElement[bool],
) -> None:
    """Insert a row for each staged one, in the order of its `place`; columns without a value get the table's defaults.

    Args:
        values: column → what it gets, of the staged row.
    """
    sources = written_through(connection, table)
    rows = select(*values.values()).select_from(staged).where(*where).order_by(staged.c.place)
    target = writable(table, sources)
    connection.execute(insert(target).from_select([sources.get(name, name) for name in values], rows))


def update_from(
    connection: Connection, table: Table, values: Mapping[str, ColumnElement[Any]], *where: ColumnElement[bool]
) -> None:
    """Update the rows of the table by staged ones; `where` says which belong together, in terms of `table`."""
    sources = written_through(connection, table)
    through = {name: source for name, source in sources.items() if name in values}
    assert not through, f"{table.name} copies {', '.join(through)} from other columns: write those"
    connection.execute(update(table).values({table.c[name]: value for name, value in values.items()}).where(*where))


def _copy(connection: Connection, table: Table, items: Sequence[Item], columns: Sequence[Shipped[Item]]) -> None:
    readers = [_as_text(column.read) if isinstance(column.type, JSONB) else column.read for column in columns]
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table.name))
    with values_taken_out(), driver.cursor() as cursor, cursor.copy(statement) as copy:
        for place, item in enumerate(items):
            copy.write_row((place, *[read(place, item) for read in readers]))


def _as_text(read: Callable[[int, Item], object]) -> Callable[[int, Item], object]:
    def text(place: int, item: Item) -> str | None:
        value = read(place, item)
        return None if value is None else _dumps(value)

    return text


def _constant(value: object, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """The value with its type: of a parameter alone PostgreSQL may not know it."""
    return sa.cast(sa.null() if value is None else sa.literal(value, kind), kind)
