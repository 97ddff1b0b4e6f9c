"""What a year of hourly syncs costs those who look, and the next sync: beside a club whose history has just begun.

Run it with `.venv/bin/python benchmarks/long_history.py [--clubs N] [--syncs N] [--times N] [--teams N]`; it prints one
JSON object: seconds (the median) of a scrape of the metrics, of the state of all clubs, of what was left out of one
club, of who of a team may play, of the lines of `up`, of a tick's reading, and of a whole sync that finds nothing new;
each with the first sync alone, with the history of a year, and how many times longer it takes then. Ratios hold on any
machine, seconds do not. The older rows are copies of the first sync's, an hour apart, of each club; PostgreSQL has
statistics.

With another checkout in PYTHONPATH that version is measured.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cost.one_process import pure, settings_of, with_credential
from cost.twizzit import Club, simulator
from sqlalchemy import text

from twizzit_pipeline.http_api.metrics import Metrics
from twizzit_pipeline.local.syncs import EndedSyncs
from twizzit_pipeline.queries import overview
from twizzit_pipeline.queries.left_out import left_out
from twizzit_pipeline.queries.registered import registered
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.scheduling import due
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database, open_database

HOURS_OF_A_YEAR = 8760

_OTHER_CLUBS = """
    INSERT INTO twizzit_credentials
        (organization_name, api_username, encrypted_password, encryption_iv, api_endpoint, partition_key)
    SELECT 'Club ' || number, 'club', encrypted_password, encryption_iv, api_endpoint, number || '-club'
    FROM twizzit_credentials CROSS JOIN generate_series(2, :clubs) AS number WHERE id = 1
"""
_EARLIER_SYNCS = """
    INSERT INTO twizzit_sync_history
        (credential_id, sync_type, sync_direction, status, items_processed, items_succeeded, items_failed,
         started_at, completed_at, created_at, dagster_run_id, details)
    SELECT credential.id, sync_type, sync_direction, status, items_processed, items_succeeded, items_failed,
           started_at - earlier, completed_at - earlier, history.created_at - earlier,
           'run ' || credential.id || ' ' || number, details
    FROM twizzit_sync_history AS history
    CROSS JOIN twizzit_credentials AS credential
    CROSS JOIN generate_series(1, :syncs) AS number
    CROSS JOIN LATERAL (SELECT make_interval(hours => number)) AS before (earlier)
    WHERE history.dagster_run_id = 'pure-0'
"""


class Looks:
    """What is measured, by name: of the first club, or of all."""

    def __init__(self, settings: Settings, database: Database, times: int) -> None:
        self._settings, self._database, self._times = settings, database, times
        self._season = seasons.season_of(seasons.today(), settings.season_start).label
        self._runs = 0

    def sync(self) -> None:
        """A whole sync and its checks."""
        pure(self._settings, self._database, 1, self._season, self._runs)
        self._runs += 1

    def seconds(self) -> dict[str, float]:
        """The medians, of everything once more than it is measured."""
        engine, start = self._database.engine, self._settings.season_start
        with engine.connect() as connection:
            team_id = connection.scalar(text("SELECT min(local_team_id) FROM twizzit_team_mappings"))
        ended = EndedSyncs(engine, lambda _: None)
        works: dict[str, Callable[[], object]] = {
            # Anew each time: one that is kept counts the last thirty days once a minute at most.
            "metrics": lambda: Metrics(engine, season_start=start).exposition(),
            "status": lambda: overview.read(engine, season_start=start),
            "left_out": lambda: left_out(engine, 1),
            "who_may_play": lambda: registered(engine, int(team_id)),
            "lines_of_up": ended.look,
            "tick": lambda: due.look(engine),
            "sync": self.sync,
        }
        return {name: self._median(work) for name, work in works.items()}

    def _median(self, work: Callable[[], object]) -> float:
        work()
        took = []
        for _ in range(self._times):
            began = time.perf_counter()
            work()
            took.append(time.perf_counter() - began)
        return statistics.median(took)


def measure(home: Path, club: Club, clubs: int, syncs: int, times: int) -> dict[str, Any]:
    """What each takes before and after the history has grown."""
    settings = settings_of(home)
    with open_database(settings) as database:
        with_credential(settings, database, club)
        looks = Looks(settings, database, times)
        looks.sync()
        _run(database, _OTHER_CLUBS, clubs=clubs)
        short = looks.seconds()
        _run(database, _EARLIER_SYNCS, syncs=syncs)
        long = looks.seconds()
        with database.engine.connect() as connection:
            rows = connection.scalar(text("SELECT count(*) FROM twizzit_sync_history"))
    named = {name: {"short": round(short[name], 4), "long": round(long[name], 4)} for name in short}
    return {
        "rows": rows,
        "seconds": named,
        "times": {name: round(long[name] / short[name], 1) for name in short},
    }


def _run(database: Database, statement: str, **values: int) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(statement), values)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clubs", type=int, default=20, help="that have the same history (default 20)")
    parser.add_argument("--syncs", type=int, default=HOURS_OF_A_YEAR, help="of each club (default: hourly for a year)")
    parser.add_argument("--teams", type=int, default=6, help="of the club, of 10 players each (default 6)")
    parser.add_argument("--times", type=int, default=5, help="of each (default 5)")
    asked = parser.parse_args()
    small = ("--teams", str(asked.teams), "--players", "10", "--contacts", "3")
    with tempfile.TemporaryDirectory(prefix="twizzit-benchmark-") as name, simulator(*small) as club:
        found = measure(Path(name), club, asked.clubs, asked.syncs, asked.times)
    said = {"benchmark": "long_history", "clubs": asked.clubs, "syncs": asked.syncs, **found}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
