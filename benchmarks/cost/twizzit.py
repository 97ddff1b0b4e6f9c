"""The simulated Twizzit of a measurement, in a process of its own, and the credential of its club."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from twizzit_pipeline.settings.processes import process_environment

READY_LINES = 100
KEY = "00" * 32
_WITHOUT_TESTS = Path(__file__).parent / "without_tests"


@dataclass(frozen=True, slots=True)
class Club:
    """The account of the simulator's first club."""

    endpoint: str
    organization: str
    username: str
    password: str


@contextmanager
def simulator(*options: str) -> Iterator[Club]:
    """`twizzit simulate OPTIONS…` on a free port, of the version that this benchmark belongs to."""
    command = [sys.executable, "-m", "twizzit_pipeline", "simulate", "--clubs", "1", "--tidy", "1", *options]
    # Where another version is measured, PYTHONPATH names it; the simulator is the same for all.
    environment = process_environment(PYTHONPATH="", PYTHONSAFEPATH="1", COLUMNS="200")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603
    assert process.stdout is not None
    try:
        lines = (process.stdout.readline() for _ in range(READY_LINES))
        endpoint = next(line.split()[1] for line in lines if line.split()[:1] == ["v2"])
        root = endpoint.removesuffix("/v2/api")
        answer = httpx.get(f"{root}/simulator/organizations", trust_env=False).raise_for_status()
        [first] = answer.json()["organizations"]
        yield Club(endpoint, first["name"], first["username"], first["password"])
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def environment_of_ours(**more: str) -> dict[str, str]:
    """The environment of a process that is measured."""
    of_club = {"TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1", "TWIZZIT_ENCRYPTION_KEY": KEY}
    # What PYTHONPATH names is measured, not the checkout in which this happens to be started. It is compiled once, as
    # what pip installs is. What the tests alone need is hidden: pandera loads hypothesis where there is one.
    measured = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(_WITHOUT_TESTS))))
    of_python = {"PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": measured}
    return process_environment(**{**of_python, **of_club, **more})
