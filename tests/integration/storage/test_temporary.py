"""Temporary tables last as long as their transaction, and are described once."""

import pytest
from sqlalchemy import Connection, Integer, Text, inspect, select
from sqlalchemy.exc import ProgrammingError

from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.temporary import Columns, temporary_table

_NUMBER, _WORD = Integer(), Text()
_COLUMNS: Columns = [("number", _NUMBER), ("word", _WORD)]


def _rows(connection: Connection, number: int) -> list[tuple[int, str]]:
    table = temporary_table(connection, _COLUMNS)
    connection.execute(table.insert().values(number=number, word="a"))
    return [tuple(row) for row in connection.execute(select(table)).all()]


def test_two_of_one_transaction_are_two_tables(database: Database) -> None:
    with database.engine.begin() as connection:
        assert (_rows(connection, 1), _rows(connection, 2)) == ([(1, "a")], [(2, "a")])
        assert len(inspect(connection).get_temp_table_names()) == 2


@pytest.mark.parametrize("committed", [True, False])
def test_the_first_of_the_next_transaction_is_the_same_to_sqlalchemy_and_empty(
    database: Database, committed: bool
) -> None:
    with database.engine.connect() as connection:
        first = temporary_table(connection, _COLUMNS)
        connection.execute(first.insert().values(number=1, word="a"))
        connection.commit() if committed else connection.rollback()
        with pytest.raises(ProgrammingError, match="UndefinedTable"):
            connection.execute(select(first))
        connection.rollback()
        again = temporary_table(connection, _COLUMNS)
        assert again is first
        assert connection.execute(select(again)).all() == []


def test_other_columns_make_another_table_of_that_name(database: Database) -> None:
    with database.engine.connect() as connection:
        one = temporary_table(connection, _COLUMNS)
        connection.rollback()
        other = temporary_table(connection, [("word", _WORD)])
        assert (other.name, list(other.c.keys())) == (one.name, ["word"])
        assert connection.execute(select(other)).all() == []
