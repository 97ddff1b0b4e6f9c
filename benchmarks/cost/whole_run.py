"""Whole runs under `twizzit up`: their CPU seconds in all its processes and PostgreSQL, their events and bytes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from cost.processor import used_by, used_by_postgres
from cost.twizzit import Club, environment_of_ours
from twizzit_pipeline.local import leftovers
from twizzit_pipeline.scheduling import requests
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database, open_database

READY_SECONDS, RUN_SECONDS, IDLE_SECONDS = 180, 180, 60
_LOOK_SECONDS, _ENDING_SECONDS, _SETTLING_SECONDS = 0.5, 2.0, 15.0

# What grows with the runs; ticks and signs of life grow with time.
_BYTES = """
    SELECT coalesce(sum(pg_total_relation_size(format('dagster.%I', tablename)::regclass)), 0)
    FROM pg_tables WHERE schemaname = 'dagster' AND tablename NOT IN ('job_ticks', 'daemon_heartbeats')
"""
_EVENTS = """
    SELECT coalesce(dagster_event_type, 'line of the log'), count(*) FROM dagster.event_logs WHERE run_id = ANY (:ids)
    GROUP BY 1 ORDER BY 2 DESC, 1
"""
_LAST = """
    SELECT run_id FROM dagster.runs WHERE status = 'SUCCESS'
        AND EXISTS (SELECT FROM twizzit_sync_history WHERE dagster_run_id = run_id) ORDER BY id DESC LIMIT 1
"""


def measure(home: Path, club: Club, runs: int) -> dict[str, Any]:
    """The means of so many runs one after the other, the first load and a warm one aside."""
    environment = environment_of_ours(TWIZZIT_HOME=str(home), TWIZZIT_REQUESTS_PER_SECOND="100000")
    _twizzit(environment, "migrate")
    added = ("--organization", club.organization, "--username", club.username, "--endpoint", club.endpoint)
    _twizzit(environment, "credentials", "add", *added, "--password-stdin", said=club.password)
    with _up(home, environment) as database:
        for _ in range(2):
            _sync(database)
        time.sleep(_SETTLING_SECONDS)
        idle, _ = _used_while(home, lambda: time.sleep(IDLE_SECONDS))
        bytes_before, began = _written(home, database), time.monotonic()
        parts, ids = _used_while(home, lambda: [_sync(database) for _ in range(runs)])
        seconds = time.monotonic() - began
        written = _written(home, database) - bytes_before
        with database.engine.connect() as connection:
            kinds = {str(kind): count / runs for kind, count in connection.execute(text(_EVENTS), {"ids": ids})}
    each = {name: (parts[name] - idle.get(name, 0.0) * seconds / IDLE_SECONDS) / runs for name in parts}
    return {
        "cpu_seconds": round(sum(each.values()), 2),
        "cpu_seconds_by_process": {name: round(value, 2) for name, value in sorted(each.items())},
        "idle_cpu_seconds_a_minute": round(sum(idle.values()) * 60 / IDLE_SECONDS, 2),
        "events": round(sum(kinds.values())),
        "events_by_kind": {kind: round(count, 1) for kind, count in kinds.items()},
        "megabytes": round(written / runs / 1e6, 3),
    }


def _twizzit(environment: dict[str, str], *arguments: str, said: str = "") -> str:
    command = [sys.executable, "-m", "twizzit_pipeline", *arguments]
    done = subprocess.run(command, input=said, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def _up(home: Path, environment: dict[str, str]) -> Iterator[Database]:
    command = [sys.executable, "-m", "twizzit_pipeline", "up", "--ui-port", "0", "--api-port", "0"]
    process = subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    assert process.stdout is not None
    try:
        said: list[str] = []
        while "Ctrl-C stops everything" not in "".join(said[-3:]):
            said.append(process.stdout.readline())
            assert said[-1], "".join(said)
        with open_database(load_settings(_env_file=None, home=home, database_url=None)) as database:
            yield database
    finally:
        process.terminate()
        process.stdout.read()
        process.wait(READY_SECONDS)
        process.stdout.close()


def _sync(database: Database) -> str:
    """One whole sync, asked for; the id of its run when all of its process is over."""
    before = _last_run(database)
    requests.ask(database.engine, 1, sync_type="all", actor=this_user(), queue=True)
    until = time.monotonic() + RUN_SECONDS
    while (last := _last_run(database)) in (None, before):
        assert time.monotonic() < until, "the run did not end"
        time.sleep(_LOOK_SECONDS)
    time.sleep(_ENDING_SECONDS)
    return str(last)


def _last_run(database: Database) -> str | None:
    with database.engine.connect() as connection:
        last: str | None = connection.scalar(text(_LAST))
    return last


def _used_while(home: Path, work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """CPU seconds by the kind of process, and what `work` returns."""
    before = _used(home)
    result = work()
    after = _used(home)
    return {name: after[name] - before.get(name, 0.0) for name in after}, result


def _used(home: Path) -> dict[str, float]:
    found: dict[str, float] = {"postgres": used_by_postgres(home)}
    for process in leftovers.marked(Path(os.path.realpath(home))):
        name = _name(process)
        found[name] = found.get(name, 0.0) + used_by([process])
    return found


def _name(process: psutil.Process) -> str:
    """The code server's children, which are its runs, count to it."""
    try:
        command = " ".join(process.cmdline())
    except psutil.Error:
        return "gone"
    kinds = {"webserver": "ui", "dagster._daemon": "daemon", "twizzit_pipeline api": "api"}
    return next((name for part, name in kinds.items() if part in command), "runs and code server")


def _written(home: Path, database: Database) -> int:
    with database.engine.connect() as connection:
        tables = int(connection.scalar(text(_BYTES)) or 0)
    files = sum(file.stat().st_size for file in (home / "dagster").rglob("*") if file.is_file())
    return tables + files
