"""The connection to one endpoint: addresses judged, one deadline for a call, answers of bounded size.

What belongs here: what happens below HTTP's meaning. The server is chosen by the owner of a credential and need not
mean well: it may drip its headers, answer ``100 Continue`` for ever, or pack gigabytes into a few bytes.
"""

import ssl
import zlib
from collections.abc import Callable, Iterable

import httpcore
import httpx

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.twizzit.connections import ENDED, Deadline, OpenSockets, connected
from twizzit_pipeline.twizzit.endpoint import Endpoint, check_addresses
from twizzit_pipeline.twizzit.lookup import addresses_of

# A page of 250 rows, each with every field filled, stays below 4 MB; a whole federation's list in one answer below 20.
LARGEST_ANSWER = 32 * 1024 * 1024
LARGEST_ERROR = 4096  # of an error's body only its first words are looked at

# zlib's name for a format in its argument `wbits`.
_UNPACKED_BY = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class AnswerTooLarge(httpx.TransportError):
    """An answer has more than `LARGEST_ANSWER` bytes, packed or unpacked."""


class NoConnectionInTime(httpx.ConnectError):
    """No connection, with TLS where it is https, came about within the call's time."""


class GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to addresses that were judged, so that no second lookup can slip in between.

    TLS still names and verifies the host of the URL: only the address is fixed.
    """

    def __init__(
        self,
        scheme: str,
        *,
        allow_private: bool,
        deadline: Deadline | None = None,
        sockets: OpenSockets | None = None,
    ) -> None:
        self._scheme = scheme
        self._allow_private = allow_private
        self._deadline = deadline or Deadline()
        self._sockets = sockets or OpenSockets()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            left = self._deadline.left(timeout, httpcore.ConnectTimeout)
            addresses = addresses_of(host, port, seconds=left, ended=self._sockets.ended)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} cannot be resolved in time") from error
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error
        check_addresses(host, addresses, scheme=self._scheme, allow_private=self._allow_private)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return connected(
                    address,
                    port,
                    self._sockets,
                    self._deadline,
                    timeout=timeout,
                    local_address=local_address,
                    options=socket_options,
                )
            except httpcore.ConnectError as error:
                failure = error
            except httpcore.ConnectTimeout as error:
                self._deadline.left(None, httpcore.ConnectTimeout)  # the next address has no time either
                failure = error
        raise failure


class GuardedTransport(httpx.BaseTransport):
    """An httpx transport over `GuardedBackend` that reads every answer to its end.

    httpx's own transport takes no network backend. Proxies of the environment are not used: they would look the name up
    by themselves, and the check would mean nothing.
    """

    def __init__(self, scheme: str, *, allow_private: bool, connections: int) -> None:
        self._deadline = Deadline()
        self._sockets = OpenSockets()
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted_authorities() if scheme == "https" else None,
            max_connections=connections,
            network_backend=GuardedBackend(
                scheme, allow_private=allow_private, deadline=self._deadline, sockets=self._sockets
            ),
        )

    def end_calls(self) -> None:
        """Ends every call under way, whichever thread makes it; further ones fail until `resume`."""
        self._sockets.end()

    def resume(self) -> None:
        """Lets calls be made again."""
        self._sockets.resume()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        timeouts = request.extensions.get("timeout", {})
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.read(),
            extensions={"timeout": timeouts},
        )
        if self._sockets.ended.is_set():
            raise httpx.ReadError(ENDED, request=request)
        self._deadline.start(timeouts.get("read"))
        try:
            return self._answer(sent)
        except httpcore.ConnectTimeout as error:
            raise NoConnectionInTime(str(error) or "no connection in time", request=request) from None
        except httpcore.ConnectError as error:
            raise httpx.ConnectError(str(error), request=request) from None
        except httpcore.TimeoutException:
            raise httpx.ReadTimeout("no answer in time", request=request) from None
        except (httpcore.NetworkError, httpcore.ProtocolError):
            raise httpx.ReadError("the connection was cut", request=request) from None

    def close(self) -> None:
        self._pool.close()

    def _answer(self, sent: httpcore.Request) -> httpx.Response:
        answer = self._pool.handle_request(sent)
        is_error = not 200 <= answer.status < 300
        try:
            most = LARGEST_ERROR if is_error else LARGEST_ANSWER
            body = self._body(answer, most, cut=is_error)
        finally:
            answer.close()
        headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-encoding"]
        return httpx.Response(answer.status, headers=headers, stream=httpx.ByteStream(body))

    def _body(self, answer: httpcore.Response, most: int, *, cut: bool) -> bytes:
        """At most so many bytes, unpacked: the first ones where it may be cut."""
        unpack = _unpacker(answer.headers)
        body, arrived = bytearray(), 0
        for part in answer.iter_stream():
            arrived += len(part)
            body += unpack(part, most + 1 - len(body))
            self._deadline.left(None, httpcore.ReadTimeout)
            if max(arrived, len(body)) > most:
                if cut:
                    return bytes(body[:most])
                raise AnswerTooLarge(f"more than {most} bytes")
        return bytes(body)


def _unpacker(headers: Iterable[tuple[bytes, bytes]]) -> Callable[[bytes, int], bytes]:
    """What makes of a part of a body at most so many bytes. Nothing packed is asked for, and one packing is undone.

    Raises:
        httpx.DecodingError: (also when unpacking) the body is packed in another way, or broken.
    """
    names = [value.decode("latin-1").strip().lower() for name, value in headers if name.lower() == b"content-encoding"]
    coding = ",".join(names)
    if coding in ("", "identity"):
        return lambda part, most: part[:most]
    if coding not in _UNPACKED_BY:
        raise httpx.DecodingError("packed in a way that was not asked for")
    packed = zlib.decompressobj(wbits=_UNPACKED_BY[coding])

    def unpack(part: bytes, most: int) -> bytes:
        try:
            return b"" if packed.eof else packed.decompress(part, most)
        except zlib.error:
            raise httpx.DecodingError("a packed body that is broken") from None

    return unpack


def trusted_authorities() -> ssl.SSLContext:
    """Whose certificates are trusted: certifi's authorities, or those that `SSL_CERT_FILE` or `SSL_CERT_DIR` names.

    Raises:
        SettingsError: a file that the environment names for TLS cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise SettingsError(
            f"What the environment names for TLS cannot be read ({error.strerror or type(error).__name__}): see "
            "SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE"
        ) from None


def guarded_transport(endpoint: Endpoint, *, allow_private: bool, connections: int) -> GuardedTransport:
    """A transport for this endpoint alone that judges addresses again whenever a connection opens.

    A call lasts at most as long as its timeout for reading, from the lookup of the name to the last byte.

    Raises:
        SettingsError: as `trusted_authorities`.

    Raises (its calls):
        EndpointRefused: the host is on an address that is not allowed.
        AnswerTooLarge, httpx.DecodingError: see there; otherwise httpx's own errors.
    """
    return GuardedTransport(endpoint.scheme, allow_private=allow_private, connections=connections)
