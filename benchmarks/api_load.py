"""How the HTTP API answers 64 clients at once on its read routes, beside what the same machine does for `GET /health`.

Run it with `.venv/bin/python benchmarks/api_load.py [--clients 64] [--seconds 20]`; it prints one JSON object. It
starts an embedded PostgreSQL of its own in a temporary folder, fills it by real syncs of a simulated club, and serves
the API in a process of its own over loopback. Every route gets the same share of the clients' requests, `GET /health`
(which asks the database one question) among them: a route's ratio to it, from the same moments, holds on any machine,
milliseconds do not; the clients themselves take about half of the machine's time.

Exit code 1 if any answer was not 200.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
from pydantic import SecretStr

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.http_api.server import listen, serve
from twizzit_pipeline.http_api.tokens import Tokens
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import migrate
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams
from twizzit_pipeline.sync.session import SyncSession

SECRET = SecretStr("only for this benchmark, and as long as it must be")
PREFIX = "/api/twizzit"
HEALTH = f"{PREFIX}/health"
READ_ROUTES = (
    HEALTH,
    f"{PREFIX}/credentials",
    f"{PREFIX}/organizations",
    f"{PREFIX}/sync/config/1",
    f"{PREFIX}/sync/history/1?limit=50",
    f"{PREFIX}/mappings/teams?limit=50",
    f"{PREFIX}/mappings/players?teamId=1",
    f"{PREFIX}/registered?teamId=1",
)
TIMEOUT_SECONDS = 30.0


def fill(settings: Settings, database: Database) -> None:
    """One club, synced three times, so that there is a history."""
    with SimulatorServer(SimulatorOptions(clubs=1)) as simulator:
        club = simulator.world.organizations[0]
        credential_id = store.add(
            database.engine,
            encryption_keys(settings),
            organization_name=club.name,
            api_username=club.account.username,
            password=SecretStr(club.account.password),
            api_endpoint=simulator.v2_endpoint,
        )
        for number in range(3):
            with SyncSession(
                settings=settings,
                database=database,
                credential_id=credential_id,
                season=simulator.world.running_season.label,
                run_id=f"benchmark-{number}",
            ) as session:
                for step in (scan_teams, scan_players, map_teams, map_players):
                    step(session)


def serve_api(home: Path, answers: Connection) -> None:
    """The server's process: says its address, and serves until it is ended."""
    settings = _settings(home)
    with open_database(settings) as database:
        migrate(database.engine)
        fill(settings, database)
        serve(settings, database, listener=listen("127.0.0.1", 0), announce=answers.send)


def _settings(home: Path) -> Settings:
    return load_settings(
        _env_file=None, home=home, jwt_secret=SECRET, allow_private_endpoints=True, requests_per_second=1000.0
    )


async def load(address: str, *, clients: int, seconds: float) -> tuple[dict[str, list[float]], Counter[str]]:
    """Milliseconds of every answer by route, and what went wrong: so many clients, each with one request under way."""
    token = Tokens(SECRET).issue("admin", user_id=1, username="benchmark", seconds=600)
    took: dict[str, list[float]] = {route: [] for route in READ_ROUTES}
    errors: Counter[str] = Counter()
    end = time.perf_counter() + seconds

    async def ask(number: int) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        routes = itertools.islice(itertools.cycle(READ_ROUTES), number % len(READ_ROUTES), None)
        async with httpx.AsyncClient(
            base_url=address, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
        ) as client:
            for route in routes:
                if time.perf_counter() >= end:
                    return
                began = time.perf_counter()
                try:
                    answer = await client.get(route)
                except httpx.HTTPError as error:
                    errors[f"{route}: {type(error).__name__}"] += 1
                    continue
                took[route].append((time.perf_counter() - began) * 1000)
                if answer.status_code != 200:
                    errors[f"{route}: {answer.status_code}"] += 1

    await asyncio.gather(*(ask(number) for number in range(clients)))
    return took, errors


def summary(took: dict[str, list[float]], errors: Counter[str], *, clients: int, seconds: float) -> dict[str, object]:
    """What is printed."""
    everything = [value for values in took.values() for value in values]
    health = _percentiles(took[HEALTH])
    return {
        "clients": clients,
        "seconds": seconds,
        "answers": len(everything),
        "answers_per_second": round(len(everything) / seconds, 1),
        "errors": sum(errors.values()),
        "errors_by_kind": dict(errors),
        "milliseconds": _percentiles(everything),
        "by_route": {
            route: {
                **_percentiles(values),
                "p99_over_health": round(_percentiles(values)["p99"] / health["p99"], 2),
            }
            for route, values in took.items()
        },
    }


def _percentiles(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"p50": 0.0, "p99": 0.001}
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}


def main() -> None:
    """Serve, load, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        server = context.Process(target=serve_api, args=(Path(folder), theirs))
        server.start()
        try:
            if not ours.poll(120):
                sys.exit("The API did not start")
            address = str(ours.recv())
            asyncio.run(load(address, clients=8, seconds=2.0))  # connections, caches
            took, errors = asyncio.run(load(address, clients=options.clients, seconds=options.seconds))
        finally:
            server.terminate()
            server.join()
    print(json.dumps(summary(took, errors, clients=options.clients, seconds=options.seconds), indent=2))  # noqa: T201
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
