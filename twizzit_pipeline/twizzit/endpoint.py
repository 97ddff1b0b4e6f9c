"""Where a Twizzit lives: the dialect that a URL speaks, and the addresses that may be connected to.

What belongs here: reading a credential's `api_endpoint`, and keeping the client away from private networks. The name is
looked up and judged when the endpoint is stored (`refuse_private`) and once more when a connection opens
(`transport.guarded_transport`), since a name may point elsewhere by then. What is said over the connection is not for
this file.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from twizzit_pipeline.errors import ConnectionFailed, EndpointRefused
from twizzit_pipeline.twizzit.addresses import is_public
from twizzit_pipeline.twizzit.dialects import DIALECTS, LIVE_ENDPOINT, OF_A_BARE_HOST, Dialect, of_path, paths
from twizzit_pipeline.twizzit.lookup import addresses_of

_ALLOW = "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS=1"
_NO_URL = f"The endpoint is no URL: write it like {LIVE_ENDPOINT}"
_LOOKUP_SECONDS = 15.0
# What DNS takes. Underscores stand in names of machines in some local networks.
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST_NAME = 253
_PATH = re.compile(r"(/[A-Za-z0-9._~%!$&'()*+,;=:-]+)*/?")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A credential's endpoint, read. `dialect` is the name of one; `base_url` has no slash at its end."""

    dialect: str
    base_url: str

    @property
    def speaks(self) -> Dialect:
        """What is true of its dialect."""
        return DIALECTS[self.dialect]

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return urlsplit(self.base_url).scheme

    @property
    def host(self) -> str:
        """The host alone, without its port: safe to show."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def server(self) -> str:
        """The host with the port that its scheme does not imply: ids are unique within it. Safe to show."""
        return urlsplit(self.base_url).netloc


@lru_cache(256)  # a sync reads its credential's again and again
def parse_endpoint(url: str) -> Endpoint:
    """The dialect and base URL that an endpoint stands for.

    The end of its path gives the dialect (`dialects`); a bare host speaks the live service's, whose path is appended.
    The host comes out in lower case and in ASCII (``xn--``), without a dot at its end or the port that its scheme
    implies.

    Raises:
        EndpointRefused: no http(s) URL, or one with a user, a query, a fragment or another path. The message shows the
            host at most: a password may hide in the rest.
    """
    parts = _split(url)
    path = parts.path.rstrip("/")
    root = f"{parts.scheme}://{parts.netloc}"
    path = path or OF_A_BARE_HOST.path
    dialect = of_path(path)
    if dialect is None:
        raise EndpointRefused(
            f"The endpoint on {parts.hostname} must end in {paths()}, or be the host alone: "
            f"the live service is {LIVE_ENDPOINT}"
        )
    return Endpoint(dialect.name, root + path)


def _split(url: str) -> SplitResult:
    """The parts of a URL that can be connected to; `netloc` is its host in ASCII, with the port that is not implied."""
    import httpx  # noqa: PLC0415 - a command that reads no endpoint has no use for it

    text = url.strip()
    if not text or any(character.isspace() or not character.isprintable() for character in text) or "\\" in text:
        raise EndpointRefused(_NO_URL)
    try:
        parts = urlsplit(text)
        port = parts.port
        read = httpx.URL(text)
        # Decoding shows whether a host that begins with xn-- stands for any name at all.
        host = read.raw_host.decode("ascii").lower() if read.host else ""
    except (ValueError, httpx.InvalidURL):
        raise EndpointRefused(_NO_URL) from None
    if parts.scheme not in ("http", "https") or not host:
        raise EndpointRefused(_NO_URL)
    if "@" in parts.netloc:
        raise EndpointRefused("The endpoint holds a username or password before the host: give them to the credential")
    host = _host(host, bracketed="[" in parts.netloc)
    if port == 0:
        raise EndpointRefused(f"The endpoint on {host} has an impossible port: it must be 1 to 65535")
    if parts.query or parts.fragment:
        raise EndpointRefused(f"The endpoint on {host} may have neither a query nor a fragment")
    if not _PATH.fullmatch(parts.path) or {".", ".."} & set(parts.path.split("/")):
        raise EndpointRefused(f"The endpoint on {host} has an impossible path: it must end in {paths()}")
    implied = port is None or port == (443 if parts.scheme == "https" else 80)
    return parts._replace(netloc=host if implied else f"{host}:{port}")


def _host(host: str, *, bracketed: bool) -> str:
    """A host as a URL has it: an IPv6 address in brackets, a name without a dot at its end.

    Raises:
        EndpointRefused: no network could have such a name or address. The message does not show it.
    """
    if bracketed:
        try:
            address = ipaddress.IPv6Address(host.strip("[]"))
        except ValueError:
            raise EndpointRefused(_NO_URL) from None
        if address.scope_id is not None:
            raise EndpointRefused("The endpoint's address names a network interface after a %: leave that out")
        return f"[{address}]"
    name = host.removesuffix(".")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise EndpointRefused(_NO_URL)
    return name


def refuse_private(url: str, *, allow_private: bool = False) -> None:
    """Look the endpoint's host up and refuse it unless every address may be connected to.

    Public addresses need https. Private, loopback, link-local (metadata services too), carrier-grade NAT, multicast and
    other special ones (`addresses`) are refused unless `allow_private`, which also lets them speak plain http.

    Raises:
        EndpointRefused: an address is not allowed, or the URL is none.
        ConnectionFailed: the name cannot be resolved now.
    """
    parts = _split(url)
    host = parts.hostname or ""
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = addresses_of(host, port, seconds=_LOOKUP_SECONDS)
    except OSError:
        raise ConnectionFailed(f"The host {host} cannot be resolved: check the endpoint's spelling") from None
    check_addresses(host, addresses, scheme=parts.scheme, allow_private=allow_private)


def check_addresses(host: str, addresses: Iterable[str], *, scheme: str, allow_private: bool) -> None:
    """Refuse a host if any of its addresses may not be connected to; see `refuse_private`."""
    for text in addresses:
        if is_public(text):
            if scheme != "https":
                raise EndpointRefused(f"The endpoint on {host} must use https: passwords would travel in the clear")
        elif not allow_private:
            raise EndpointRefused(
                f"The endpoint on {host} is on a private or loopback address: refused without {_ALLOW}"
            )
