"""Servers that hang while people ask the API about them: it answers all other requests, and it ends on a signal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Semaphore

import httpx
import pytest
from pydantic import SecretStr

from tests.support.api_server import JWT_SECRET, PREFIX, ApiServer, token
from tests.support.hostile_server import hanging_endpoints
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.http_api import service
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database

HANGS = 100.0  # seconds that the API waits for one answer here, where it ends all of them itself
PROMPT = 30.0  # far below that, and enough for a busy machine
PROMPT_END = 10.0  # below the 15 seconds that a process of its own waits


@pytest.fixture
def world(settings: Settings, database: Database, simulator: SimulatorServer) -> SyncWorld:
    return SyncWorld(quick(settings, request_timeout=120.0, retry_seconds=480.0), database, simulator)


@pytest.fixture
def hanging(world: SyncWorld) -> Iterator[list[int]]:
    """Credentials of servers that hang, each elsewhere."""
    with hanging_endpoints() as endpoints:
        yield [
            world.add_credential(organization_name=f"Hangs in {where}", api_endpoint=endpoint)
            for where, endpoint in endpoints.items()
        ]


@contextmanager
def asked(url: str, credential_ids: list[int]) -> Iterator[list["Future[httpx.Response]"]]:
    """Eight people for each credential verify it or look at its organization; their answers, once all have asked."""
    sent = Semaphore(0)

    def note(event: str, _: object) -> None:
        if event == "http11.send_request_headers.complete":
            sent.release()

    def ask(method: str, path: str, person: int) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {token('coach', user_id=person)}"}
        with httpx.Client(base_url=url, headers=bearer, timeout=120, trust_env=False) as client:
            return client.request(method, path, extensions={"trace": note})

    with ThreadPoolExecutor(8 * len(credential_ids)) as people:
        found = []
        for person in range(8):
            method, path = ("POST", "verify") if person % 2 else ("GET", "organization")
            found += [people.submit(ask, method, f"/{path}/{one}", person) for one in credential_ids]
        for _ in found:
            assert sent.acquire(timeout=60), "not every request was sent"
        time.sleep(1.0)  # until the API has read them, and asks the servers that hang
        yield found


def test_hanging_servers_keep_no_other_caller_waiting(
    world: SyncWorld, hanging: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ANSWER_SECONDS", HANGS)
    victim = world.add_credential()
    with ApiServer(world.settings, world.database) as api, api.client(token("coach")) as coach:
        with asked(api.url, hanging) as answers:
            for path in ("/health", f"/sync/history/{victim}", "/mappings/teams", f"/organization/{victim}"):
                began = time.monotonic()
                assert coach.get(path).status_code == 200
                assert time.monotonic() - began < PROMPT
            began = time.monotonic()
            assert coach.post(f"/verify/{victim}").json()["success"] is True
            assert time.monotonic() - began < PROMPT
            assert not any(one.done() for one in answers)
            api.app.state.service.patience.end()
        said = {(one.result().status_code, one.result().json()["error"]) for one in answers}
    assert said <= {(424, "Connection failed"), (200, "Connection failed")}, "a write is never answered with a 5xx"


def test_the_api_ends_within_seconds_whatever_hangs(world: SyncWorld, hanging: list[int]) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TWIZZIT_")},
        "TWIZZIT_HOME": str(world.settings.home),
        "TWIZZIT_DATABASE_URL": _secret(world.settings.database_url),
        "TWIZZIT_ENCRYPTION_KEY": _secret(world.settings.encryption_key),
        "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
        "JWT_SECRET": JWT_SECRET,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "twizzit_pipeline", "api", "--port", "0"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = next(word for word in line.split() if word.startswith("http://")).rstrip(";")
        assert url.endswith(PREFIX)
        with asked(url, hanging) as answers:
            assert not any(one.done() for one in answers)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) in (0, 130)
            assert time.monotonic() - began < PROMPT_END
        assert {one.result().status_code for one in answers} <= {200, 424}
    finally:
        process.kill()
        process.communicate()


def _secret(value: SecretStr | None) -> str:
    assert value is not None
    return value.get_secret_value()
