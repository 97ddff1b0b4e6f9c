"""Several machines on one: `twizzit up` with a broker, and workers, one with a host name and a home of its own."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.support.command_line import COMMAND
from tests.support.runs_elsewhere import RunsElsewhere, environment_of, synced_clubs, up_elsewhere

REDIS = "redis-server"


@dataclass
class Fleet(RunsElsewhere):
    """`up`, a broker and two workers over one database and one simulated Twizzit."""

    broker_port: int
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

    def slow_sync(self, credential_id: int, seconds: float = 240) -> tuple[str, int]:
        """A sync is under way, whose Twizzit is silent: the name of the worker that carries it out, and the process."""
        pid = self.silent_sync(credential_id, seconds)
        family = {name: psutil.Process(worker.pid).children(recursive=True) for name, worker in self.workers.items()}
        return next(name for name, children in family.items() if pid in {child.pid for child in children}), pid

    def kill_worker(self, name: str) -> None:
        """Kills a worker and every process of it at once, as a machine that loses its power."""
        worker = self.workers.pop(name)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(10)


@contextmanager
def fleet_at_work(folder: Path, new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[Fleet]:
    """Everything started; at the end nothing of it is left."""
    if shutil.which(REDIS) is None:
        pytest.skip("no redis-server here")
    pytest.importorskip("dagster_celery", reason="the extra celery is not installed")
    with ExitStack() as stack:
        url = stack.enter_context(new_database())
        port = _free_port()
        database, simulator = stack.enter_context(synced_clubs(folder, url))
        environment = {**environment_of(url, "celery"), "TWIZZIT_BROKER_URL": f"redis://127.0.0.1:{port}/0"}
        fleet = Fleet(folder, database, simulator, environment, port)
        stack.callback(_end, fleet)
        fleet.start_broker()
        fleet.start_worker("near")
        fleet.start_worker("far", host="far-away" if _own_names() else None)
        stack.enter_context(up_elsewhere(fleet))
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
