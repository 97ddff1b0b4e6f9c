"""Dagster's UI under `twizzit up`, attacked as a page that the same browser shows would."""

import base64
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.support.running_up import READY_SECONDS, RunningUp
from twizzit_pipeline.local.children import MODULE
from twizzit_pipeline.orchestration.partitions import CREDENTIAL

pytestmark = pytest.mark.timeout(900)  # the first one waits for `up` and the demo's first syncs

ATTACK = (
    'mutation { addDynamicPartition(repositorySelector: {repositoryName: "__repository__",'
    f' repositoryLocationName: "{MODULE}"}}, partitionsDefName: "{CREDENTIAL}", partitionKey: "99-attack")'
    " { __typename } }"
)
PARTITIONS = "SELECT partition FROM dagster.dynamic_partitions WHERE partition = '99-attack'"


def asked(url: str, method: str, **more: Any) -> httpx.Response:
    return httpx.request(method, f"{url}/graphql", trust_env=False, verify=False, timeout=30, **more)


def shaken(url: str, **headers: str) -> str:
    """What the server says to a handshake: the first line."""
    where = urlsplit(url)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = {"Host": where.netloc, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key}
    lines |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "graphql-ws", **headers}
    sent = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection((str(where.hostname), int(where.port or 0)), 10) as opened:
        opened.sendall(f"GET /graphql HTTP/1.1\r\n{sent}\r\n".encode())
        return opened.recv(4096).decode().splitlines()[0]


def test_no_other_page_changes_anything(demo_up: RunningUp) -> None:
    url = demo_up.urls["ui"]
    mutation = {"query": ATTACK}
    elsewhere = {"Origin": "http://127.0.0.1:9999"}
    picture = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "image"}
    assert asked(url, "GET", params=mutation).status_code == 405
    assert asked(url, "GET", params=mutation, headers=picture).status_code == 403
    assert asked(url, "POST", params=mutation).status_code == 415
    assert asked(url, "POST", params=mutation, data={"a": "b"}).status_code == 415
    plain = {"Content-Type": "text/plain; x=application/json"}
    assert asked(url, "POST", content=json.dumps(mutation), headers=plain).status_code == 415
    assert asked(url, "POST", json=mutation, headers=elsewhere).status_code == 403
    assert asked(url, "POST", json=mutation, headers={"Host": "evil.example"}).status_code == 421
    assert demo_up.rows(PARTITIONS) == []

    own = asked(url, "POST", json={"query": "{ version }"}, headers={"Origin": url})
    assert own.json()["data"]["version"]
    assert shaken(url, Origin=url).split()[1] == "101"
    assert shaken(url, Origin="http://127.0.0.1:9999").split()[1] == "403"
    assert shaken(url, Host="evil.example").split()[1] == "403"


@contextmanager
def another_ui(up: RunningUp, **more: str) -> Iterator[str]:
    """The command that `up` runs for its UI once more, on another port and with these settings besides; its URL."""
    own = psutil.Process(up.pids()["ui"])
    command, environment = own.cmdline(), own.environ()
    assert environment["TWIZZIT_STEP_RETRY_SECONDS"] == "2", "what `up` was given reaches its UI"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command[command.index("--port") + 1] = str(port)
    with (up.home.parent / "another-ui.log").open("wb") as log:
        process = subprocess.Popen(command, env={**environment, **more}, stdout=log, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            up.until(lambda: process.poll() is not None or _answers(url), "another UI", READY_SECONDS)
            yield url
        finally:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/server_info", trust_env=False, verify=False).is_success
    return False


def test_a_read_only_ui_shows_and_does_nothing(demo_up: RunningUp) -> None:
    with another_ui(demo_up, TWIZZIT_UI_READ_ONLY="1") as url:
        assert asked(url, "POST", json={"query": "{ version }"}).json()["data"]["version"]
        answer = asked(url, "POST", json={"query": ATTACK}).json()
    assert answer["data"]["addDynamicPartition"]["__typename"] == "UnauthorizedError"
    assert demo_up.rows(PARTITIONS) == []
