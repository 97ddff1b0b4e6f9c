"""Bodies are short here: more than 64 KiB get a 413, by the bytes that arrive and not by the length that is declared.

Starlette's own limiter counts only what a route reads, and answers in plain text.
"""

from collections.abc import Iterable

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 64 * 1024


class BodyLimit:
    """Reads the whole body before the routes see the request."""

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BYTES) -> None:
        self._app = app
        self._most = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced(scope["headers"]) > self._most:
            await _too_large(scope, receive, send)
            return
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._most:
                await _too_large(scope, receive, send)
                return
        await self._app(scope, _again(bytes(body), receive), send)


def _announced(headers: Iterable[tuple[bytes, bytes]]) -> int:
    text = next((value for name, value in headers if name == b"content-length"), b"0")
    return int(text) if text.isdigit() and len(text) < 20 else 0


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    answer = JSONResponse(
        {"error": "Request body too large", "message": f"At most {MOST_BYTES // 1024} KiB"},
        status_code=413,
        headers={"Connection": "close"},
    )
    await answer(scope, receive, send)


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once, and then what really comes (the client going away)."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
