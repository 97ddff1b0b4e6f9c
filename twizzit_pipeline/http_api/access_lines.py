"""One log line for each answer: the verb, the route's template, the status, the time it took, and whose token it was.

Never a path with its ids, a query or a body: they say whose children were asked for, and what was sent.
"""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twizzit_pipeline import logs

_log = logs.logger(__name__)

# Asked for every few seconds by monitoring.
_ROUTINE = ("/health", "/metrics")


class AccessLines:
    """Writes the lines; routine requests of monitoring are logged at the level debug."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            _log_request(scope, status, 1000 * (time.perf_counter() - began))


def _log_request(scope: Scope, status: int, milliseconds: float) -> None:
    route = getattr(scope.get("route"), "path", None)
    caller = scope.get("state", {}).get("caller")
    say = _log.debug if route is not None and route.endswith(_ROUTINE) else _log.info
    say(
        "request answered",
        method=scope["method"],
        route=route,
        status=status or None,
        ms=round(milliseconds, 1),
        subject=getattr(caller, "user_id", None),
    )
