"""A stand-in of the API of Docker on loopback: one image, containers that run nothing, and the faults of a real one.

It answers what `dagster-docker` and our launcher ask by the client of Docker. What podman's real API says to the same
questions is in docs/scaling.md.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

IMAGE = "registry.example.org/twizzit:1"
_VERSION = {"ApiVersion": "1.41", "MinAPIVersion": "1.24", "Version": "20.10"}


def _printed(text: bytes) -> bytes:
    """As the API frames what a container says on its standard error."""
    return b"\x02\0\0\0" + len(text).to_bytes(4) + text


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Engine:
    """What there is.

    Attributes:
        images: those that need no pull; none can be pulled.
        containers: by id: what was asked for, and the state.
        faults: of the next requests of an action (`create`, `start`, `look`): a status, `lost` (done, and the
            connection cut before the answer), `late` (the same, and the container is found only after some looks), or
            `cut`.
    """

    images: set[str] = field(default_factory=lambda: {IMAGE})
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[tuple[str, int | str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    pull_status: int = 500
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def made(self, run_id: str, state: str, **more: Any) -> dict[str, Any]:
        """A container of a run, as an earlier launch left it."""
        labels = {"dagster/run_id": run_id}
        found = {"Name": f"dagster-run-{run_id}", "Config": {"Labels": labels}, "State": {"Status": state, **more}}
        self.containers[self._identity()] = found
        return found

    def _identity(self) -> str:
        return f"{next(self.numbers):064x}"

    def states(self) -> list[str]:
        """Of all containers."""
        return [each["State"]["Status"] for each in self.containers.values()]

    def answer(self, method: str, path: str, query: Mapping[str, list[str]], body: Mapping[str, Any]) -> Any:
        """What a request gets: an object, bytes, or None. Raises Refused."""
        if path in ("/version", "/_ping"):
            return _VERSION if path == "/version" else b"OK"
        if image := re.fullmatch(r"/images/(.+)/json", path):
            return self._image(unquote(image[1]))
        if path == "/images/create":
            raise Refused(self.pull_status, "no way to the registry of password-in-an-answer")
        if path == "/containers/create":
            return self._create(query["name"][0], body)
        if path == "/containers/json":
            wanted = json.loads(query["filters"][0]).get("status", [])
            if not set(wanted) <= {"created", "running", "exited"}:
                raise Refused(500, f"unknown container state: {wanted}")  # as podman
            return [
                {"Id": i, "State": each["State"]["Status"], "Labels": each["Config"].get("Labels") or {}}
                for i, each in self.containers.items()
                if not wanted or each["State"]["Status"] in wanted
            ]
        found = re.fullmatch(r"/containers/([^/]+)(?:/(json|start|stop|logs))?", path)
        if found is None:
            raise Refused(404, f"no such path: {path}")
        return self._of_one(method, found[2], *self._one(found[1]))

    def _image(self, name: str) -> dict[str, Any]:
        if name not in self.images:
            raise Refused(404, f"No such image: {name}")
        return {"Id": name, "RepoTags": [name]}

    def _create(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._image(body["Image"])
        if any(each["Name"] == name for each in self.containers.values()):
            raise Refused(409, f"the name {name} is in use")
        identity = self._identity()
        self.containers[identity] = {"Name": name, "Config": dict(body), "State": {"Status": "created"}}
        return {"Id": identity, "Warnings": []}

    def _one(self, name: str) -> tuple[str, dict[str, Any]]:
        for identity, each in self.containers.items():
            if name in (identity, each["Name"]):
                if each.get("LooksUntilFound", 0) > 0:
                    each["LooksUntilFound"] -= 1
                    break
                return identity, each
        raise Refused(404, f"No such container: {name}")

    def _of_one(self, method: str, part: str | None, identity: str, found: dict[str, Any]) -> Any:
        if method == "DELETE":
            if "Unremovable" in found:
                raise Refused(int(found["Unremovable"]), "removal of container is already in progress")
            if found["State"]["Status"] in ("running", "paused"):
                raise Refused(409, "stop the container before removing it")
            del self.containers[identity]
        elif part == "json":
            return {**found, "Id": identity, "Image": IMAGE}
        elif part == "logs":
            return _printed(b"psycopg.OperationalError: no way to db.example\n")
        else:
            found["State"]["Status"] = {"start": "running", "stop": "exited"}[str(part)]
        return None


@contextmanager
def engine_at_work() -> Iterator[tuple[Engine, str]]:
    """The stand-in, and what DOCKER_HOST is to be."""
    engine = Engine()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            split = urlsplit(self.path)
            path = re.sub(r"^/v1\.\d+", "", split.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            action = {"create": "create", "start": "start", "json": "look"}.get(path.rpartition("/")[2], "other")
            engine.asked.append(f"{self.command} {path}{'?' if split.query else ''}{split.query}")
            fault = next((each for each in engine.faults if each[0] == action), None)
            if fault is not None:
                engine.faults.remove(fault)
            kind = fault[1] if fault else None
            try:
                if isinstance(kind, int):
                    raise Refused(kind, "a fault of the test")
                said = (
                    None
                    if kind == "cut"
                    else engine.answer(self.command, path, parse_qs(split.query), json.loads(body or b"{}"))
                )
                status = 200 if said is not None else 204
            except Refused as refused:
                status, said = refused.status, {"message": str(refused)}
            if kind == "late":
                next(reversed(engine.containers.values()))["LooksUntilFound"] = 3
            if kind in ("cut", "lost", "late"):
                self.close_connection = True
                return
            text = said if isinstance(said, bytes) else b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = do_HEAD = _do  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield engine, f"tcp://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
