"""`twizzit up` as a user runs it, for the tests that look at everything together: started once, stopped for certain."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import Row, text

from tests.support.command_line import CommandLine
from twizzit_pipeline.local import leftovers
from twizzit_pipeline.local.running import is_run
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.embedded.postmaster import read_postmaster
from twizzit_pipeline.storage.engine import open_database

READY_SECONDS = 240
STOPPED_SECONDS = 120
# A look at the database opens it and closes it again: a fiftieth of a second of a core. One at the lines takes nothing.
_LOOK_SECONDS = 1.0
_READ_SECONDS = 0.25

# What the command line of each child holds that no other does.
_CHILDREN = {
    "code": "orchestration.instance.code_server",
    "ui": "orchestration.instance.webserver",
    "daemon": "dagster._daemon",
    "api": "twizzit_pipeline api",
    "simulator": "twizzit_pipeline simulate",
}
_ADDRESS = re.compile(r"^  (Dagster's UI|HTTP API|Simulator|Token) +(\S+)")
_NAMES = {"Dagster's UI": "ui", "HTTP API": "api", "Simulator": "simulator"}


@dataclass
class RunningUp:
    """One `twizzit up`.

    Attributes:
        home: its TWIZZIT_HOME. `process`: its own; `lines`: what it said so far, on either stream.
        urls: of `ui`, `api` (with its prefix) and `simulator`; `token`: for the API. Known when it is ready.
    """

    home: Path
    process: "subprocess.Popen[str]"
    twizzit: CommandLine
    lines: list[str] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    token: str = ""
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=_read, args=[self])
        self.reader.start()

    def until(self, holds: Callable[[], Any], what: str, seconds: float, *, every: float = _LOOK_SECONDS) -> Any:
        """What `holds` returns as soon as that is true; fails with everything said and logged after so many seconds."""
        until = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < until, f"not within {seconds} s: {what}\n{self.account()}"
            time.sleep(every)
        return found

    def line(self, *parts: str, seconds: float = 150, after: int = 0) -> str:
        """The first line from number `after` on that holds all these parts, waited for."""

        def found() -> str | None:
            return next((line for line in self.lines[after:] if all(part in line for part in parts)), None)

        return str(self.until(found, f"a line with {parts}", seconds, every=_READ_SECONDS))

    def pids(self) -> dict[str, int]:
        """The children by name, the runs as `run`, `run2`, …, and the embedded server as `postgres`."""
        found: dict[str, int] = {}
        for process in leftovers.marked(Path(os.path.realpath(self.home))):
            try:
                command = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if is_run(process):
                runs = sum(name.startswith("run") for name in found)
                found[f"run{runs + 1 if runs else ''}"] = process.pid
            for name, part in _CHILDREN.items():
                if part in command:
                    found[name] = process.pid
        postmaster = read_postmaster(self.home / "postgres")
        return {**found, "postgres": postmaster.pid} if postmaster is not None else found

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """A call of the API with the token that `up` printed."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(
            method, self.urls["api"] + path, json=body, headers=headers, timeout=30, trust_env=False, verify=False
        )

    def rows(self, statement: str, **values: object) -> Sequence[Row[Any]]:
        """What the database answers now."""
        settings = load_settings(_env_file=None, home=self.home)
        with open_database(settings) as database, database.engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.all() if result.returns_rows else []

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Asks it to stop, and waits for that and for its last line; its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(STOPPED_SECONDS)
        self.reader.join(10)
        return code

    def account(self) -> str:
        """Everything that it and its children said; where it gives up by itself, its last line says why."""
        if "Stopping …" in self.lines:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOPPED_SECONDS)
                self.reader.join(10)
        logs = sorted((self.home / "logs").glob("*.log"))
        log_tails = [f"--- {log.name}\n{log.read_text(errors='replace')[-6000:]}" for log in logs]
        return "\n".join([*self.lines, *log_tails])


@contextmanager
def running_up(
    home: Path, *options: str, demo: bool = True, ready: bool = True, environment: Mapping[str, str] | None = None
) -> Iterator[RunningUp]:
    """`twizzit up` on free ports, ready unless asked otherwise; whatever happens, nothing of it is left afterwards."""
    ports = ("--ui-port", "0", "--api-port", "0", *(("--simulator-port", "0", "--demo") if demo else ()))
    twizzit = CommandLine(home.parent, TWIZZIT_HOME=str(home), **(environment or {}))
    process = twizzit.start("up", *ports, *options, stderr=subprocess.STDOUT)
    up = RunningUp(home, process, twizzit)
    try:
        if ready:
            up.until(lambda: process.poll() is not None or _is_up(up), "ready", READY_SECONDS, every=_READ_SECONDS)
            assert process.poll() is None, up.account()
        yield up
    finally:
        _end(up)
        up.reader.join()


def _read(up: RunningUp) -> None:
    assert up.process.stdout is not None
    with up.process.stdout as said:
        for line in said:
            up.lines.append(line.rstrip("\n"))
            if address := _ADDRESS.match(line):
                if address[1] == "Token":
                    up.token = address[2]
                else:
                    up.urls[_NAMES[address[1]]] = address[2]


def _is_up(up: RunningUp) -> bool:
    return any("Ctrl-C stops everything" in line for line in up.lines)


def _end(up: RunningUp) -> None:
    if up.process.poll() is None:
        up.process.send_signal(signal.SIGTERM)
        try:
            up.process.wait(STOPPED_SECONDS)
        except subprocess.TimeoutExpired:
            up.process.kill()
    leftovers.end(leftovers.marked(Path(os.path.realpath(up.home))), 5)
    if (postmaster := read_postmaster(up.home / "postgres")) is not None:
        with suppress(psutil.NoSuchProcess):
            leftovers.end([psutil.Process(postmaster.pid)], 10)
