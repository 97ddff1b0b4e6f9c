"""A name in a row is in no error, whatever PostgreSQL raises and on whichever table, nor in what a run leaves."""

import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import pandas as pd
import psycopg
import pytest
from dagster._utils.error import serializable_error_info_from_exc_info
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, text
from sqlalchemy.exc import DBAPIError

from tests.conftest import settings_with
from tests.support.recorded_runs import Here
from twizzit_pipeline.errors import DatabaseRefused, TwizzitPipelineError
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.troubles import safe_message
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage import bulk, tables
from twizzit_pipeline.storage.engine import driver_errors, open_database

NAME, NUMBER = "Quirijnske", "98765432109"
WRITTEN = (
    *(tables.clubs, tables.seasons, tables.teams, tables.players),
    *(tables.competitions, tables.competition_teams, tables.games),
    *(tables.team_mappings, tables.player_mappings, tables.competition_mappings, tables.match_mappings),
    *(tables.twizzit_seasons, tables.twizzit_teams, tables.twizzit_players, tables.twizzit_competitions),
    *(tables.twizzit_matches, tables.opponents, tables.rejected_rows, tables.sync_changes),
    *(tables.sync_history, tables.sync_requests, tables.notifications, tables.audit_log, tables.credentials),
)
INSERT = "INSERT INTO {table} (person) VALUES (:person)"
TWICE = "INSERT INTO {table} (person) VALUES (:person), (:person)"

# How a table is made to refuse the row, what inserts it, the SQLSTATE, and what the error names beside that.
CASES = {
    "not null": ("ALTER TABLE {table} ADD missing text NOT NULL", INSERT, "23502", "column missing"),
    "check": (f"ALTER TABLE {{table}} ADD CONSTRAINT rule CHECK (person <> '{NAME}')", INSERT, "23514", "rule"),
    "unique": ("ALTER TABLE {table} ADD CONSTRAINT rule UNIQUE (person)", TWICE, "23505", "rule"),
    "exclusion": (
        "ALTER TABLE {table} ADD CONSTRAINT rule EXCLUDE USING btree (person WITH =)",
        TWICE,
        "23P01",
        "rule",
    ),
    "foreign key": (
        "CREATE TABLE known (person text PRIMARY KEY);"
        "ALTER TABLE {table} ADD CONSTRAINT rule FOREIGN KEY (person) REFERENCES known",
        INSERT,
        "23503",
        "rule",
    ),
    "too long": ("ALTER TABLE {table} ALTER person TYPE varchar(5)", INSERT, "22001", ""),
    "out of range": (
        "ALTER TABLE {table} ADD size integer",
        "INSERT INTO {table} (size) VALUES (CAST(CAST(:number AS text) AS integer))",
        "22003",
        "",
    ),
    "invalid date": (
        "ALTER TABLE {table} ADD day date",
        "INSERT INTO {table} (day) VALUES (CAST(CAST(:person AS text) AS date))",
        "22007",
        "",
    ),
    "invalid number": (
        "ALTER TABLE {table} ADD size integer",
        "INSERT INTO {table} (size) VALUES (CAST(CAST(:person AS text) AS integer))",
        "22P02",
        "",
    ),
}
# A trigger may raise anything. Of each class that the program has words for one, and some that it has none for.
RAISED = (
    *("P0001", "08006", "0A000", "22001", "22021", "22P02", "23505", "23514", "25006", "28000", "3D000", "3F000"),
    *("40001", "42501", "42703", "42P01", "42601", "53100", "53300", "54000", "55000", "55P03", "57014", "58030"),
    *("XX000", "XX001", "F0000", "HV000", "72000", "U0001", "22012", "38000", "57P01"),
)
BODIES = (
    *(f"RAISE EXCEPTION '%% may not', NEW USING ERRCODE = '{state}', DETAIL = NEW.person;" for state in RAISED),
    "RAISE EXCEPTION '%%', NEW.person; ",
    "RAISE EXCEPTION SQLSTATE '23514' USING MESSAGE = NEW.person, HINT = NEW.person;",
    "EXECUTE 'SELECT ' || NEW.person;",
    "EXECUTE 'SELECT 1 FROM ' || NEW.person;",
    "PERFORM NEW.person::date;",
    "NEW.person := NEW.person::integer;",
)
_APART = 8  # of BODIES that are tried on the same table: each of them is tried on three tables
FUNCTION = "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;"
TRIGGER = "CREATE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"


def said(error: BaseException) -> str:
    """Everything that a log, a terminal, the history or Dagster may make of an error."""
    assert error.__traceback__ is not None
    kept = serializable_error_info_from_exc_info((type(error), error, error.__traceback__)).to_string()
    printed = "".join(traceback.format_exception(error))
    return "\n".join((kept, printed, safe_message(error), str(error), repr(error), repr(getattr(error, "orig", None))))


def caught(connection: Connection, attempt: Callable[[], object]) -> BaseException:
    """The error of an attempt on its way out, and the transaction as it was before."""
    before = connection.begin_nested()
    try:
        with pytest.raises((DBAPIError, psycopg.Error, TwizzitPipelineError)) as raised, driver_errors():
            attempt()
    finally:
        before.rollback()
    return raised.value


@pytest.fixture
def connection(settings: Settings) -> Iterator[Connection]:
    with open_database(settings) as database, database.engine.connect() as opened, opened.begin() as transaction:
        yield opened
        transaction.rollback()


def loosen(connection: Connection, table: Table) -> str:
    """The table takes a row that holds nothing but a person; the table's name."""
    name = f'"{table.name}"'
    connection.execute(text(f"ALTER TABLE {name} ADD person text"))
    rows = connection.execute(
        text(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attnum > 0 AND attnotnull"
            " AND NOT attisdropped AND NOT atthasdef AND attidentity = ''"
        ),
        {"name": name},
    )
    for (column,) in rows.all():
        keys = connection.scalars(
            text("SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(:name) AND contype = 'p'"),
            {"name": name},
        )
        for key in keys.all():
            connection.execute(text(f'ALTER TABLE {name} DROP CONSTRAINT "{key}" CASCADE'))
        connection.execute(text(f'ALTER TABLE {name} ALTER "{column}" DROP NOT NULL'))
    connection.execute(text(f"DELETE FROM {name}"))
    return name


@contextmanager
def loosened(connection: Connection, table: Table) -> Iterator[str]:
    """The name of a table that takes a row of nothing but a person, until the context ends."""
    before = connection.begin_nested()
    yield loosen(connection, table)
    before.rollback()


def test_no_error_of_a_statement_quotes_the_row(connection: Connection) -> None:
    """Each case on seven tables or more, and three on each: what is done depends on one of both at most."""
    for place, table in enumerate(WRITTEN):
        with loosened(connection, table) as name:
            for case in [*CASES][place % 3 :: 3]:
                change, insert, state, named = CASES[case]

                def attempt(name: str = name, change: str = change, insert: str = insert) -> None:
                    connection.exec_driver_sql(change.format(table=name))
                    connection.execute(text(insert.format(table=name)), {"person": NAME, "number": NUMBER})

                error, where = caught(connection, attempt), f"{case} in {name}"
                assert NAME not in said(error), where
                assert NUMBER not in said(error), where
                assert named in str(error), where
                assert isinstance(error, DatabaseRefused) or state in str(error), where
                assert isinstance(error, DatabaseRefused) or state in safe_message(error), where


def test_no_error_of_a_trigger_or_a_copy_quotes_the_row(connection: Connection) -> None:
    """Each trigger on a few tables, and several on each: what is done with an error depends on one of both at most."""
    for place, table in enumerate(WRITTEN):
        with loosened(connection, table) as name:
            _hold(
                connection,
                name,
                Table(table.name, MetaData(), Column("person", String)),
                BODIES[place % _APART :: _APART],
            )


def _hold(connection: Connection, name: str, narrow: Table, bodies: Sequence[str]) -> None:
    frame = pd.DataFrame({"person": [NAME]})

    def inserted() -> object:
        return connection.execute(text(INSERT.format(table=name)), {"person": NAME})

    def copied() -> object:
        return bulk.copy_frame(connection, frame, narrow, ["person"])

    connection.exec_driver_sql(FUNCTION.format(body=""))
    connection.exec_driver_sql(TRIGGER.format(table=name))
    for body in bodies:
        connection.exec_driver_sql(FUNCTION.format(body=body))
        for attempt in (inserted, copied):
            assert NAME not in said(caught(connection, attempt)), f"{body} in {name}"
    connection.exec_driver_sql(FUNCTION.format(body=""))
    for kind in ("varchar(5)", "date", "integer", "text CHECK (person <> 'Quirijnske')", "text UNIQUE"):
        connection.exec_driver_sql(f"ALTER TABLE {name} DROP person; ALTER TABLE {name} ADD person {kind}")
        frame = pd.DataFrame({"person": [NAME, NAME]})
        assert NAME not in said(caught(connection, copied)), f"{kind} in {name}"


def test_the_fixed_words_of_postgresql_are_still_shown(connection: Connection) -> None:
    error = caught(connection, lambda: connection.exec_driver_sql("SELECT nothing FROM players"))
    assert 'column "nothing" does not exist' in str(error)


@pytest.fixture(scope="module")
def here(
    new_database_of_dagster: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Here]:
    club = SimulatorOptions(clubs=1, teams=1, players_per_team=2, other_contacts=0)
    with new_database_of_dagster() as url, SimulatorServer(club) as simulator:
        settings = settings_with(url, tmp_path_factory.mktemp("errors"))
        with open_database(settings) as database:
            yield Here(settings, database, simulator)


# What a table's trigger does with the row that a sync writes, and what the history says of it.
IN_A_RUN = {
    ("players", f"NEW.first_name := '{NAME}'; NEW.last_name := NULL;"): "column last_name",
    ("players", f"RAISE EXCEPTION '{NAME} %', NEW USING ERRCODE = '42501';"): "lacks a privilege",
    ("players", f"PERFORM CAST('{NAME}' AS date);"): "unexpected error: InvalidDatetimeFormat 22007",
    ("players", f"RAISE EXCEPTION '{NAME}' USING ERRCODE = 'U0001';"): "U0001",
    ("twizzit_players", f"PERFORM CAST('{NAME}' AS integer);"): "unexpected error: InvalidTextRepresentation 22P02",
}


@pytest.mark.dagster_tables
@pytest.mark.parametrize(("where", "words"), IN_A_RUN.items(), ids=range(len(IN_A_RUN)))
def test_nothing_that_a_run_leaves_behind_names_the_person(
    here: Here,
    where: tuple[str, str],
    words: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    table, body = where
    caplog.set_level(logging.DEBUG)
    with here.engine.connect() as connection:
        known = connection.scalar(text("SELECT min(id) FROM twizzit_credentials"))
    club = here.credential() if known is None else known
    with here.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM twizzit_players")
        connection.exec_driver_sql(FUNCTION.format(body=body.replace("%", "%%")))
        connection.exec_driver_sql(TRIGGER.format(table=table))
    try:
        result = here.run(club)
    finally:
        with here.engine.begin() as connection:
            connection.exec_driver_sql("DROP FUNCTION refuse() CASCADE")
    messages = " ".join(str(row.error_message) for row in history.for_run(here.engine, result.run_id))
    assert words in messages
    assert any(words in failure.message for failure in result.failures)
    shown = "".join(capfd.readouterr()) + caplog.text + repr(result)
    assert NAME not in shown
    assert {found for found, row in rows_left(here.engine) if NAME in row} == set()


def rows_left(engine: Engine) -> Iterator[tuple[str, str]]:
    """(table, row) of everything in the database, Dagster's event log among it."""
    with engine.connect() as connection:
        found = connection.scalars(
            text(
                "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables"
                " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
            )
        ).all()
        assert "dagster.event_logs" in found
        for table in found:
            for row in connection.scalars(text(f"SELECT t::text FROM {table} t")):
                yield table, row
