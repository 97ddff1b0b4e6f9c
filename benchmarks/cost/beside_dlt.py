"""`twizzit sync` of a club of 50 teams beside a process of dlt that copies the same rows: seconds from start to end.

Both work on the same simulated Twizzit and the same running PostgreSQL, by turns; each finds its tables empty.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, make_url, text

from cost.twizzit import Club, environment_of_ours, simulator
from twizzit_pipeline.storage.embedded.server import embedded_server

CLUB = ("--teams", "50", "--players", "12", "--contacts", "20", "--rate-limit", "100000")
LATENCIES = {"no latency": "0", "50 ms a call": "50"}
_TEMPLATE = "as_new"


def measure(folder: Path, dlt: Path, rounds: int) -> dict[str, Any]:
    """The medians of so many rounds, and how many times dlt's seconds ours are."""
    found: dict[str, Any] = {}
    with embedded_server(folder / "server") as server:
        for words, milliseconds in LATENCIES.items():
            with simulator(*CLUB, "--latency", milliseconds) as club:
                found[words] = _beside(folder, server, club, dlt, rounds)
    return found


def _beside(folder: Path, server: URL, club: Club, dlt: Path, rounds: int) -> dict[str, Any]:
    _prepare(folder, server, club)
    seconds: dict[str, list[float]] = {"first": [], "nothing new": [], "dlt": []}
    for _ in range(rounds):
        _make_anew(server, "twizzit_dlt", "template1")
        seconds["dlt"].append(_copied_by_dlt(folder, server, club, dlt))
        _make_anew(server, "twizzit_ours", _TEMPLATE)
        seconds["first"].append(_synced(folder, server))
        seconds["nothing new"].append(_synced(folder, server))
    median = {name: round(statistics.median(each), 2) for name, each in seconds.items()}
    times = {name: round(median[name] / median["dlt"], 2) for name in ("first", "nothing new")}
    return {"seconds": median, "times_dlt": times}


def _prepare(folder: Path, server: URL, club: Club) -> None:
    """A database with our tables and the credential, from which each first sync has a copy."""
    _make_anew(server, _TEMPLATE, "template1")
    _ours(folder, server, _TEMPLATE, "migrate")
    added = ("--organization", club.organization, "--username", club.username, "--endpoint", club.endpoint)
    _ours(folder, server, _TEMPLATE, "credentials", "add", *added, "--password-stdin", said=club.password)


def _synced(folder: Path, server: URL) -> float:
    began = time.perf_counter()
    _ours(folder, server, "twizzit_ours", "sync", "1", "--quiet")
    return time.perf_counter() - began


def _ours(folder: Path, server: URL, database: str, *arguments: str, said: str = "") -> None:
    url = server.set(database=database).render_as_string(hide_password=False)
    environment = environment_of_ours(TWIZZIT_HOME=str(folder / "ours"), TWIZZIT_DATABASE_URL=url)
    command = [sys.executable, "-m", "twizzit_pipeline", *arguments]
    done = subprocess.run(command, input=said, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def _copied_by_dlt(folder: Path, server: URL, club: Club, dlt: Path) -> float:
    database = server.set(database="twizzit_dlt")
    # The embedded server listens on a socket alone, whose folder goes before the host that dlt asks for.
    of_dlt = {"database": database.database, "username": database.username, "password": "none", "host": "localhost"}
    login = json.dumps({**of_dlt, "query": {name: str(value) for name, value in database.query.items()}})
    working = folder / f"dlt-{time.monotonic_ns()}"
    script = Path(__file__).with_name("dlt_copy.py")
    command = [str(dlt), str(script), club.endpoint, club.username, login, str(working)]
    environment = environment_of_ours(RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="ERROR", PYTHONPATH="")
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603
        command, input=club.password, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - began


def _make_anew(server: URL, database: str, template: str) -> None:
    url = make_url(server.render_as_string(hide_password=False)).set(
        drivername="postgresql+psycopg", database="postgres"
    )
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {database} TEMPLATE {template}"))
    engine.dispose()
