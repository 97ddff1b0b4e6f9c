"""What is started once for all tests that need it: Dagster at work, and `twizzit up --demo`.

`tests/conftest.py` has them run together, and before the others.
"""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from pydantic import SecretStr

from tests.conftest import ENCRYPTION_KEY, settings_with
from tests.support.command_line import CommandLine
from tests.support.running_up import RunningUp, running_up
from twizzit_pipeline.credentials import store
from twizzit_pipeline.local.leftovers import lives
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database, open_database

JWT_SECRET = "the secret that ShotSpot signs its tokens with"
_PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class AtWork:
    """A running `twizzit dagster dev`, and the database that it works on.

    Its users share it: each with credentials of its own, looking at the runs of those alone.

    Attributes:
        url: of the UI.
        twizzit: in the same folder and environment.
        log: what it has said so far.
    """

    url: str
    settings: Settings
    database: Database
    twizzit: CommandLine
    log: Path

    def add_credential(self, simulator: SimulatorServer, place: int = 0) -> int:
        """A credential for the account of the organization at that place; its id."""
        club = simulator.world.organizations[place]
        assert self.settings.encryption_key is not None
        return store.add(
            self.database.engine,
            self.settings.encryption_key,
            organization_name=club.name,
            api_username=club.account.username,
            password=SecretStr(club.account.password),
            api_endpoint=simulator.v2_endpoint,
        )

    def until(self, true: Callable[[], object], what: str, seconds: float = _PATIENCE_SECONDS) -> None:
        """Returns as soon as that is true; fails, with the log, if it does not become so."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s\n{self.log.read_text()}"
            time.sleep(1)


@pytest.fixture(scope="package")
def dagster_at_work(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AtWork]:
    """`twizzit dagster dev` as a user has it; at the end nothing of it may be left."""
    folder = tmp_path_factory.mktemp("dagster")
    with new_database() as url:
        given = {
            "TWIZZIT_HOME": str(folder / "home"),
            "TWIZZIT_DATABASE_URL": url,
            "TWIZZIT_ENCRYPTION_KEY": ENCRYPTION_KEY,
            "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
            "JWT_SECRET": JWT_SECRET,
        }
        settings = settings_with(url, folder / "home")
        with open_database(settings) as database, socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
            free.close()
            twizzit = CommandLine(folder, **given)
            at_work = AtWork(f"http://127.0.0.1:{port}", settings, database, twizzit, folder / "dagster.log")
            with _running(at_work, port):
                yield at_work


@pytest.fixture(scope="package")
def demo_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    """`twizzit up --demo`, each of whose three clubs has synced. Its users leave nothing under way."""
    soon = {"TWIZZIT_STEP_RETRY_SECONDS": "2"}
    with running_up(tmp_path_factory.mktemp("up") / "home", environment=soon) as up:
        for number in (1, 2, 3):
            up.line(f"  {number} ", " created · ", seconds=120)
        yield up


@contextmanager
def _running(at_work: AtWork, port: int) -> Iterator[None]:
    with at_work.log.open("w") as log:
        process = at_work.twizzit.start("dagster", "dev", "--port", port, stdout=log, stderr=subprocess.STDOUT)

    def answers() -> bool:
        assert process.poll() is None, at_work.log.read_text()
        try:
            return httpx.get(f"{at_work.url}/server_info", trust_env=False, verify=False).status_code == 200
        except httpx.TransportError:
            return False

    family: list[psutil.Process] = []
    try:
        at_work.until(answers, "dagster dev")
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 4, "the command, its UI, its daemon, its code server"
        listening = {
            connection.laddr.ip
            for member in family
            for connection in member.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        }
        assert listening == {"127.0.0.1"}
        by_get = httpx.get(f"{at_work.url}/graphql?query={{version}}", trust_env=False, verify=False)
        assert by_get.status_code == 405, "the guard stands before it"
        yield
    finally:
        process.terminate()
        try:
            code = process.wait(60)
        finally:
            process.kill()
            left = [member for member in family if lives(member)]
            for member in left:
                member.kill()
    assert not left
    assert code == 0, at_work.log.read_text()
