"""An ASGI guard before Dagster's UI, which accepts requests of its own pages and of no other page in the same browser.

Dagster carries out mutations by GET, from any page and under any name of the host: a picture on any page
could start, change and delete everything. What belongs here: which requests get through, by Host, Origin, method and
type. It is no login: a program on this machine can send any header.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

READING = {"GET", "HEAD"}
_GRAPHQL = "/graphql"
_PORTS = {"http": 80, "https": 443}
_POLICY_VIOLATED = 1008

# No page of another origin shows this one in a frame, where a click is stolen, or as its picture or script.
_OF_ANSWERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Refused(Exception):
    """What is wrong with a request: the status of the answer and its line."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Guard:
    """An ASGI application before another one.

    Args:
        app: what it guards.
        host: the one that the application listens on; it is called by that name too.
        origins: of the UI's pages where a proxy stands before it, like ``https://dagster.example``.
    """

    def __init__(self, app: ASGIApp, *, host: str, origins: Iterable[str] = ()) -> None:
        self._app = app
        self._origins = {origin for one in origins if (origin := _origin(one)) is not None}
        self._names = {"localhost", host.lower(), *(name for _, name, _ in self._origins)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or answer that it is refused."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            self._look_at(scope)
        except Refused as refused:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": _POLICY_VIOLATED, "reason": str(refused)})
                return
            answer = PlainTextResponse(f"{refused}\n", status_code=refused.status)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, _with_headers(send))

    def _look_at(self, scope: Scope) -> None:
        """Raises Refused."""
        headers = Headers(scope=scope)
        here = self._host(headers)
        self._see_whose_page(headers, here, navigates=_navigates(scope, headers))
        if scope["type"] == "websocket":
            return
        if scope["method"] in READING:
            if scope["path"].rstrip("/").endswith(_GRAPHQL):
                raise Refused(405, "GraphQL takes only POST here")
            return
        if scope["method"] != "POST":
            raise Refused(405, "Only GET, HEAD and POST are known here")
        types = headers.getlist("content-type")
        # By the type alone: Dagster looks for "application/json" anywhere, and a form may send it as a parameter.
        if len(types) != 1 or types[0].partition(";")[0].strip().lower() != "application/json":
            raise Refused(415, "A request that changes something must be application/json here")

    def _host(self, headers: Headers) -> tuple[str, int | None]:
        """The name and port that the UI is called by. Any other name is another site, pointed at this address."""
        hosts = headers.getlist("host")
        found = _host_and_port(hosts[0]) if len(hosts) == 1 else None
        if found is None or not (found[0] in self._names or _is_address(found[0])):
            raise Refused(421, "Not the name of this UI: name its origin in TWIZZIT_UI_ORIGINS")
        return found

    def _see_whose_page(self, headers: Headers, here: tuple[str, int | None], *, navigates: bool) -> None:
        origins = headers.getlist("origin")
        if len(origins) > 1 or (origins and not self._is_own(_origin(origins[0]), here)):
            raise Refused(403, "A page of another origin asks: if it is the UI, name it in TWIZZIT_UI_ORIGINS")
        site = headers.get("sec-fetch-site", "none")
        if site not in ("none", "same-origin") and not navigates:
            raise Refused(403, "A page of another origin asks")

    def _is_own(self, origin: tuple[str, str, int] | None, here: tuple[str, int | None]) -> bool:
        if origin is None:
            return False
        scheme, name, port = origin
        return origin in self._origins or (name, port) == (here[0], here[1] or _PORTS[scheme])


def _navigates(scope: Scope, headers: Headers) -> bool:
    """Whether a person follows a link to the UI: nothing but a page is shown."""
    return (
        scope["type"] == "http"
        and scope["method"] in READING
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _OF_ANSWERS.items():
                headers[name] = value
        await send(message)

    return sent


def _origin(text: str) -> tuple[str, str, int] | None:
    """(scheme, name, port) of ``https://dagster.example``; None of anything else, ``null`` among it."""
    scheme, separator, rest = text.partition("://")
    found = _host_and_port(rest)
    if not separator or scheme not in _PORTS or found is None:
        return None
    return scheme, found[0], found[1] or _PORTS[scheme]


def _host_and_port(text: str) -> tuple[str, int | None] | None:
    if any(letter in text for letter in "/?#@\\ \t,"):
        return None
    try:
        parts = urlsplit(f"//{text}")
        return (parts.hostname, parts.port) if parts.hostname else None
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    """The owner of a name can point it at any address; an address is what it is."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
