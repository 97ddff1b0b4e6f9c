"""At which migration a database is, and which are pending, without Alembic: loading that takes as long as a small sync.

What belongs here: the order of the migrations, by the names of their files, and what the database says. Applying them
is in `migrate`.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ScalarSelect, column, select, table, text

from twizzit_pipeline.errors import MigrationsPending
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.migrations import VERSION_TABLE
from twizzit_pipeline.storage.suited import require_suited

_FILES = Path(__file__).parent / "migrations" / "versions"
# Read from the table: to_regclass may go on saying what it said before the wait for a lock, in the same transaction.
_THERE = text("SELECT EXISTS (SELECT FROM pg_class WHERE relname = :name AND pg_table_is_visible(oid))")
_NAMED = re.compile(r"r(\d{4})_\w+\.py")


@cache
def known() -> tuple[str, ...]:
    """Every revision, the oldest first: `r0017_urls.py` is 0017, and each follows the one before."""
    return tuple(sorted(found[1] for file in _FILES.iterdir() if (found := _NAMED.fullmatch(file.name))))


def current(connection: Connection) -> str | None:
    """The newest revision applied; None where none ever was."""
    if not connection.scalar(_THERE, {"name": VERSION_TABLE}):
        return None
    return connection.scalar(select(applied_revision()))


def applied_revision() -> ScalarSelect[Any]:
    """The newest revision applied, as part of a statement that asks for more; it fails where none ever was."""
    return select(column("version_num")).select_from(table(VERSION_TABLE)).scalar_subquery()


def pending(applied: str | None) -> tuple[str, ...]:
    """The revisions that are not applied yet, the oldest first.

    Raises:
        MigrationsPending: the database was migrated by a newer version of this project.
    """
    if applied is None:
        return known()
    if applied not in known():
        raise MigrationsPending(
            f"The database is at migration {applied}, which is newer than this version: install a newer one, and "
            "start again what still runs"
        )
    return known()[known().index(applied) + 1 :]


def require_current(engine: Engine) -> None:
    """
    Raises:
        MigrationsPending: the database is not at the newest migration.
        UnsupportedDatabase, DatabaseRefused: nor may it be brought there.
    """
    with driver_errors(), engine.connect() as connection:
        applied = current(connection)
        if pending(applied):
            require_suited(connection)  # where nothing may be written, migrating is no advice
        require_revision(applied)


def require_revision(applied: str | None) -> None:
    """Judges what `applied_revision` found.

    Raises:
        MigrationsPending: it is not the newest migration.
    """
    waiting = pending(applied)
    if waiting:
        at = f"at migration {applied}" if applied else "not migrated yet"
        raise MigrationsPending(f"The database is {at}, and {are_pending(len(waiting))}; run: twizzit migrate")


def are_pending(count: int) -> str:
    """That so many migrations are, in words."""
    return f"{count} {'is' if count == 1 else 'are'} pending"


def is_current(engine: Engine) -> bool:
    """Whether nothing is pending, in a database that holds every name.

    Raises:
        MigrationsPending: the database was migrated by a newer version of this project.
        UnsupportedDatabase, DatabaseRefused: it is none that could be migrated.
    """
    with driver_errors(), engine.connect() as connection:
        require_suited(connection)
        return not pending(current(connection))
