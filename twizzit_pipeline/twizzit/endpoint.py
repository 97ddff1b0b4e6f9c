"""Where a Twizzit lives: the dialect that a URL speaks, and the addresses that may be connected to.

What belongs here: reading a credential's `api_endpoint`, and keeping the client away from private networks. The name is
looked up and judged when the endpoint is stored (`refuse_private`) and once more when a connection opens
(`guarded_transport`), since a name may point elsewhere by then. What is said over the connection is not for this file.
"""

import ipaddress
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import httpcore
import httpx

from twizzit_pipeline.errors import ConnectionFailed, EndpointRefused

Dialect = Literal["v1", "v2"]
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_ALLOW = "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS=1"
# Not global by IANA's registry and yet neither private nor reserved in Python's eyes: carrier-grade NAT. The other two
# carry an IPv4 address inside: 6to4 and the well-known prefix of NAT64.
_CARRIER_NAT = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A credential's endpoint, read. `base_url` has no slash at its end."""

    dialect: Dialect
    base_url: str

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return urlsplit(self.base_url).scheme

    @property
    def host(self) -> str:
        """The host alone, without its port: safe to show."""
        return urlsplit(self.base_url).hostname or ""


def parse_endpoint(url: str) -> Endpoint:
    """The dialect and base URL that an endpoint stands for.

    A path that ends in ``/v1`` is v1; ``/v2/api`` is v2, and so is a bare host, which gets ``/v2/api`` appended.

    Raises:
        EndpointRefused: no http(s) URL, or one with a user, a query, a fragment or another path. The message shows the
            host at most: a password may hide in the rest.
    """
    parts = _split(url)
    path = parts.path.rstrip("/")
    root = f"{parts.scheme}://{parts.netloc.lower()}"
    if path.endswith("/v1"):
        return Endpoint("v1", root + path)
    if path.endswith("/v2/api"):
        return Endpoint("v2", root + path)
    if not path:
        return Endpoint("v2", f"{root}/v2/api")
    raise EndpointRefused(
        f"The endpoint on {parts.hostname} must end in /v1 or /v2/api, or be the host alone: "
        "the live service is https://app.twizzit.com/v2/api"
    )


def _split(url: str) -> SplitResult:
    refused = EndpointRefused("The endpoint is no URL: write it like https://app.twizzit.com/v2/api")
    text = url.strip()
    if not text or any(character.isspace() or ord(character) < 32 for character in text) or "\\" in text:
        raise refused
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
        httpx.URL(text)
    except (ValueError, httpx.InvalidURL):
        raise refused from None
    if parts.scheme not in ("http", "https") or not host:
        raise refused
    if "@" in parts.netloc:
        raise EndpointRefused("The endpoint holds a username or password before the host: give them to the credential")
    if parts.query or parts.fragment:
        raise EndpointRefused(f"The endpoint on {host} may have neither a query nor a fragment")
    return parts


def refuse_private(url: str, *, allow_private: bool = False) -> None:
    """Look the endpoint's host up and refuse it unless every address may be connected to.

    Public addresses need https. Private, loopback, link-local (metadata services too), carrier-grade NAT, multicast and
    reserved ones are refused unless `allow_private`, which also lets them speak plain http.

    Raises:
        EndpointRefused: an address is not allowed, or the URL is none.
        ConnectionFailed: the name cannot be resolved now.
    """
    parts = _split(url)
    host = parts.hostname or ""
    try:
        addresses = _resolve(host, parts.port or (443 if parts.scheme == "https" else 80))
    except OSError:
        raise ConnectionFailed(f"The host {host} cannot be resolved: check the endpoint's spelling") from None
    check_addresses(host, addresses, scheme=parts.scheme, allow_private=allow_private)


def check_addresses(host: str, addresses: Iterable[str], *, scheme: str, allow_private: bool) -> None:
    """Refuse a host if any of its addresses may not be connected to; see `refuse_private`."""
    for text in addresses:
        if _is_public(ipaddress.ip_address(text.partition("%")[0])):
            if scheme != "https":
                raise EndpointRefused(f"The endpoint on {host} must use https: passwords would travel in the clear")
        elif not allow_private:
            raise EndpointRefused(
                f"The endpoint on {host} is on a private or loopback address: refused without {_ALLOW}"
            )


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_site_local:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
    elif address in _CARRIER_NAT:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to addresses that were judged, so that no second lookup can slip in between.

    TLS still names and verifies the host of the URL: only the address is fixed.
    """

    def __init__(self, scheme: str, *, allow_private: bool) -> None:
        self._scheme = scheme
        self._allow_private = allow_private
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = _resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error
        check_addresses(host, addresses, scheme=self._scheme, allow_private=self._allow_private)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _GuardedTransport(httpx.BaseTransport):
    """An httpx transport over `GuardedBackend` that reads every answer to its end.

    httpx's own transport takes no network backend. Proxies of the environment are not used: they would look the name up
    by themselves, and the check would mean nothing.
    """

    def __init__(self, scheme: str, *, allow_private: bool, connections: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context() if scheme == "https" else None,
            max_connections=connections,
            network_backend=GuardedBackend(scheme, allow_private=allow_private),
        )

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
        try:
            answer = self._pool.handle_request(sent)
            body = _whole_body(answer, timeouts.get("read"))
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            raise httpx.ConnectError(str(error), request=request) from None
        except httpcore.TimeoutException:
            raise httpx.ReadTimeout("no answer in time", request=request) from None
        except (httpcore.NetworkError, httpcore.ProtocolError):
            raise httpx.ReadError("the connection was cut", request=request) from None
        return httpx.Response(answer.status, headers=answer.headers, stream=httpx.ByteStream(body))

    def close(self) -> None:
        self._pool.close()


def _whole_body(answer: httpcore.Response, seconds: float | None) -> bytes:
    """The body, within `seconds` in all: a timeout of the socket starts anew with every byte that drips in."""
    deadline = None if seconds is None else time.monotonic() + seconds
    body = bytearray()
    try:
        for part in answer.iter_stream():
            body += part
            if deadline is not None and time.monotonic() > deadline:
                raise httpcore.ReadTimeout
    finally:
        answer.close()
    return bytes(body)


def guarded_transport(endpoint: Endpoint, *, allow_private: bool, connections: int) -> httpx.BaseTransport:
    """A transport for this endpoint alone that judges addresses again whenever a connection opens.

    Its calls raise `EndpointRefused` for an address that is not allowed, and httpx's own errors otherwise.
    """
    return _GuardedTransport(endpoint.scheme, allow_private=allow_private, connections=connections)
