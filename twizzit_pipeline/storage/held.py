"""A lock in the database that is held while something goes on, and is gone with the process that held it.

It is one transaction that stays open, and sees and holds nothing else: behind a pooler a session is not ours for longer
than that.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

# A database, or its user, may have limits for how long a transaction stays open or idle: the lock is meant to.
STAY_OPEN = text(
    "SELECT set_config(name, '0', true) FROM pg_settings"
    " WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"
)


@contextmanager
def held(engine: Engine, name: str) -> Iterator[bool]:
    """Whether this block alone, of all on this database, holds the lock of that name; it waits for none.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    connection = engine.connect()
    try:
        connection.execute(STAY_OPEN)
        taken = connection.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0))))
        yield bool(taken)
    finally:
        with suppress(SQLAlchemyError):  # where the connection was cut, the lock is gone already
            connection.close()
