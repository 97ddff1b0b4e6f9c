"""Plays the armed faults on the wire: a layer between the server and the two dialects, which also counts the calls."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import ceil
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twizzit_pipeline.simulator.accounts import QUOTA_MESSAGE, Accounts, bearer
from twizzit_pipeline.simulator.faults import Calls, Fault, Faults
from twizzit_pipeline.simulator.paging import SHIFT

CONTROL = "/simulator"
_LOOK_SECONDS = 0.2
_PAGE = "<!DOCTYPE html><html><head><title>Twizzit</title></head><body><h1>Even geduld</h1></body></html>"
Body = tuple[Message, bytes]


class FaultLayer:
    """An ASGI application around another: calls to the control routes pass it untouched and uncounted."""

    def __init__(self, app: ASGIApp, *, faults: Faults, calls: Calls, accounts: Accounts, latency: float = 0.0) -> None:
        self._app = app
        self._latency = latency
        self._faults = faults
        self._calls = calls
        self._accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or path == CONTROL or path.startswith(CONTROL + "/"):
            await self._app(scope, receive, send)
            return
        self._calls.count(path)
        if self._latency:
            await asyncio.sleep(self._latency)
        fault = self._faults.meet(path, later_page=_is_later_page(scope))
        if fault is None:
            await self._app(scope, receive, send)
        elif (refusal := self._refusal(fault, scope)) is not None:
            await refusal(scope, receive, send)
        else:
            await self._spoil(fault, scope, receive, send)

    def _refusal(self, fault: Fault, scope: Scope) -> Response | None:
        """What is answered instead of the right answer; None for faults that spoil that one."""
        if fault.kind == "unauthorized":
            headers = dict(scope["headers"])
            self._accounts.end_session(bearer(headers.get(b"authorization", b"").decode("latin-1")))
        make = _REFUSALS.get(fault.kind)
        return make(fault) if make else None

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "slow":
            await _wait(fault)
            await self._app(scope, receive, send)
            return
        if fault.kind == "rows_shifting":
            await self._app({**scope, SHIFT: fault.shift}, receive, send)
            return
        start, body = await self._answer(scope, receive)
        if fault.kind == "cut":
            # The whole length is announced and half of it sent: returning now makes the server close the connection.
            await send(start)
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            return
        change = _BODIES.get(fault.kind, _truncated)
        body = change(body)
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> Body:
        """The right answer, kept back."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


def _too_many(retry_after: str | None) -> Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return JSONResponse({"error": "Too many requests"}, status_code=429, headers=headers)


def _date_in(seconds: float) -> str:
    # HTTP dates have whole seconds: rounded up, so that waiting until then is waiting long enough.
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return format_datetime(
        moment.replace(microsecond=0) + timedelta(seconds=1 if moment.microsecond else 0), usegmt=True
    )


def _error(status: int, message: str) -> Callable[[Fault], Response]:
    return lambda _: JSONResponse({"error": message}, status_code=status)


_REFUSALS: dict[str, Callable[[Fault], Response]] = {
    "rate_limit_seconds": lambda fault: _too_many(str(ceil(fault.seconds))),
    "rate_limit_date": lambda fault: _too_many(_date_in(fault.seconds)),
    "rate_limit_bare": lambda _: _too_many(None),
    "quota": _error(429, QUOTA_MESSAGE),
    "error_500": _error(500, "Internal server error"),
    "error_503": lambda _: HTMLResponse(_PAGE, status_code=503),
    "html": lambda _: HTMLResponse(_PAGE),
    "not_found": _error(404, "Not found"),
    "forbidden": _error(403, "no access"),
    "unauthorized": _error(401, "Unauthorized"),
}


def _truncated(body: bytes) -> bytes:
    return body[: len(body) * 2 // 3]


def _with_rows(body: bytes, change: Callable[[list[object]], list[object]]) -> bytes:
    """The list of an answer changed; an answer that is no list stays what it is."""
    answer = json.loads(body)
    if isinstance(answer, list):
        answer = change(answer)
    elif isinstance(answer, dict):
        answer = {key: change(value) if isinstance(value, list) else value for key, value in answer.items()}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def _doubled(rows: list[object]) -> list[object]:
    """Each row twice, one after the other."""
    return [row for row in rows for _ in range(2)]


def _halved(rows: list[object]) -> list[object]:
    return rows[: len(rows) // 2]


_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "rows_twice": lambda body: _with_rows(body, _doubled),
    "half_rows": lambda body: _with_rows(body, _halved),
}


def _is_later_page(scope: Scope) -> bool:
    query_string: bytes = scope.get("query_string", b"")
    query = parse_qs(query_string.decode("latin-1"))
    return query.get("offset", ["0"])[0] != "0" or query.get("page", ["1"])[0] != "1"


async def _wait(fault: Fault) -> None:
    """For as long as the fault says, or until it is cleared."""
    until = time.monotonic() + fault.seconds
    while not fault.cleared and (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(left, _LOOK_SECONDS))
