"""Errors of a driver without the values of rows: class, SQLSTATE, table, column and constraint stay.

What belongs here: taking words out of errors, in place, so that each part of the program that prints one, or keeps one
(Dagster keeps every error of a step with all that caused it), has nothing to print. PostgreSQL quotes rows in its
messages (`invalid input syntax for type date: "…"`), in their details (`Failing row contains (…)`, `Key (…)=(…)`) and
in their context (`COPY …, line 1, column …`); SQLAlchemy adds the parameters of the statement.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy import exc as sqlalchemy_errors

_NAMED = (("table", "table_name"), ("column", "column_name"), ("constraint", "constraint_name"))
_OUR_STATEMENT = "42"  # what is wrong with a statement: PostgreSQL quotes its text, in which no value stands
_OF_A_CONNECTION = (psycopg.OperationalError, psycopg.InterfaceError)


def state_of(error: BaseException) -> str:
    """The SQLSTATE of a driver's error, wrapped by SQLAlchemy or not; empty where it has none."""
    driver = driver_of(error)
    return getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None) or ""


def driver_of(error: BaseException) -> Any:
    """The driver's own error within SQLAlchemy's; any other error itself."""
    return getattr(error, "orig", None) or error


def things_named(driver: Any) -> str:
    """``table players, column last_name``: what of the database an error is about, by names that are no data."""
    diag = getattr(driver, "diag", None)
    found = ((kind, getattr(diag, attribute, None)) for kind, attribute in _NAMED)
    return ", ".join(f"{kind} {name}" for kind, name in found if name)


def quotes_nothing(driver: Any) -> bool:
    """Whether the first line of a server's message is PostgreSQL's own, about our statement.

    False of what is raised while a function or a COPY is at work (the message has a context then): a trigger raises
    what it likes, with any SQLSTATE, and a COPY quotes the line.
    """
    return not getattr(getattr(driver, "diag", None), "context", None)


def in_short(error: BaseException) -> str:
    """``NotNullViolation 23502, table players, column last_name``; of an error of no driver the class alone.

    Of a statement that PostgreSQL does not understand also what it says of that.
    """
    driver = driver_of(error)
    name = f"{type(driver).__name__} {state_of(error)}".rstrip()
    short = ", ".join(filter(None, (name, things_named(driver))))
    if state_of(error).startswith(_OUR_STATEMENT) and quotes_nothing(driver) and hasattr(driver, "diag"):
        short = f"{short}: {driver.diag.message_primary}"
    return short


def take_values_out(error: BaseException) -> None:
    """Changes a driver's error, and SQLAlchemy's around it, so that they say what `in_short` does.

    What is said of a connection stays: it names hosts, roles and databases, and is all that is known of the error.
    """
    driver = driver_of(error)
    if isinstance(driver, _OF_A_CONNECTION) and not state_of(error):
        return
    said = in_short(error)
    driver.args = (said,)
    if isinstance(error, sqlalchemy_errors.StatementError):
        error.args = (said,)
        error.hide_parameters = True


@contextmanager
def values_taken_out() -> Iterator[None]:
    """What is asked of the driver itself, past SQLAlchemy: its errors go on without the values of rows."""
    try:
        yield
    except psycopg.Error as error:
        take_values_out(error)
        raise error from None


def take_values_out_of(engine: Engine) -> Engine:
    """Every error of the engine's statements and transactions says no value, wherever it goes."""
    event.listen(engine, "handle_error", _failed)
    return engine


def _failed(context: ExceptionContext) -> None:
    """One function for all engines: SQLAlchemy keeps a listener with the dialect, which engines may share, once."""
    if context.sqlalchemy_exception is not None:
        take_values_out(context.sqlalchemy_exception)
