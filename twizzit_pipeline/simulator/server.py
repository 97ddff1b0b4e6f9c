"""Serves a world over HTTP: in a thread for tests and the demo, or in the foreground for ``twizzit simulate``.

Nothing is logged, since the rows are about people: no access log, no errors of the server itself.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.simulator.accounts import Accounts
from twizzit_pipeline.simulator.changes import Changes
from twizzit_pipeline.simulator.control import control_routes
from twizzit_pipeline.simulator.fault_play import FaultLayer
from twizzit_pipeline.simulator.faults import Calls, Faults
from twizzit_pipeline.simulator.generate import make_world
from twizzit_pipeline.simulator.life import Life
from twizzit_pipeline.simulator.options import SimulatorOptions
from twizzit_pipeline.simulator.v1 import PREFIX as V1_PREFIX
from twizzit_pipeline.simulator.v1 import v1_routes
from twizzit_pipeline.simulator.v2 import PREFIX as V2_PREFIX
from twizzit_pipeline.simulator.v2 import v2_routes
from twizzit_pipeline.simulator.world import World

LOOPBACK = "127.0.0.1"
START_SECONDS = 10.0


class SimulatorServer:
    """A running simulator; a context manager that serves from a thread of its own.

    Attributes:
        world: what it serves; `world.truth(...)` says what a right sync ends with.
        faults, changes, calls, accounts: what goes wrong, what changes, what was asked for, who is logged in.
        url, v1_endpoint, v2_endpoint: where it listens; known as soon as it is made.
    """

    def __init__(
        self,
        options: SimulatorOptions | None = None,
        *,
        world: World | None = None,
        host: str = LOOPBACK,
        port: int = 0,
    ) -> None:
        """Takes the port at once; 0 chooses a free one.

        Raises:
            SettingsError: the port is taken, or the host is none of this machine.
        """
        self.world = world or make_world(options)
        self.faults, self.calls, self.changes = Faults(), Calls(), Changes(self.world)
        self.accounts = Accounts(self.world)
        self._socket = _listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.v1_endpoint, self.v2_endpoint = self.url + V1_PREFIX, self.url + V2_PREFIX
        self._server = _Server(self._application())
        self._thread = threading.Thread(target=self._run, name="twizzit-simulator", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._server.ready.wait(START_SECONDS):
            self.stop()
            raise RuntimeError("the simulator did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stops serving: open connections are closed and the thread has ended when this returns."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def serve_here(self, announce: Callable[["SimulatorServer"], None]) -> None:
        """Serves in this thread until SIGINT (then it returns) or SIGTERM; calls `announce` as soon as it answers."""
        self._server.when_ready = lambda: announce(self)
        with contextlib.suppress(KeyboardInterrupt):
            self._run()
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def _application(self) -> ASGIApp:
        routes = [
            *v2_routes(self.world, self.accounts),
            *v1_routes(self.world, self.accounts),
            *control_routes(
                self.world, accounts=self.accounts, faults=self.faults, calls=self.calls, changes=self.changes
            ),
        ]
        app = Starlette(routes=routes, exception_handlers={HTTPException: _refuse})
        latency = self.world.options.latency
        return FaultLayer(app, faults=self.faults, calls=self.calls, accounts=self.accounts, latency=latency)


class _Server(uvicorn.Server):
    """Says when it has begun to answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.ready = threading.Event()
        self.when_ready: Callable[[], None] = lambda: None
        config = uvicorn.Config(
            app, log_config=None, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()
        self.when_ready()


def run_forever(
    host: str,
    port: int,
    options: SimulatorOptions,
    announce: Callable[[SimulatorServer], None],
    *,
    change_every: float | None = None,
) -> None:
    """Serves a world of these options until SIGINT or SIGTERM.

    `announce` is called once, when it answers, with the server: its `url` and `world.organizations` are worth showing.
    `change_every`: seconds after which a club changes something, again and again.

    Raises:
        SettingsError: the port is taken, or the host is none of this machine.
    """
    server = SimulatorServer(options, host=host, port=port)
    if change_every is not None:
        Life(server.changes, server.world).live(change_every)
    server.serve_here(announce)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle off only where the protocol is named: without it every answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"The simulator cannot listen on {host}:{port} ({error.strerror}): choose another port"
        ) from None
    return listener


async def _refuse(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)
