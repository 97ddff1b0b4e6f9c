"""Where Dagster's tables land: in a schema of their own, never among ShotSpot's tables.

Dagster is given that schema as a connection option (`search_path`). A pooler may drop it, and Dagster would not notice:
so it is tried before Dagster is.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.storage.engine import Database, driver_errors
from twizzit_pipeline.storage.suited import require_suited
from twizzit_pipeline.storage.urls import for_libpq, settings_in

# Any number, as long as no other program on the same database takes it: here the bytes of "twizzit".
_LOCK = int.from_bytes(b"twizzit", "big")
# Read from the table: to_regnamespace goes on saying what it said before the wait for a lock, in the same transaction.
_THERE = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s)"


def missing_schema(database: Database) -> str | None:
    """The schema that Dagster's tables are to land in, where it is not there yet; makes nothing.

    Raises: as `prepare_schema`, but for what making it takes.
    """
    wanted, opened = _opened(database)
    with opened as dagsters:
        if wanted is None:
            _refuse_among_shotspots(dagsters)
            return None
        _refuse_another_path(dagsters, wanted)
        schema = _first_of(wanted)
        return None if _one(dagsters, _THERE, schema) else schema


def prepare_schema(database: Database) -> None:
    """Makes sure that Dagster's tables land in the schema that its URL names, and makes the schema where it is missing.

    Where ShotSpot's tables are another role's, that role may read what is made in it: its `pg_dump` reads everything.

    Raises:
        DatabaseRefused: connection options are dropped on the way, or the URL leads into ShotSpot's own schema, or the
            schema may not be made, or nothing can be written here.
        UnsupportedDatabase: the database is none that we write into.
        DatabaseUnavailable: it cannot be reached.
    """
    with driver_errors(), database.engine.connect() as connection:
        require_suited(connection)
    wanted, opened = _opened(database)
    with opened as dagsters:
        if wanted is None:
            _refuse_among_shotspots(dagsters)
        else:
            _refuse_another_path(dagsters, wanted)
            _make(dagsters, _first_of(wanted))


def _opened(database: Database) -> tuple[str | None, AbstractContextManager["psycopg.Connection[Any]"]]:
    """The search path that Dagster's URL names, and a connection by it."""
    url = make_url(database.dagster_url)
    given = url.query.get("options", "")
    path = settings_in(given if isinstance(given, str) else " ".join(given)).get("search_path")
    return path, dagsters_connection(database)


@contextmanager
def dagsters_connection(database: Database) -> Iterator["psycopg.Connection[Any]"]:
    """A connection to where Dagster's tables are, as Dagster opens it.

    Raises:
        DatabaseUnavailable, DatabaseRefused: it cannot be opened.
    """
    url = make_url(database.dagster_url)
    with (
        driver_errors(str(url.password) if url.password else None),
        psycopg.connect(for_libpq(url), connect_timeout=10, prepare_threshold=None) as connection,
    ):
        yield connection


def _first_of(search_path: str) -> str:
    """As PostgreSQL reads it: in small letters where it is not quoted."""
    first = search_path.split(",", maxsplit=1)[0].strip()
    return first.strip('"') if first.startswith('"') else first.lower()


def _refuse_another_path(connection: "psycopg.Connection[Any]", wanted: str) -> None:
    found = _one(connection, "SELECT current_setting('search_path')")
    if "".join(found.split()) != "".join(wanted.split()):
        raise DatabaseRefused(
            "What stands between this program and the database drops connection options, so Dagster's tables would "
            "land among ShotSpot's; nothing was written: name PostgreSQL itself in DAGSTER_POSTGRES_URL, like "
            "postgresql://user:password@host:5432/database?options=-csearch_path%3Ddagster"
        )


def _refuse_among_shotspots(connection: "psycopg.Connection[Any]") -> None:
    if _one(connection, "SELECT to_regclass('clubs') IS NOT NULL AND to_regclass('players') IS NOT NULL"):
        raise DatabaseRefused(
            "DAGSTER_POSTGRES_URL leads to ShotSpot's own schema, and Dagster's tables would land there; nothing was "
            "written: add ?options=-csearch_path%3Ddagster to it"
        )


def _make(connection: "psycopg.Connection[Any]", schema: str) -> None:
    if _one(connection, _THERE, schema):
        return
    # IF NOT EXISTS alone still fails for the second of two that start at once.
    _one(connection, "SELECT pg_advisory_xact_lock(%s)", _LOCK)
    if _one(connection, _THERE, schema):
        return
    if not _one(connection, "SELECT has_database_privilege(current_database(), 'CREATE')"):
        name, user = connection.execute(
            "SELECT quote_ident(current_database()), quote_ident(current_user)"
        ).fetchone() or ("", "")
        raise DatabaseRefused(
            f"The database's user may not make a schema for Dagster; as its owner: GRANT CREATE ON DATABASE {name} "
            f"TO {user}"
        )
    named = sql.Identifier(schema)
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(named))
    owner = _one(
        connection,
        "SELECT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relname = 'clubs' AND c.relkind IN ('r', 'p') AND pg_get_userbyid(c.relowner) <> current_user"
        " LIMIT 1",
    )
    if owner is not None:
        _let_read(connection, named, sql.Identifier(owner))


def _let_read(connection: "psycopg.Connection[Any]", schema: sql.Identifier, role: sql.Identifier) -> None:
    names = {"schema": schema, "role": role}
    for statement in (
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON SEQUENCES TO {role}",
    ):
        connection.execute(sql.SQL(statement).format(**names))


def _one(connection: "psycopg.Connection[Any]", statement: str, *values: object) -> Any:
    row = connection.execute(statement, values).fetchone()
    return None if row is None else row[0]
