"""How long a tick of the sensor takes, beside one with a hundredth of the credentials and beside a query for each.

Run it with `.venv/bin/python benchmarks/sensor_tick.py [--credentials N] [--ticks N]`; it prints one JSON object:
seconds of a tick (the median, opening the database included, as the daemon has it), of which one credential in twenty
is due and every one has three seasons; the statements that it sends to our database; how many times longer it takes
than with a hundredth of the credentials; and how many times longer one query for each credential takes than the one
statement that reads them all. A ratio holds on any machine, seconds do not.

The database is an embedded one of its own, in a folder that goes away afterwards; Dagster's storage is beside it.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from sqlalchemy import Engine, event, select, text

from twizzit_pipeline.definitions import build_definitions
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.orchestration.partitions import add_keys, partition_keys
from twizzit_pipeline.orchestration.sensors.syncs import sync_sensor
from twizzit_pipeline.runs.seasons import known_partitions
from twizzit_pipeline.scheduling import due
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import migrate
from twizzit_pipeline.storage.tables import credentials, sync_config

ONE_IN = 20

FILL = (
    "INSERT INTO twizzit_credentials"
    " (organization_name, api_username, encrypted_password, encryption_iv, partition_key)"
    " SELECT 'Club ' || n, 'club', 'x', 'y', n || '-club'"
    " FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) n",
    "INSERT INTO twizzit_sync_config (credential_id, auto_sync_enabled, next_sync_at)"
    " SELECT id, true, timezone('utc', now()) + CASE WHEN id % :one_in = 0 THEN -1 ELSE 1 END * interval '1 hour'"
    " FROM twizzit_credentials WHERE id BETWEEN :first AND :last",
    "INSERT INTO twizzit_seasons (credential_id, label) SELECT id, y || '-' || y + 1"
    " FROM twizzit_credentials, generate_series(2024, 2026) y WHERE id BETWEEN :first AND :last",
)


class Ticks:
    """Ticks of the sensor as the daemon has them, one after the other; what they ask for is not run."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        self._settings = settings
        self._instance = instance
        self._definitions = build_definitions(settings=settings)
        self._cursor: str | None = None

    def tick(self, database: Database | None = None) -> int:
        """The number of runs that it asks for."""
        context = dg.build_sensor_context(
            instance=self._instance, definitions=self._definitions, cursor=self._cursor, sensor_name="sync_sensor"
        )
        result = sync_sensor(self._settings, database)(context)
        assert isinstance(result, dg.SensorResult)
        self._cursor = result.cursor
        return len(result.run_requests or [])


def median(work: Callable[[], object], times: int) -> float:
    """Seconds, after a first time that fills the caches."""
    work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def fill(database: Database, instance: dg.DagsterInstance, first: int, last: int) -> None:
    """Credentials with these ids, known to Dagster as partitions."""
    with database.engine.begin() as connection:
        for statement in FILL:
            connection.execute(text(statement), {"first": first, "last": last, "one_in": ONE_IN})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    add_keys(instance, partition_keys(*known_partitions(database.engine)))


def one_by_one(engine: Engine, count: int) -> None:
    """The configuration of each credential, by a query of its own."""
    wanted = select(credentials, sync_config).join(sync_config, sync_config.c.credential_id == credentials.c.id)
    with engine.connect() as connection:
        for credential_id in range(1, count + 1):
            connection.execute(wanted.where(credentials.c.id == credential_id)).one()


def statements(database: Database, ticks: Ticks) -> int:
    """Those that one tick sends to our database once it is open."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    ticks.tick(database)
    event.remove(database.engine, "before_cursor_execute", note)
    return len(sent)


def measure(count: int, times: int, home: Path) -> dict[str, object]:
    """The ticks with a hundredth of the credentials, then with all."""
    settings = load_settings(_env_file=None, home=home, database_url=None)
    few = max(count // 100, ONE_IN)
    with open_database(settings) as database:
        migrate(database.engine)
        with open_instance(settings, database) as instance:
            ticks = Ticks(settings, instance)
            fill(database, instance, 1, few)
            of_few = median(ticks.tick, times)
            fill(database, instance, few + 1, count)
            of_all = median(ticks.tick, times)
            runs, sent = ticks.tick(), statements(database, ticks)
        reading = median(lambda: due.look(database.engine), times)
        naive = median(lambda: one_by_one(database.engine, count), 1)
    return {
        "benchmark": "sensor_tick",
        "credentials": count,
        "runs": runs,
        "statements": sent,
        "seconds": {"tick": round(of_all, 3), f"tick_of_{few}": round(of_few, 3), "reading": round(reading, 3)},
        "times_a_tick_of_few": round(of_all / of_few, 1),
        "times_of_a_query_for_each": round(naive / reading, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--credentials", type=int, default=2000, help="of which one in twenty is due (default 2000)")
    parser.add_argument("--ticks", type=int, default=5, help="of which the median is shown (default 5)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sensor-tick-") as home:
        print(json.dumps(measure(arguments.credentials, arguments.ticks, Path(home))))  # noqa: T201


if __name__ == "__main__":
    main()
