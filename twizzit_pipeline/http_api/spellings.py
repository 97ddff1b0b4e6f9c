"""Two spellings of a request that the routes do not know: a HEAD, and an address with a slash at its end.

A HEAD is what monitors and proxies ask first; it is a GET whose body the server leaves out. An address with a slash
would be answered with a redirect to ``http`` and the name in ``Host``: behind a proxy with TLS that leads a client, and
its token, away from it.
"""

from starlette.types import ASGIApp, Receive, Scope, Send


class Spellings:
    """Hands on a request as it was meant. `but_under`: paths that have a slash of their own."""

    def __init__(self, app: ASGIApp, but_under: str) -> None:
        self._app = app
        self._but_under = but_under

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(self._meant(scope) if scope["type"] == "http" else scope, receive, send)

    def _meant(self, scope: Scope) -> Scope:
        method, path = scope["method"], scope["path"]
        if path != "/" and not path.startswith(self._but_under):
            path = path.removesuffix("/")
        # A new one: the server asks its own whether a body is wanted.
        return {**scope, "method": "GET" if method == "HEAD" else method, "path": path}
