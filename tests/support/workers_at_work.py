"""Several machines on one: `twizzit up` with a broker, and workers, one with a host name and a home of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import Row, text

from tests.conftest import ENCRYPTION_KEY, settings_with
from tests.support.api_server import JWT_SECRET, token
from tests.support.command_line import COMMAND
from tests.support.running_up import RunningUp, running_up
from twizzit_pipeline.credentials import store
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage.engine import Database, open_database

REDIS = "redis-server"
CLUBS = 5

_OPEN = """
    SELECT 'history' FROM twizzit_sync_history WHERE status = 'in_progress'
    UNION ALL SELECT 'lease' FROM twizzit_leases
    UNION ALL SELECT 'request' FROM twizzit_sync_requests WHERE completed_at IS NULL
    UNION ALL SELECT 'run' FROM dagster.runs WHERE status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED')
"""


@dataclass
class Fleet:
    """`up`, a broker and two workers over one database and one simulated Twizzit."""

    folder: Path
    database: Database
    simulator: SimulatorServer
    environment: dict[str, str]
    broker_port: int
    up: RunningUp = field(init=False)
    broker: "subprocess.Popen[bytes]" = field(init=False)
    workers: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start_broker(self) -> None:
        """Starts Redis on its port, with nothing in it."""
        command = [REDIS, "--port", str(self.broker_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.broker = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL)
        self.up_to(lambda: _answers(self.broker_port), "the broker", 30)

    def start_worker(self, name: str, *, host: str | None = None) -> None:
        """Starts a worker of two places; with a host name of its own, where one is given."""
        home = self.folder / (name if host else "up") / "home"
        home.mkdir(parents=True, exist_ok=True)
        command = [*COMMAND, "worker", "--concurrency", "2"]
        if host is not None:
            command = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host, *command]
        environment = {**os.environ, **self.environment, "TWIZZIT_HOME": str(home)}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.workers[name] = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def up_to(self, holds: Callable[[], object], what: str, seconds: float) -> Any:
        """What `holds` returns as soon as that is true."""
        deadline = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s\n{self.account()}"
            time.sleep(0.25)
        return found

    def account(self) -> str:
        """What all of them said."""
        logs = [f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in self.folder.glob("*.log")]
        return "\n".join([*logs, self.up.account() if hasattr(self, "up") else ""])

    def rows(self, statement: str, **values: object) -> Sequence[Row[Any]]:
        """What the database answers now."""
        with self.database.engine.connect() as connection:
            return connection.execute(text(statement), values).all()

    def ask(self, kind: str, credential_id: int) -> int:
        """Asks for a sync; the request's id."""
        answer = self.up.ask("POST", f"/sync/{kind}/{credential_id}?queue=true&wait=0")
        assert answer.status_code == 202, answer.text
        return int(answer.json()["requestId"])

    def in_order(self, seconds: float = 150) -> None:
        """Nothing is half done any more."""
        self.up_to(lambda: not self.rows(_OPEN), "everything closed", seconds)

    def slow_sync(self, credential_id: int, seconds: float = 120) -> tuple[str, int]:
        """A sync is under way, whose Twizzit is silent: the name of the worker that carries it out, and the process."""
        self.simulator.faults.arm("slow", path="/groups", seconds=seconds)
        self.ask("teams", credential_id)
        wanted = "SELECT holder FROM twizzit_leases WHERE credential_id = :id AND history_id IS NOT NULL"
        found = self.up_to(lambda: self.rows(wanted, id=credential_id), "a sync under way", 90)
        pid = int(found[0].holder.rpartition("|")[2])
        family = {name: psutil.Process(worker.pid).children(recursive=True) for name, worker in self.workers.items()}
        return next(name for name, children in family.items() if pid in {child.pid for child in children}), pid

    def kill_worker(self, name: str) -> None:
        """Kills a worker and every process of it at once, as a machine that loses its power."""
        worker = self.workers.pop(name)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(10)

    def run_of(self, credential_id: int) -> str:
        """The run that is under way for a credential."""
        wanted = "SELECT dagster_run_id FROM twizzit_leases WHERE credential_id = :id"
        return str(self.rows(wanted, id=credential_id)[0].dagster_run_id)

    def terminate(self, run_id: str) -> None:
        """Ends a run as the UI does."""
        mutation = """mutation ($id: String!) { terminateRun(runId: $id) { __typename } }"""
        body = {"query": mutation, "variables": {"id": run_id}}
        answer = httpx.post(f"{self.up.urls['ui']}/graphql", json=body, timeout=30, trust_env=False, verify=False)
        assert answer.json()["data"]["terminateRun"]["__typename"] == "TerminateRunSuccess", answer.text

    def last(self) -> int:
        """The newest row of the history."""
        return int(self.rows("SELECT coalesce(max(id), 0) FROM twizzit_sync_history")[0][0])

    def ended_after(self, history_id: int) -> list[tuple[int, str, str, str]]:
        """Credential, status, error and the status of the run, of the history after that row."""
        found = self.rows(
            "SELECT credential_id, history.status AS ended, coalesce(error_message, '') AS said, runs.status AS run"
            " FROM twizzit_sync_history history LEFT JOIN dagster.runs ON runs.run_id = dagster_run_id"
            " WHERE history.id > :id ORDER BY history.id",
            id=history_id,
        )
        return [(row.credential_id, row.ended, row.said, row.run) for row in found]


@contextmanager
def fleet_at_work(folder: Path, new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[Fleet]:
    """Everything started; at the end nothing of it is left."""
    if shutil.which(REDIS) is None:
        pytest.skip("no redis-server here")
    pytest.importorskip("dagster_celery", reason="the extra celery is not installed")
    with ExitStack() as stack:
        url = stack.enter_context(new_database())
        port = _free_port()
        simulator = stack.enter_context(SimulatorServer(SimulatorOptions(clubs=CLUBS, teams=3, players_per_team=4)))
        database = stack.enter_context(open_database(settings_with(url, folder / "up" / "home")))
        environment = {
            "TWIZZIT_DATABASE_URL": url,
            "TWIZZIT_ENCRYPTION_KEY": ENCRYPTION_KEY,
            "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
            "JWT_SECRET": JWT_SECRET,
            "TWIZZIT_RUN_LAUNCHER": "celery",
            "TWIZZIT_BROKER_URL": f"redis://127.0.0.1:{port}/0",
            "TWIZZIT_CONCURRENT_RUNS": "4",
            "TWIZZIT_STEP_RETRY_SECONDS": "2",
        }
        fleet = Fleet(folder, database, simulator, environment, port)
        for club in simulator.world.organizations[:CLUBS]:
            store.add(
                database.engine,
                SecretStr(ENCRYPTION_KEY),
                organization_name=club.name,
                api_username=club.account.username,
                password=SecretStr(club.account.password),
                api_endpoint=simulator.v2_endpoint,
            )
        stack.callback(_end, fleet)
        fleet.start_broker()
        fleet.start_worker("near")
        fleet.start_worker("far", host="far-away" if _own_names() else None)
        (folder / "up").mkdir(exist_ok=True)
        fleet.up = stack.enter_context(running_up(folder / "up" / "home", demo=False, environment=environment))
        fleet.up.token = token("admin")
        yield fleet


def _end(fleet: Fleet) -> None:
    for name in list(fleet.workers):
        fleet.kill_worker(name)
    if hasattr(fleet, "broker"):
        fleet.broker.kill()
        fleet.broker.wait(10)


def _own_names() -> bool:
    """Whether a process may have a host name of its own here."""
    return shutil.which("unshare") is not None and (
        subprocess.run(["unshare", "--uts", "true"], capture_output=True, check=False).returncode == 0
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as asked:
            asked.sendall(b"PING\r\n")
            return asked.recv(16).startswith(b"+PONG")
    except OSError:
        return False
