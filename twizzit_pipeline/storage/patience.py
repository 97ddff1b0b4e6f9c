"""Changes of tables beside a ShotSpot that is at work: locks are waited for a few seconds, given up, and tried again.

A transaction that waits for a table keeps all later ones waiting as well, readers too: so ShotSpot's check of a roster
stands still for as long as we wait. Between two tries they all go on.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from twizzit_pipeline.errors import DatabaseUnavailable
from twizzit_pipeline.storage.holders import holders
from twizzit_pipeline.storage.sqlstates import LOCK_NOT_AVAILABLE
from twizzit_pipeline.storage.unquoted import state_of

LOCK_SECONDS = 3
PAUSE_SECONDS = 4.0
TRIES = 8

# Two that change tables at once: the second waits, then finds nothing to do; a restore, which needs the database to
# itself, has it too. Any number that no other program takes.
KEY = int.from_bytes(b"twizzitm", "big")
_DEADLOCK, _CANCELLED = "40P01", "57014"
_WAITED = {LOCK_NOT_AVAILABLE, _DEADLOCK}

T = TypeVar("T")
Report = Callable[[str], None]


class _Busy(Exception):
    """What is needed is held by another, who is named if known; it may be free at the next try."""


def patiently(engine: Engine, work: Callable[[Connection], T], report: Report) -> T:
    """What `work` returns, done in one transaction that no other migration runs beside.

    Args:
        work: asked anew at each try; nothing of a try that came to nothing stays.
        report: called with a line before each further try: who is waited for.

    Raises:
        DatabaseUnavailable: the locks could not be had; the message says who holds them.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            with engine.begin() as connection:
                connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
                _alone(connection)
                return work(connection)
        except _Busy as busy:
            who = str(busy) or holders(engine, readers=True)
        except (DBAPIError, psycopg.Error) as error:
            if state_of(error) not in _WAITED:
                raise
            who = holders(engine, readers=True)
        if tries_left:
            report(f"Waiting for other transactions: {who}")
            time.sleep(PAUSE_SECONDS)
    raise DatabaseUnavailable(
        f"Other transactions kept the tables for {TRIES} tries, and nothing was changed: {who}; "
        "end them, or try again when ShotSpot has less to do"
    )


def _alone(connection: Connection) -> None:
    try:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": KEY})
    except DBAPIError as error:
        if state_of(error) != LOCK_NOT_AVAILABLE:
            raise
        raise _Busy("another twizzit migrate, detach, attach or database restore works on this database") from None


def lock_at_once(connection: Connection, writers: list[str], readers: list[str]) -> None:
    """Takes the locks on all tables before any of them is changed, in a few seconds altogether or not at all.

    Args:
        writers: tables that no other transaction may write from here to the end of the transaction.
        readers: those that no other transaction may even read.
    """
    connection.execute(text(f"SET LOCAL statement_timeout = '{LOCK_SECONDS}s'"))
    try:
        for names, mode in ((writers, "SHARE ROW EXCLUSIVE"), (readers, "ACCESS EXCLUSIVE")):
            if names:
                quoted = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in names)
                connection.execute(text(f"LOCK TABLE {quoted} IN {mode} MODE"))
    except DBAPIError as error:
        if state_of(error) != _CANCELLED:
            raise
        raise _Busy from None
    connection.execute(text("SET LOCAL statement_timeout TO DEFAULT"))
