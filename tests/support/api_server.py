"""What the tests of the HTTP API share: a real server in a thread, and clients with tokens of every kind."""

import asyncio
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import jwt
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from tests.conftest import ENCRYPTION_KEY, settings_with
from twizzit_pipeline.credentials import store
from twizzit_pipeline.http_api.access_table import Role
from twizzit_pipeline.http_api.app import create_app
from twizzit_pipeline.http_api.pages.signing import Signer
from twizzit_pipeline.http_api.pages.visits import Pages
from twizzit_pipeline.http_api.server import READING
from twizzit_pipeline.http_api.service import Service
from twizzit_pipeline.http_api.tokens import Tokens
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database, open_database

JWT_SECRET = "a secret of ShotSpot, and so long that it would do for HS512 as well"
PREFIX = "/api/twizzit"
_A_DAY = 24 * 3600
# Loading certificates, which no test of the API needs, would cost more than the request.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
NewDatabase = Callable[[], AbstractContextManager[str]]


class ApiServer:
    """The API on a free port of loopback, in a thread of its own; a context manager.

    Args:
        adds_routes: the test changes the application, which no other server then takes over.

    Attributes:
        url: with the prefix of its routes.
    """

    def __init__(self, settings: Settings, database: Database, *, adds_routes: bool = False) -> None:
        self.settings = settings.model_copy(update={"jwt_secret": SecretStr(JWT_SECRET)})
        self._spare = [] if adds_routes else _spare[tuple(settings.origins)]
        make = partial(_renewed, self._spare.pop()) if self._spare else create_app
        self.app = make(self.settings, database)
        config = uvicorn.Config(
            self.app,
            port=0,
            access_log=False,
            log_level="critical",
            timeout_graceful_shutdown=1,
            **READING,
            timeout_keep_alive=600,  # however long a busy machine takes from one question of a client to its next
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)
        self.root = ""

    def __enter__(self) -> Self:
        self._thread.start()
        until = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < until, "the API did not start"
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.root = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._spare.append(self.app)

    @property
    def url(self) -> str:
        return self.root + PREFIX

    @contextmanager
    def client(self, token: str | None) -> Iterator[httpx.Client]:
        """A client that sends this token, with paths below the prefix."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        with httpx.Client(
            base_url=self.url, headers=headers, timeout=60, trust_env=False, verify=NO_CERTIFICATES
        ) as client:
            yield client


# Applications of servers that ended, by the origins that they were made for. FastAPI resolves all routes of one at its
# first request, which takes longer than all else that most tests ask of a server.
_spare: defaultdict[tuple[str, ...], list[FastAPI]] = defaultdict(list)


def _renewed(app: FastAPI, settings: Settings, database: Database) -> FastAPI:
    """Another running API of this application: what belongs to one is in its state alone, as `create_app` fills it."""
    secret = SecretStr(JWT_SECRET)
    app.state.service = Service.build(settings, database, Tokens(secret))
    app.state.pages = Pages(Signer(secret))
    return app


def token(role: Role, *, user_id: int = 7, credentials: Collection[int] | None = None) -> str:
    """A token as ShotSpot issues it, that outlives the slowest of test sessions."""
    made = Tokens(SecretStr(JWT_SECRET))
    return made.issue(role, user_id=user_id, username="api-user", seconds=_A_DAY, credentials=credentials)


def token_of(claims: dict[str, Any], *, secret: str = JWT_SECRET, algorithm: str = "HS256") -> str:
    """A token of these claims, whatever they are; `exp` is added where it is left out."""
    if algorithm == "none":
        return jwt.encode({"exp": int(time.time()) + 600, **claims}, "", algorithm="none")
    return jwt.encode({"exp": int(time.time()) + 600, **claims}, secret, algorithm=algorithm)


@contextmanager
def api_of_two(new_database: NewDatabase, folder: Path, **changes: Any) -> Iterator[ApiServer]:
    """A server over a database with two credentials, "One" and "Two", that never synced."""
    with new_database() as url:
        settings = settings_with(url, folder, allow_private_endpoints=False, **changes)
        with open_database(settings) as database:
            for name in ("One", "Two"):
                store.add(
                    database.engine,
                    SecretStr(ENCRYPTION_KEY),
                    organization_name=name,
                    api_username="u",
                    password=SecretStr("p"),
                )
            with ApiServer(settings, database) as server:
                yield server
