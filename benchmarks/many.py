"""Many credentials due at once on one machine: whether a coach waits, the API answers, notifications go out, all end.

Run it with `.venv/bin/python benchmarks/many.py [--credentials N] [--minutes M] [--places P]`; it prints one JSON
object. Without `--minutes` all are due at the same moment; with it they come due one after the other over so many
minutes. The version of ten minutes is `--credentials 167 --minutes 10`, the hour `--credentials 1000 --minutes 60`.
`twizzit up` is a process of its own, with an embedded PostgreSQL in a folder that goes away afterwards; the simulator
is in the benchmark's. The clubs are small (two teams of six), and known as quick; each sync is the first of its club,
which writes everything.

- `ended`, `failed`, `seconds`: how many syncs ended, how many of them failed, and when the last one ended;
  `errors`: what those say.
- `coach_waited`: seconds from a request over the HTTP API (one each half minute, of clubs whose turn is last) until its
  sync began.
- `health`: the codes of its answers, one a second; `oldest_sign_of_life`: the largest age in seconds that they showed.
- `notified_after`: seconds from the end of a sync that failed (a wrong password) to its notification.
- `cpu_seconds`: of `up` and its PostgreSQL; `share`: what they are of all cores while it ran.
"""

import argparse
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psutil
from pydantic import SecretStr
from sqlalchemy import Engine, func, insert, text

from twizzit_pipeline.credentials import store
from twizzit_pipeline.http_api.tokens import Tokens
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.settings.processes import process_environment
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.embedded.postmaster import read_postmaster
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.migrate import migrate

KEY, JWT = "00" * 32, "a secret of tokens, for this benchmark alone"
API_PORT, UI_PORT = 8471, 8472
TWIZZIT = [sys.executable, "-m", "twizzit_pipeline"]
ASK_SECONDS, LOOK_SECONDS, READY_SECONDS, NOTIFIED_SECONDS = 30.0, 1.0, 180.0, 60.0
OVER = "status IN ('success', 'partial_success', 'failed')"


@dataclass
class Seen:
    """What was seen while it ran."""

    health: Counter[int] = field(default_factory=Counter)
    oldest: float = 0.0
    waited: list[float] = field(default_factory=list)
    notified: list[float] = field(default_factory=list)


def prepare(engine: Engine, simulator: SimulatorServer, minutes: float) -> list[int]:
    """The credentials, known as quick, due one after the other over the minutes; the middle one's login is refused."""
    ids = []
    clubs = simulator.world.organizations
    for club in clubs:
        refused = club is clubs[len(clubs) // 2]
        credential_id = store.add(
            engine,
            SecretStr(KEY),
            organization_name=club.name,
            api_username=club.account.username,
            password=SecretStr("wrong" if refused else club.account.password),
            api_endpoint=simulator.v2_endpoint,
        )
        ids.append(credential_id)
    began = func.timezone("utc", func.now() - text("interval '2 hours'"))
    with engine.begin() as connection:
        for credential_id in ids:
            for sync_type in ("teams", "players", "competitions", "competitions"):
                row = {
                    "credential_id": credential_id,
                    "dagster_run_id": f"before-{credential_id}",
                    "sync_type": sync_type,
                    "sync_direction": "import",
                    "status": "success",
                    "details": {},
                }
                ended = began + text("interval '5 seconds'")
                connection.execute(insert(tables.sync_history).values(started_at=began, completed_at=ended, **row))
        for place, credential_id in enumerate(ids):
            due = func.timezone("utc", func.now() + text(f"interval '{60 * minutes * place / len(ids):.3f} seconds'"))
            connection.execute(
                insert(tables.sync_config).values(
                    credential_id=credential_id, auto_sync_enabled=True, sync_interval_minutes=1440, next_sync_at=due
                )
            )
    return ids


@contextmanager
def receiving(seen: Seen, engine: Engine) -> Iterator[str]:
    """A receiver of notifications; of one about a failure it notes how long ago the sync ended."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            about_failure = b"sync failed" in self.rfile.read(int(self.headers["Content-Length"]))
            with engine.connect() as connection:
                ended = connection.scalar(
                    text("SELECT max(completed_at) FROM twizzit_sync_history WHERE status = 'failed'")
                )
            if about_failure and ended is not None:
                seen.notified.append((datetime.now(UTC) - ended.replace(tzinfo=UTC)).total_seconds())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def look(api: httpx.Client, seen: Seen) -> None:
    """One look at the health."""
    try:
        answer = api.get("/health")
        beat = answer.json()["orchestrator"]["lastHeartbeat"]
        seen.health[answer.status_code] += 1
        if beat:
            age = datetime.now(UTC) - datetime.fromisoformat(beat)
            seen.oldest = max(seen.oldest, age.total_seconds())
    except httpx.HTTPError:
        seen.health[0] += 1


def asked(api: httpx.Client, credential_id: int) -> int | None:
    """The id of a request of a coach; None where it was refused."""
    answer = api.post(f"/api/twizzit/sync/competitions/{credential_id}?wait=0&queue=true", json={})
    return answer.json().get("requestId") if answer.status_code in (200, 202) else None


def watch(engine: Engine, ids: list[int], seen: Seen, token: str, patience: float) -> float:
    """Looks, and asks as a coach does, until all have ended; how long that took. Then a minute for the notification."""
    began = last_asked = time.monotonic()
    taken = 0.0
    open_requests: dict[int, float] = {}
    left = [credential_id for credential_id in ids if credential_id != ids[len(ids) // 2]]
    ended = text(
        f"SELECT count(DISTINCT credential_id) FROM twizzit_sync_history WHERE {OVER}"  # noqa: S608  (words of our own)
        " AND dagster_run_id NOT LIKE 'before-%'"
    )
    at_work = text("SELECT count(*) FROM dagster.runs WHERE status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED')")
    with httpx.Client(
        base_url=f"http://127.0.0.1:{API_PORT}", timeout=30, headers={"Authorization": f"Bearer {token}"}
    ) as api:
        while time.monotonic() - began < patience:
            look(api, seen)
            with engine.connect() as connection:
                over = connection.scalar(ended) == len(ids) and not connection.scalar(at_work)
                started = text(
                    "SELECT id, coalesce(started_at, completed_at) - requested_at AS waited"
                    " FROM twizzit_sync_requests WHERE started_at IS NOT NULL OR completed_at IS NOT NULL"
                )
                for row in connection.execute(started):
                    if open_requests.pop(row.id, None) is not None:
                        seen.waited.append(row.waited.total_seconds())
            if over and not open_requests:
                taken = taken or time.monotonic() - began
                if seen.notified or time.monotonic() - began > taken + NOTIFIED_SECONDS:
                    break
            if time.monotonic() - last_asked > ASK_SECONDS and left:
                last_asked = time.monotonic()
                if (request_id := asked(api, left.pop())) is not None:
                    open_requests[request_id] = last_asked
            time.sleep(LOOK_SECONDS)
    return taken or time.monotonic() - began


@contextmanager
def running_up(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`twizzit up`, stopped for certain."""
    command = [*TWIZZIT, "up", "--ui-port", str(UI_PORT), "--api-port", str(API_PORT)]
    with log.open("wb") as out:
        up = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        until = time.monotonic() + READY_SECONDS
        while f"127.0.0.1:{UI_PORT}" not in log.read_text(encoding="utf-8"):
            if up.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"twizzit up did not start: {log.read_text(encoding='utf-8')}")
            time.sleep(0.5)
        yield up
    finally:
        up.send_signal(signal.SIGTERM)
        try:
            up.wait(120)
        except subprocess.TimeoutExpired:
            up.kill()


def of_postgres(home: Path) -> float:
    """CPU seconds of the embedded server, with all that ended."""
    found = read_postmaster(home / "postgres")
    if found is None:
        return 0.0
    with suppress(psutil.Error):
        postmaster = psutil.Process(found.pid)
        mine = postmaster.cpu_times()
        used = mine.user + mine.system + mine.children_user + mine.children_system
        for child in postmaster.children():
            with suppress(psutil.Error):
                used += child.cpu_times().user + child.cpu_times().system
        return float(used)
    return 0.0


def measure(credentials: int, minutes: float, places: int, home: Path) -> dict[str, object]:
    """Everything, once."""
    seen = Seen()
    settings = load_settings(_env_file=None, home=home, database_url=None, encryption_key=SecretStr(KEY))
    small = SimulatorOptions(clubs=credentials, teams=2, players_per_team=6, other_contacts=2)
    with open_database(settings) as database, SimulatorServer(small) as simulator:
        migrate(database.engine)
        token = Tokens(SecretStr(JWT)).issue("coach", user_id=12, username="coach", seconds=86_400)
        with receiving(seen, database.engine) as url:
            environment = process_environment(
                TWIZZIT_HOME=str(home),
                TWIZZIT_ENCRYPTION_KEY=KEY,
                JWT_SECRET=JWT,
                TWIZZIT_ALLOW_PRIVATE_ENDPOINTS="1",
                TWIZZIT_REQUESTS_PER_SECOND="1000",
                TWIZZIT_CONCURRENT_RUNS=str(places),
                TWIZZIT_NOTIFY_WEBHOOK_URL=url,
            )
            before = of_postgres(home)
            with running_up(environment, home.with_suffix(".log")):
                ids = prepare(database.engine, simulator, minutes)
                taken = watch(database.engine, ids, seen, token, 60 * minutes + max(900, 60 * credentials))
            postgres = of_postgres(home) - before
        failed = text("SELECT count(DISTINCT credential_id) FROM twizzit_sync_history WHERE status = 'failed'")
        ended = text(
            "SELECT count(DISTINCT credential_id) FROM twizzit_sync_history"
            " WHERE completed_at IS NOT NULL AND dagster_run_id NOT LIKE 'before-%'"
        )
        errors = text(
            "SELECT error_message, count(DISTINCT credential_id) FROM twizzit_sync_history WHERE status = 'failed'"
            " GROUP BY error_message"
        )
        with database.engine.connect() as connection:
            counts = {"ended": connection.scalar(ended), "failed": connection.scalar(failed)}
            said = {str(error): count for error, count in connection.execute(errors)}
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime + postgres
    return {
        "benchmark": "many",
        "credentials": credentials,
        "places": places,
        **counts,
        "errors": said,
        "seconds": round(taken, 1),
        "cpu_seconds": round(cpu, 1),
        "cpu_seconds_each": round(cpu / credentials, 2),
        "share": round(cpu / taken / (os.cpu_count() or 1), 2),
        "coach_waited": {"requests": len(seen.waited), **_spread(seen.waited)},
        "health": {str(code): count for code, count in sorted(seen.health.items())},
        "oldest_sign_of_life": round(seen.oldest, 1),
        "notified_after": [round(seconds, 1) for seconds in seen.notified[:3]],
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    return {"median": round(statistics.median(seconds), 1), "longest": round(max(seconds), 1)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--credentials", type=int, default=200, help="default 200")
    parser.add_argument("--minutes", type=float, default=0.0, help="over which they come due (default: all at once)")
    parser.add_argument("--places", type=int, default=4, help="TWIZZIT_CONCURRENT_RUNS (default 4)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twizzit-benchmark-") as folder:
        found = measure(arguments.credentials, arguments.minutes, arguments.places, Path(folder) / "home")
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
