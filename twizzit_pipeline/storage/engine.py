"""Connections: from settings to an engine, and from a driver's errors to ours.

What belongs here: the URL in all its spellings, the engine's options, the check of the server's version, Dagster's
schema. No table is known here, and nothing is migrated.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import psycopg
from pydantic import SecretStr
from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy import exc as sqlalchemy_errors

from twizzit_pipeline.errors import DatabaseRefused, DatabaseUnavailable, UnsupportedDatabase
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.embedded import embedded_server
from twizzit_pipeline.storage.rested import try_the_rested

OLDEST_SERVER = 140000
DAGSTER_SCHEMA = "dagster"

_SPELLINGS = frozenset({"postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"})
_CONNECT_SECONDS = 10
_INSUFFICIENT_PRIVILEGE = "42501"
_CONNECTION_STATES = ("08", "57P", "28", "3D")
_OPERATIONAL = (
    sqlalchemy_errors.OperationalError,
    sqlalchemy_errors.InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
# Any number, as long as no other program on the same database takes it: here the bytes of "twizzit".
_SCHEMA_LOCK = int.from_bytes(b"twizzit", "big")


@dataclass(frozen=True)
class Database:
    """An open database.

    Attributes:
        engine: psycopg 3; sessions are in UTC.
        url: of this database, for psycopg 3 (`postgresql+psycopg://…`), with its password.
        dagster_url: for Dagster's storage, which needs psycopg2 (`postgresql+psycopg2://…`); may hold a password.
    """

    engine: Engine
    url: SecretStr = field(repr=False)
    dagster_url: str = field(repr=False)


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database that the settings name, open until the context ends; migrations are not applied.

    Without a `database_url` the embedded server of `settings.home` runs for as long.

    Raises:
        UnsupportedDatabase: the URL names no PostgreSQL, or one older than 14.
        DatabaseUnavailable: nobody answers there.
        DatabaseRefused: the user may not make Dagster's schema.
        EmbeddedServerFailed: the embedded server did not start.
    """
    dagster_url = settings.dagster_postgres_url
    dagster = _parse(dagster_url, "DAGSTER_POSTGRES_URL") if dagster_url is not None else None
    if settings.database_url is not None:
        url = _parse(settings.database_url, "TWIZZIT_DATABASE_URL")
        with _connected(url, dagster, settings.season_start) as database:
            yield database
        return
    with embedded_server(settings.home) as url, _connected(url, dagster, settings.season_start) as database:
        yield database


@contextmanager
def driver_errors(password: str | None = None) -> Iterator[None]:
    """Turns errors of SQLAlchemy and its drivers that say nothing about our SQL into errors of ours, each one line.

    Raises:
        DatabaseUnavailable: no connection, or it was cut, or the server cannot just now (disk full, deadlock).
        DatabaseRefused: the database's user lacks a privilege.
    """
    try:
        yield
    except sqlalchemy_errors.TimeoutError:
        raise DatabaseUnavailable("No free connection to the database: is too much running at once?") from None
    except (sqlalchemy_errors.DBAPIError, psycopg.Error) as error:
        ours = _ours(error, password)
        if ours is None:
            raise
        raise ours from None


def _ours(error: Exception, password: str | None) -> DatabaseUnavailable | DatabaseRefused | None:
    driver = getattr(error, "orig", error)
    state = getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None) or ""
    said = next((line.strip() for line in str(driver).splitlines() if line.strip()), type(driver).__name__)
    if password:
        said = said.replace(password, "***")
    if state == _INSUFFICIENT_PRIVILEGE:
        return DatabaseRefused(f"The database's user lacks a privilege: {said}; ask the database's owner for it")
    if not isinstance(error, _OPERATIONAL):
        return None
    if state and not state.startswith(_CONNECTION_STATES):
        return DatabaseUnavailable(f"The database cannot do this now: {said}; try again later")
    return DatabaseUnavailable(
        f"The database cannot be reached: {said}; see that it runs, and that TWIZZIT_DATABASE_URL, if set, is right"
    )


@contextmanager
def _connected(url: URL, dagster: URL | None, season_start: str) -> Iterator[Database]:
    url = url.set(drivername="postgresql+psycopg")
    engine = _engine(url, season_start)
    try:
        with driver_errors(str(url.password) if url.password else None):
            _prepare(engine, with_dagster_schema=dagster is None)
        yield Database(
            engine=engine,
            url=SecretStr(url.render_as_string(hide_password=False)),
            dagster_url=_dagster_url(url, dagster).render_as_string(hide_password=False),
        )
    finally:
        engine.dispose()


def _engine(url: URL, season_start: str) -> Engine:
    """`season_start`: for the view that knows which season runs."""
    engine = create_engine(
        url,
        use_native_hstore=False,  # or each new engine asks the server for that type
        hide_parameters=True,
        json_serializer=partial(json.dumps, ensure_ascii=False),
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "twizzit-pipeline",
            "client_encoding": "utf8",
            "options": f"{_with_option(url, 'timezone=UTC')} -ctwizzit.season_start={season_start}",
        },
    )
    return try_the_rested(engine)


def _prepare(engine: Engine, *, with_dagster_schema: bool) -> None:
    with engine.begin() as connection:
        version = int(connection.scalar(text("SELECT current_setting('server_version_num')")) or 0)
        if version < OLDEST_SERVER:
            raise UnsupportedDatabase(
                f"The database is PostgreSQL {version // 10000}: version {OLDEST_SERVER // 10000} or newer is needed"
            )
        known = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        if with_dagster_schema and connection.scalar(known, {"name": DAGSTER_SCHEMA}) is None:
            # IF NOT EXISTS alone still fails for the second of two that start at once.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {DAGSTER_SCHEMA}"))


def _parse(secret: SecretStr, variable: str) -> URL:
    try:
        url = make_url(secret.get_secret_value())
    except (sqlalchemy_errors.ArgumentError, ValueError):
        raise UnsupportedDatabase(
            f"{variable} is no database URL: write postgresql://user:password@host:5432/database"
        ) from None
    if url.drivername not in _SPELLINGS:
        raise UnsupportedDatabase(
            f"{variable} names {url.drivername!r}: only PostgreSQL is supported, as postgresql://user@host:5432/database"
        )
    return url


def _dagster_url(url: URL, dagster: URL | None) -> URL:
    """Dagster's storage asks for psycopg2: under SQLAlchemy 2.1 a bare `postgresql://` means psycopg 3."""
    if dagster is not None:
        return dagster.set(drivername="postgresql+psycopg2")
    options = _with_option(url, f"search_path={DAGSTER_SCHEMA}")
    return url.set(drivername="postgresql+psycopg2").update_query_dict({"options": options})


def _with_option(url: URL, option: str) -> str:
    given = url.query.get("options", "")
    before = given if isinstance(given, str) else " ".join(given)
    return f"{before} -c{option}".strip()
