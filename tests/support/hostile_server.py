"""A Twizzit that means ill: a server of sockets on loopback that answers with whatever bytes a play writes.

A play gets the connection after the request's headers (and body) were read, and writes; what it does with time is its
own affair. It is stopped with the server: a play that goes on for ever sees its writes fail.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType

Play = Callable[[socket.socket], None]

_TOKEN = b'{"token": "abc", "created-on": 0, "valid-till": 3600}'


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> Play:
    """A whole answer, with its length and these further header lines."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), b"Connection: close", *headers]
    return lambda connection: connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)


class HostileServer:
    """Answers logins honestly and everything else by its play; counts the calls that arrived.

    Args:
        play: for all calls but the login.
        login: for the login, where that is to be played as well.
    """

    def __init__(self, play: Play, *, login: Play | None = None) -> None:
        self._play = play
        self._login = login or answer(_TOKEN, b"Content-Type: application/json")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.requests: list[bytes] = []

    @property
    def url(self) -> str:
        """Its endpoint, as a credential has it."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v2/api"

    def __enter__(self) -> "HostileServer":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in [self._listener, *self._open]:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    if not (part := connection.recv(65536)):
                        return
                    request += part
                self.requests.append(request)
                (self._login if b"/authenticate" in request.split(b"\r\n", 1)[0] else self._play)(connection)
        except OSError:
            return


@contextmanager
def hanging_endpoints() -> Iterator[dict[str, str]]:
    """Endpoints by where a call hangs: in connecting, in the handshake of TLS, before the headers, in the body."""
    body = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n["
    with (
        ExitStack() as open_sockets,
        HostileServer(_silence, login=_silence) as headers,
        HostileServer(_silence, login=dripping(body, b" ")) as drip,
    ):
        # The queue of unaccepted connections is full: a further one is never answered.
        full, mute = (open_sockets.enter_context(socket.socket()) for _ in range(2))
        for listener, backlog in ((full, 0), (mute, 100)):
            listener.bind(("127.0.0.1", 0))
            listener.listen(backlog)
        for _ in range(4):
            waiting = open_sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield {
            "connect": f"http://127.0.0.1:{full.getsockname()[1]}/v2/api",
            "tls": f"https://127.0.0.1:{mute.getsockname()[1]}/v2/api",
            "headers": headers.url,
            "drip": drip.url,
        }


def _silence(_: socket.socket) -> None:
    time.sleep(600)


def dripping(start: bytes, drop: bytes) -> Play:
    """A start, and then a drop every now and then, for far longer than any test lasts."""

    def play(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(600):
            time.sleep(0.05)
            connection.sendall(drop)

    return play
