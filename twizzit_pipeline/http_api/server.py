"""The API as a process: uvicorn, on loopback unless set otherwise.

What is logged about requests is said by `access`; uvicorn's own lines of them, with paths and queries, are off.
"""

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Mapping
from typing import Any

import uvicorn

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.http_api.app import create_app
from twizzit_pipeline.http_api.service import Service
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

_GRACE_SECONDS = 5
_IDLE_SECONDS = 30
# How uvicorn reads requests. httptools, which it would take, keeps as many bytes of headers as a stranger sends.
READING: Mapping[str, Any] = {"http": "h11", "h11_max_incomplete_event_size": 64 * 1024}


def serve(settings: Settings, database: Database, *, listener: socket.socket, announce: Callable[[str], None]) -> None:
    """Serves the API until SIGINT or SIGTERM; `announce` is called with its address as soon as it answers.

    Args:
        listener: from `listen`; closed at the end.

    Raises:
        SettingsError: no secret for tokens.
    """
    app = create_app(settings, database)
    host, port = listener.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,  # its warnings come out with all other lines
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        **READING,
    )
    service: Service = app.state.service
    server = _Server(config, lambda: announce(address), service.patience.end)
    # uvicorn raises the signal once more when it has stopped: SIGTERM then ends us as Ctrl-C does, not in mid-air.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(server.serve(sockets=[listener]))
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()


class _Server(uvicorn.Server):
    """Says when it has begun to answer, and when it is about to end."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None], at_the_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready
        self._at_the_end = at_the_end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._at_the_end()  # else the answers under way would be waited for
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._when_ready()


def listen(host: str, port: int) -> socket.socket:
    """The port, taken; 0 chooses a free one.

    Raises:
        SettingsError: it is taken, or the host is none of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):  # the latter of a part that is too long
        raise _not_here(host) from None
    # asyncio turns Nagle off only where the protocol is named: without it every answer waits 40 ms for an ACK.
    listener = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:  # no other port would do
            raise _not_here(host) from None
        raise SettingsError(
            f"The API cannot listen on {host}:{port} ({error.strerror}): choose another port with --port"
        ) from None
    return listener


def _not_here(host: str) -> SettingsError:
    return SettingsError(f"TWIZZIT_API_HOST: {host} is no address of this machine")
