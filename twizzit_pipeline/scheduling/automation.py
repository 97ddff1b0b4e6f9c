"""What of Dagster's automation was switched off by a person, and what does not happen while it is.

What belongs here: reading that from Dagster's table, for `status`, `doctor`, `up` and the API, none of which needs
Dagster for it. Everything is on unless it was switched off in the UI; Dagster keeps that through every restart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.storage.engine import DAGSTER_SCHEMA, Database, driver_errors
from twizzit_pipeline.storage.urls import settings_in

SYNC_SENSOR = "sync_sensor"
# What is missed, by the name of the sensor or schedule, the worst first.
MEANS = {
    SYNC_SENSOR: "no sync begins, neither one that is due nor one that is asked for",
    "notifications": "no failure is reported by webhook or e-mail",
    "configuration_checks_sensor": "Dagster's checks of the configuration stay as they are",
    "prune_history_daily": "what is older than TWIZZIT_RETENTION_DAYS is kept",
}

_NO_SUCH_TABLE = ("42P01", "3F000")
# One may have several rows, of other code locations, the newest of which counts.
_SWITCHES = """
    SELECT DISTINCT ON (name) name, status, instigator_type
    FROM (SELECT instigator_body::json #>> '{{origin,job_name}}' AS name, status, instigator_type, update_timestamp, id
          FROM {schema}instigators) AS switches
    ORDER BY name, update_timestamp DESC, id DESC
"""


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """A sensor or schedule of ours that a person switched off. `kind`: ``sensor`` or ``schedule``."""

    name: str
    kind: str

    @property
    def means(self) -> str:
        """What does not happen meanwhile."""
        return MEANS[self.name]

    @property
    def what_to_do(self) -> str:
        """What to click."""
        return f"In Dagster's UI: Automation → {self.name} → switch it on"

    @property
    def line(self) -> str:
        """All of it in one line."""
        return f"The {self.kind} {self.name} is switched off: {self.means}. {self.what_to_do}"


def switched_off(database: Database) -> tuple[SwitchedOff, ...]:
    """Those that are off, the worst first; none where Dagster never ran, or its tables are not ours to read.

    Raises:
        DatabaseUnavailable: it does not answer.
    """
    try:
        with driver_errors(), _dagsters(database) as (connection, schema):
            found = connection.execute(text(_SWITCHES.format(schema=schema))).all()
    except DatabaseRefused:
        return ()
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) not in _NO_SUCH_TABLE:
            raise
        return ()
    off = {row.name: str(row.instigator_type).lower() for row in found if row.status == "STOPPED"}
    return tuple(SwitchedOff(name, off[name]) for name in MEANS if name in off)


@contextmanager
def _dagsters(database: Database) -> Iterator[tuple[Connection, str]]:
    """A connection to where Dagster keeps its tables, and the prefix of their names there."""
    url = make_url(database.dagster_url).set(drivername="postgresql+psycopg")
    if _are_beside_ours(url, database.engine.url):
        with database.engine.connect() as connection:
            yield connection, f"{DAGSTER_SCHEMA}."
        return
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    try:
        with engine.connect() as connection:
            yield connection, ""
    finally:
        engine.dispose()


def _are_beside_ours(url: URL, ours: URL) -> bool:
    """Whether it is the same database, and the usual schema in it: no connection of its own is needed then."""
    options = str(url.query.get("options", ""))
    places = [(one.host, one.port, one.database, *map(one.query.get, ("host", "port"))) for one in (url, ours)]
    return places[0] == places[1] and settings_in(options).get("search_path") == DAGSTER_SCHEMA
