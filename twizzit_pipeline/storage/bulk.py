"""Many rows at once: COPY in, set-based statements out. The only place that writes many rows.

What belongs here: how rows travel, whatever they mean. A frame's columns are named like the table's; null is None,
NaN, NA or NaT; JSONB columns take dicts. All runs on the caller's connection, inside its transaction.

Rows that are already as they should be are not written at all: not even locked, and no sequence moves.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    any_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.exc import DBAPIError

from twizzit_pipeline.storage.comparison import ROWS, compared, compared_in, named, same_key, sent_rows, within
from twizzit_pipeline.storage.temporary import drop, temporary_table
from twizzit_pipeline.storage.unquoted import values_taken_out

if TYPE_CHECKING:  # most readers need `among` alone, and a caller with a frame has imported pandas
    import pandas as pd

# Rows written at once after which a table's statistics say little of it any more.
MANY = 1_000
_KEPT = 100

_NEXT_IDS = select(func.nextval(func.pg_get_serial_sequence(bindparam("table", type_=Text), "id"))).select_from(
    func.generate_series(1, bindparam("count", type_=Integer)).table_valued("number")
)

_dumps = partial(json.dumps, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows a statement wrote; rows that were already right count nowhere."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


def copy_frame(connection: Connection, frame: "pd.DataFrame", into: Table, columns: Sequence[str]) -> int:
    """COPY the named columns of the frame into the table; the number of rows.

    Whole numbers that pandas made floats (a column of integers with a null) arrive as integers.
    """
    if not frame.empty:
        values = [_values(frame[name], into.c[name]) for name in columns]
        copy_rows(connection, zip(*values, strict=True), into, columns)
    return len(frame)


def copy_rows(connection: Connection, rows: Iterable[Sequence[object]], into: Table, columns: Sequence[str]) -> None:
    """COPY rows with values for the named columns into the table; the others get its defaults."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(into.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with values_taken_out(), driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def synchronise(
    connection: Connection, table: Table, frame: "pd.DataFrame", *, keys: Sequence[str], scope: Mapping[str, Any]
) -> Written:
    """Make the rows of the table within `scope` those of the frame: insert, update, delete what differs.

    Args:
        keys: columns with a unique constraint on them, none of them null, each combination once in the frame.
        scope: column → value; the frame may leave these columns out.

    Raises:
        ValueError: the scope is empty, a row of the frame lies outside it, or a key is there twice.
    """
    if not scope:
        raise ValueError("a synchronisation without a scope would delete every other row of the table")
    for name, value in scope.items():
        if name in frame and not (frame[name] == value).all():
            raise ValueError(f"rows outside the scope: {name} is not everywhere {value!r}")
    if frame.empty:
        return Written(deleted=connection.execute(delete(table).where(within(table, scope)), named(scope)).rowcount)
    # What is the same in every row does not travel; something is left for rows to be joined by.
    travels = {name for name in keys if name not in scope} or {keys[-1]}
    if constant := {name: value for name, value in scope.items() if name in travels}:
        frame = frame.assign(**constant)
    names = [name for name in _names(frame) if name in travels or name not in scope]
    if len(set(zip(*(frame[name].tolist() for name in keys if name in names), strict=True))) < len(frame):
        raise ValueError(f"rows for {table.name} with the same {', '.join(keys)}")
    # One comparison says which of the statements have anything to do: usually none has. Few rows are a parameter of it,
    # and nothing is made in the database's catalogue for them.
    differ = _compared_as_sent(connection, table, frame, names, keys, scope) if len(frame) <= MANY else None
    if differ == Written():
        return differ
    with _staged(connection, table, frame, names) as staged:
        differ = differ or Written(*compared(connection, table, staged, keys, scope))
        if differ == Written():
            return differ
        connection.execute(text(f'ANALYZE "{staged.name}"'))  # or PostgreSQL would expect a thousand rows
        with _joined_whole(connection):
            return _write(connection, table, staged, keys, scope, differ)


def _write(
    connection: Connection, table: Table, staged: Table, keys: Sequence[str], scope: Mapping[str, Any], differ: Written
) -> Written:
    """Carries out the statements that have anything to do."""
    deleted = inserted = updated = 0
    if differ.deleted:
        gone = delete(table).where(within(table, scope), ~exists().where(same_key(table, staged, keys)))
        deleted = connection.execute(gone, named(scope)).rowcount
    if differ.updated:
        updated = _update(connection, table, staged, keys, scope)
    if differ.inserted:
        inserted = _insert(connection, table, staged, keys, scope)
    return Written(inserted, updated, deleted)


def _compared_as_sent(
    connection: Connection,
    table: Table,
    frame: "pd.DataFrame",
    names: Sequence[str],
    keys: Sequence[str],
    scope: Mapping[str, Any],
) -> Written:
    columns = [_plain(frame[name], table.c[name]) for name in names]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    sent = sent_rows(table, tuple(names))
    return Written(*compared(connection, table, sent, keys, scope, {ROWS: _dumps(rows, default=str)}))


def analyse(engine: Engine, written: Collection[Table]) -> None:
    """Statistics of tables that were filled in bulk: autovacuum gathers them a minute later, if it runs at all.

    In a transaction of its own, since others wait for the lock. A table that another transaction analyses already, or
    that belongs to another role (ShotSpot's, perhaps), is skipped by PostgreSQL; no sync fails for want of statistics.
    """
    if not written:
        return
    names = ", ".join(f'"{table.name}"' for table in written)
    with suppress(DBAPIError), engine.begin() as connection:
        connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {names}")


def among(column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether the column holds one of the values, however many: IN would send a parameter for each, 65,535 at most."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def reserve_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """So many unused ids of the table, from its own sequence, in ascending order."""
    if count == 0:
        return []
    return sorted(connection.scalars(_NEXT_IDS, {"table": table.name, "count": count}).all())


def written_through(connection: Connection, table: Table) -> dict[str, str]:
    """Generated columns that merely copy another: column → the column to write instead.

    In newer ShotSpot databases a team mapping's `local_team_id` is such a copy of `local_club_id`.
    """
    copies = connection.execute(
        text(
            "SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a"
            " JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
            " WHERE a.attrelid = to_regclass(:name) AND a.attgenerated = 's' AND NOT a.attisdropped"
        ),
        {"name": connection.dialect.identifier_preparer.quote(table.name)},
    )
    return {str(name): str(expression).strip('"') for name, expression in copies}


@contextmanager
def _staged(connection: Connection, table: Table, frame: "pd.DataFrame", names: Sequence[str]) -> Iterator[Table]:
    """These columns of the frame in a temporary table with the target's types."""
    staged = temporary_table(connection, [(name, table.c[name].type) for name in names])
    copy_frame(connection, frame, staged, names)
    yield staged
    drop(connection, staged)


@contextmanager
def _joined_whole(connection: Connection) -> Iterator[None]:
    """Statements that take two sets as a whole and compare no row with each of the other set.

    The target may have been filled a moment ago and have no statistics yet: PostgreSQL expects one row in the scope
    then, and a nested loop over 160,000 takes hours.
    """
    connection.exec_driver_sql("SET LOCAL enable_nestloop = off")
    yield
    connection.exec_driver_sql("SET LOCAL enable_nestloop TO DEFAULT")


def _update(connection: Connection, table: Table, staged: Table, keys: Sequence[str], scope: Mapping[str, Any]) -> int:
    names = compared_in(staged, keys)
    sources = written_through(connection, table)
    target = writable(table, sources)
    different = or_(*[target.c[name].is_distinct_from(staged.c[name]) for name in names])
    values = {target.c[sources.get(name, name)]: staged.c[name] for name in names}
    statement = update(target).values(values).where(same_key(target, staged, keys), different)
    return connection.execute(statement.where(within(target, scope)), named(scope)).rowcount


def _insert(connection: Connection, table: Table, staged: Table, keys: Sequence[str], scope: Mapping[str, Any]) -> int:
    sources = written_through(connection, table)
    target = writable(table, sources)
    constants = {name: literal(value, table.c[name].type) for name, value in scope.items() if name not in staged.c}
    columns = {**{column.name: column for column in staged.c}, **constants}
    there = exists().where(same_key(target, staged, keys), within(target, scope))
    new = select(*columns.values()).where(~there).order_by(*[columns[name] for name in keys if name in staged.c])
    statement = insert(target).from_select([sources.get(name, name) for name in columns], new)
    # A row that another transaction inserted meanwhile is updated instead.
    others = [sources.get(name, name) for name in columns if name not in keys]
    index = [sources.get(name, name) for name in keys]
    if others:
        values = {name: statement.excluded[name] for name in others}
        statement = statement.on_conflict_do_update(index_elements=index, set_=values)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=index)
    return connection.execute(statement, named(scope), execution_options={"preserve_rowcount": True}).rowcount


def writable(table: Table, sources: Mapping[str, str]) -> Table:
    """The table as the database has it: with the columns that generated ones are copied from."""
    return _as_it_is(table, tuple(sources.items()))


@lru_cache(_KEPT)
def _as_it_is(table: Table, sources: tuple[tuple[str, str], ...]) -> Table:
    known = [Column(column.name, column.type) for column in table.c]
    extra = [Column(source, table.c[name].type) for name, source in sources if name in table.c]
    return Table(table.name, MetaData(), *known, *extra)


def _names(frame: "pd.DataFrame") -> list[str]:
    return [str(name) for name in frame.columns]


def _values(series: "pd.Series[Any]", column: Column[Any]) -> list[object]:
    """Python values that psycopg takes, None for every kind of null."""
    values = _plain(series, column)
    if isinstance(column.type, JSONB):
        return [None if value is None else Jsonb(value, dumps=_dumps) for value in values]
    return values


def _plain(series: "pd.Series[Any]", column: Column[Any]) -> list[object]:
    """Python values, None for every kind of null."""
    values, null = series.tolist(), series.array.isna()
    if null.any():
        values = [None if none else value for value, none in zip(values, null, strict=True)]
    if isinstance(column.type, Integer):
        return [None if value is None else _whole(value) for value in values]
    return values


def _whole(value: Any) -> int:
    number = int(value)
    if number != value:
        raise ValueError("an integer column holds a number that is not whole")
    return number
