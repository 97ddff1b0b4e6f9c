"""Connections: from settings to an engine, and from a driver's errors to ours.

What belongs here: the engine's options, also behind a pooler that drops them, and the check of the server's version. No
table is known here, nothing is migrated, and opening writes nothing.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import psycopg
from psycopg import pq, sql
from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.pool import ConnectionPoolEntry

from twizzit_pipeline.errors import DatabaseUnavailable, UnsupportedDatabase
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.settings.processes import unset_in_process
from twizzit_pipeline.storage.embedded.server import embedded_server
from twizzit_pipeline.storage.given_up import giving_up, is_of_one_connection
from twizzit_pipeline.storage.idle_connections import try_idle_connections
from twizzit_pipeline.storage.odd_times import reads_odd_times
from twizzit_pipeline.storage.sqlstates import in_our_words
from twizzit_pipeline.storage.unquoted import take_values_out, take_values_out_of
from twizzit_pipeline.storage.urls import parse_url, settings_in, with_option

OLDEST_SERVER = 140000
DAGSTER_SCHEMA = "dagster"
# A database or a role may have a stricter level as its default: there two that write the same row at once fail, and who
# waited for a lock goes on with what was there before. Transactions that need a stricter one ask for it.
_ISOLATION = "default_transaction_isolation=read\\ committed"
# Dagster commits each event by itself, a hundred a run, and none is waited for until it is on the disk: a server that
# crashes loses what Dagster wrote in the last second, unless a sync has committed since: the log is written in order.
DAGSTER_OPTIONS = (_ISOLATION, "synchronous_commit=off", f"search_path={DAGSTER_SCHEMA}")

# How long a statement waits for a row or a table that another transaction holds.
LOCK_SECONDS = 5

# What a person sets for their own `psql`: libpq sends them beside the options, and the server lets them win.
_OF_PEOPLE = ("PGTZ", "PGDATESTYLE")
_ARRIVES = "twizzit.options"  # a setting that no server has: where it is missing, the options did not arrive


@dataclass(frozen=True)
class Database:
    """An open database.

    Attributes:
        engine: psycopg 3; sessions are in UTC, and write times in ISO.
        url: of this database, for psycopg 3 (`postgresql+psycopg://…`), with its password.
        dagster_url: for Dagster's storage, which needs psycopg2 (`postgresql+psycopg2://…`); may hold a password.
        options_dropped: a pooler in front of the server drops connection options; the engine sets them in each
            transaction, and the next one may be in another session.
    """

    engine: Engine
    url: SecretStr = field(repr=False)
    dagster_url: str = field(repr=False)
    options_dropped: bool = False


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """The database that the settings name, open until the context ends; migrations are not applied.

    Without a `database_url` the embedded server of `settings.home` runs for as long. Takes `PGTZ` and `PGDATESTYLE` out
    of the environment, Dagster's own connections and processes included; with the embedded server all that libpq reads.

    Raises:
        UnsupportedDatabase: the URL names no PostgreSQL, or one older than 14.
        DatabaseUnavailable: nothing answers there.
        DatabaseRefused: the server does not let the user in, or has no such database.
        EmbeddedServerFailed: the embedded server did not start.
    """
    unset_in_process(*_OF_PEOPLE)
    dagster_url = settings.dagster_postgres_url
    dagster = parse_url(dagster_url, "DAGSTER_POSTGRES_URL") if dagster_url is not None else None
    if settings.database_url is not None:
        url = parse_url(settings.database_url, "TWIZZIT_DATABASE_URL")
        with _connected(url, dagster, settings.season_start) as database:
            yield database
        return
    if dagster is None:  # what libpq reads of the environment is meant for another server (PGSERVICE, PGHOSTADDR, …)
        unset_in_process(*(option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar))
    with embedded_server(settings.home) as url, _connected(url, dagster, settings.season_start) as database:
        yield database


@contextmanager
def driver_errors(password: str | None = None) -> Iterator[None]:
    """Turns errors of SQLAlchemy and its drivers that an operator can cause into errors of ours, each one line.

    An error that says that our SQL is wrong is a mistake of the program: it stays the driver's, with its traceback and
    without the values of rows.

    Raises:
        DatabaseUnavailable: no connection, or it was cut, or the server cannot just now (disk full, deadlock).
        DatabaseRefused: nothing helps before a person changes something (a privilege, an encoding, a dropped column).
        UnknownCredential: the credential of a row was deleted meanwhile.
    """
    try:
        yield
    except sqlalchemy_errors.TimeoutError:
        raise DatabaseUnavailable("No free connection to the database: is too much running at once?") from None
    except (sqlalchemy_errors.DBAPIError, psycopg.Error) as error:
        ours = in_our_words(error, password)
        if ours is None:
            take_values_out(error)
            raise error from None
        raise ours from None


@contextmanager
def _connected(url: URL, dagster: URL | None, season_start: str) -> Iterator[Database]:
    url = url.set(drivername="postgresql+psycopg")
    options = " ".join(
        (
            f"-clock_timeout={LOCK_SECONDS}s",
            # psycopg reads no time in another style, which a database or a role may have for its people.
            with_option(giving_up(url), "timezone=UTC -cdatestyle=ISO -cintervalstyle=postgres"),
            f"-c{_ISOLATION}",
            f"-ctwizzit.season_start={season_start} -c{_ARRIVES}=on",  # the first for the view of running seasons
        )
    )
    engine = _engine(url, options)
    try:
        with driver_errors(str(url.password) if url.password else None):
            dropped = _look(engine)
            if dropped:
                wanted = settings_in(options)
                _set_in_each_transaction(engine, {k: v for k, v in wanted.items() if not is_of_one_connection(k)})
        yield Database(
            engine=engine,
            url=SecretStr(url.render_as_string(hide_password=False)),
            dagster_url=_dagster_url(url, dagster).render_as_string(hide_password=False),
            options_dropped=dropped,
        )
    finally:
        _close(engine)


def _close(engine: Engine) -> None:
    """Closes the connections at rest now, and each one that a thread still uses as soon as it comes back."""

    @event.listens_for(engine, "checkin")
    def came_back(_connection: object, entry: ConnectionPoolEntry) -> None:
        entry.close()

    engine.dispose()


def _engine(url: URL, options: str) -> Engine:
    engine = create_engine(
        giving_up(url).difference_update_query(["options"]),  # they are among `options`
        isolation_level="READ COMMITTED",  # said at each beginning: an option counts from the next transaction on
        use_native_hstore=False,  # or each new engine asks the server for that type
        hide_parameters=True,
        json_serializer=partial(json.dumps, ensure_ascii=False),
        connect_args={
            "application_name": "twizzit-pipeline",
            "client_encoding": "utf8",
            "options": options,
            # A pooler may give the next transaction to another session, which has no statement of this one's.
            "prepare_threshold": None,
        },
    )
    return reads_odd_times(try_idle_connections(take_values_out_of(engine)))


def _look(engine: Engine) -> bool:
    """Whether connection options are dropped on the way; the server is of a supported version."""
    with engine.connect() as connection:
        wanted = text("SELECT current_setting('server_version_num'), current_setting(:name, true)")
        version, arrived = connection.execute(wanted, {"name": _ARRIVES}).one()
    if int(version) < OLDEST_SERVER:
        raise UnsupportedDatabase(
            f"The database is PostgreSQL {int(version) // 10000}: version {OLDEST_SERVER // 10000} or newer is needed"
        )
    return bool(arrived != "on")


def _set_in_each_transaction(engine: Engine, settings: dict[str, str]) -> None:
    # SET takes no snapshot, as a function would: what a transaction sees is fixed by its own first statement.
    statements = "; ".join(_set_local(name, value) for name, value in settings.items()).replace("%", "%%")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(statements)


def _set_local(name: str, value: str) -> str:
    values = value.split(",") if name == "search_path" else [value]
    quoted = ", ".join(sql.Literal(one.strip().strip('"')).as_string() for one in values)
    return f"SET LOCAL {name} = {quoted}"


def _dagster_url(url: URL, dagster: URL | None) -> URL:
    """Dagster's storage asks for psycopg2: under SQLAlchemy 2.1 a bare `postgresql://` means psycopg 3."""
    if dagster is not None:
        return giving_up(dagster.set(drivername="postgresql+psycopg2"))
    for option in DAGSTER_OPTIONS:
        url = url.update_query_dict({"options": with_option(url, option)})
    return giving_up(url.set(drivername="postgresql+psycopg2"))
