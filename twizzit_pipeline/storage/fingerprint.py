"""Which database it is, in twelve letters: by it, processes on two machines see whether they work on the same one."""

from hashlib import sha256
from typing import Any

from sqlalchemy import text

from twizzit_pipeline.storage.dagster_schema import dagsters_connection
from twizzit_pipeline.storage.engine import Database, driver_errors

LETTERS = 12

# A managed server may keep the function from its users, and what only speaks PostgreSQL's protocol may not have it.
_MAY = "SELECT coalesce(has_function_privilege(to_regprocedure('pg_catalog.pg_control_system()'), 'EXECUTE'), false)"
# A standby that took over has the server's identifier still, a copy that was restored from a dump has another.
_WHICH = """
    SELECT (SELECT system_identifier FROM pg_control_system()),
           (SELECT oid FROM pg_database WHERE datname = current_database()),
           current_schema()
"""


def fingerprint(database: Database) -> str | None:
    """Of our tables' place and of Dagster's: the same wherever they are reached from. Holds no secret and no host.

    None where the server does not say which one it is.

    Raises:
        DatabaseUnavailable, DatabaseRefused: one of both cannot be reached.
    """
    with driver_errors(), database.engine.connect() as connection:
        ours = connection.execute(text(_WHICH)).one() if connection.scalar(text(_MAY)) else None
    with dagsters_connection(database) as dagsters:
        theirs = dagsters.execute(_WHICH).fetchone() if _first(dagsters.execute(_MAY).fetchone()) else None
    if ours is None or theirs is None:
        return None
    return sha256(repr((*ours, *theirs)).encode()).hexdigest()[:LETTERS]


def _first(row: tuple[Any, ...] | None) -> Any:
    return None if row is None else row[0]
