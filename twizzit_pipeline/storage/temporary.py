"""Temporary tables, each of one transaction and gone with its end.

What belongs here: how they are made and what they are called. The first of a transaction has the same name in each, the
second too, and a `Table` of the same name and columns is the same object: a process that works for long finds the
statements about it among those that SQLAlchemy has compiled.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Column, Connection, MetaData, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.base import Transaction
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

Columns = Sequence[tuple[str, TypeEngine[Any]]]

_KEPT = 500
_numbers: WeakKeyDictionary[Transaction, Iterator[int]] = WeakKeyDictionary()


def temporary_table(connection: Connection, columns: Columns) -> Table:
    """A new temporary table with these columns, without rows; PostgreSQL drops it when the transaction ends."""
    transaction = connection.get_transaction() or connection.begin()
    number = next(_numbers.setdefault(transaction, count(1)))
    table = _described(number, tuple(columns))
    connection.exec_driver_sql(_statement(table, connection.dialect))
    return table


def drop(connection: Connection, table: Table) -> None:
    """Drops a temporary table whose rows are not needed any more."""
    connection.exec_driver_sql(f'DROP TABLE "{table.name}"')


@lru_cache(_KEPT)
def _described(number: int, columns: tuple[tuple[str, TypeEngine[Any]], ...]) -> Table:
    return Table(
        f"_staged_{number}",
        MetaData(),
        *[Column(name, kind) for name, kind in columns],
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )


@lru_cache(_KEPT)
def _statement(table: Table, dialect: Dialect) -> str:
    return str(CreateTable(table).compile(dialect=dialect))
