"""A pooler's worst habit, alone: what stands before PostgreSQL takes connections and drops their options."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import URL, make_url

_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104


@contextmanager
def optionless(url: str) -> Iterator[str]:
    """The URL of the same database through the proxy; `url` names a server on a Unix socket, or a host."""
    real = make_url(url)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, real), daemon=True).start()
        outside = real.set(host="127.0.0.1", port=listening.getsockname()[1], query={})
        yield outside.render_as_string(hide_password=False)


def _accept(listening: socket.socket, real: URL) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_serve, args=(client, real), daemon=True).start()


def _connected(real: URL) -> socket.socket:
    if real.host is not None:
        return socket.create_connection((real.host, real.port or 5432))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{real.query['host']}/.s.PGSQL.{real.query.get('port', 5432)}")
    return server


def _serve(client: socket.socket, real: URL) -> None:
    with client, _connected(real) as server, suppress(OSError):
        while True:
            (length,) = struct.unpack("!I", _exactly(client, 4))
            body = _exactly(client, length - 4)
            if struct.unpack("!I", body[:4])[0] not in {_SSL_REQUEST, _GSS_REQUEST}:
                break
            client.sendall(b"N")
        server.sendall(_without_options(body))
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()


def _without_options(body: bytes) -> bytes:
    version, words = body[:4], body[4:].rstrip(b"\0").split(b"\0")
    kept = [pair for pair in zip(words[::2], words[1::2], strict=True) if pair[0] != b"options"]
    parameters = b"".join(name + b"\0" + value + b"\0" for name, value in kept) + b"\0"
    return struct.pack("!I", len(version) + len(parameters) + 4) + version + parameters


def _exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            raise ConnectionResetError
        found += part
    return found


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
