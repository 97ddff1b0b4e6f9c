"""The connections of one client: each step of one ends with its call's deadline, or when another thread ends them all.

What belongs here: sockets. A timeout of a socket alone starts anew with every byte, and no timeout ends a call early
where its run is stopped.
"""

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpcore

ENDED = "the calls of this client were ended"


class Deadline:
    """When the call of this thread must be over; each thread has its own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._own = threading.local()

    def start(self, seconds: float | None) -> None:
        """The call of this thread begins, and may last so long; None: without a limit."""
        self._own.until = None if seconds is None else self._clock() + seconds

    def left(self, timeout: float | None, late: type[Exception]) -> float | None:
        """The shorter of `timeout` and what is left of the call, in seconds.

        Raises:
            late: nothing is left.
        """
        until: float | None = getattr(self._own, "until", None)
        if until is None:
            return timeout
        left = until - self._clock()
        if left <= 0:
            raise late("the call's time is over")
        return left if timeout is None else min(left, timeout)


class OpenSockets:
    """The sockets of one client, whatever its threads do with them: connect, shake hands, read or write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.ended = threading.Event()

    def add(self, one: socket.socket) -> None:
        """
        Raises:
            httpcore.ConnectError: the calls were ended.
        """
        with self._lock:
            if self.ended.is_set():
                raise httpcore.ConnectError(ENDED)
            self._open.add(one)

    def discard(self, one: socket.socket) -> None:
        with self._lock:
            self._open.discard(one)

    def end(self) -> None:
        """Ends every call under way at once, and refuses further ones until `resume`."""
        with self._lock:
            self.ended.set()
            for one in self._open:
                with suppress(OSError):
                    # Not the method of an SSL socket, which would begin to read what is encrypted as if it were not.
                    socket.socket.shutdown(one, socket.SHUT_RDWR)

    def resume(self) -> None:
        """Lets calls be made again."""
        self.ended.clear()


class Stream(httpcore.NetworkStream):
    """A connection whose every step ends with the call's deadline, or with `OpenSockets.end`."""

    def __init__(self, connected: socket.socket, sockets: OpenSockets, deadline: Deadline) -> None:
        self._socket = connected
        self._sockets = sockets
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self.within(timeout, httpcore.ReadTimeout, httpcore.ReadError):
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        while rest:
            with self.within(timeout, httpcore.WriteTimeout, httpcore.WriteError):
                rest = rest[self._socket.send(rest) :]

    def close(self) -> None:
        self._sockets.discard(self._socket)
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "Stream":
        plain = self._socket
        try:
            with self.within(timeout, httpcore.ConnectTimeout, httpcore.ConnectError):
                # Known before the handshake, so that this can be ended as well.
                self._sockets.discard(plain)
                self._socket = ssl_context.wrap_socket(
                    plain, server_hostname=server_hostname, do_handshake_on_connect=False
                )
                self._sockets.add(self._socket)
                self._socket.do_handshake()
        except BaseException:
            self.close()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return _is_readable(self._socket)
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        return {"socket": self._socket}.get(info)

    @contextmanager
    def within(self, timeout: float | None, late: type[Exception], broken: type[Exception]) -> Iterator[None]:
        """One step on the socket.

        Raises:
            late: it did not come to its end in time.
            broken: it failed, or the calls were ended.
        """
        if self._sockets.ended.is_set():
            raise broken(ENDED)
        left = self._deadline.left(timeout, late)
        try:
            self._socket.settimeout(left)
            yield
        except TimeoutError as error:
            raise late("no answer in time") from error
        except OSError as error:
            raise broken(str(error)) from error


def connected(
    address: str,
    port: int,
    sockets: OpenSockets,
    deadline: Deadline,
    *,
    timeout: float | None = None,
    local_address: str | None = None,
    options: Iterable[Any] | None = None,
) -> Stream:
    """A connection to this address.

    Raises:
        httpcore.ConnectTimeout, httpcore.ConnectError: there is none, in time or at all.
    """
    family, kind, protocol, _, target = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )[0]
    stream = Stream(socket.socket(family, kind, protocol), sockets, deadline)
    one: socket.socket = stream.get_extra_info("socket")
    try:
        sockets.add(one)
        with stream.within(timeout, httpcore.ConnectTimeout, httpcore.ConnectError):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for option in options or ():
                one.setsockopt(*option)
            if local_address is not None:
                one.bind((local_address, 0))
            one.connect(target)
    except BaseException:
        stream.close()
        raise
    return stream


def _is_readable(one: socket.socket) -> bool:
    """Whether something waits to be read, an end of the connection among it."""
    if one.fileno() < 0:
        return True
    looking = select.poll()
    looking.register(one, select.POLLIN)
    return bool(looking.poll(0))
