"""Errors as the application sends them: who handles which, and what is logged of the unexpected ones.

What belongs here: FastAPI's handlers. Which status and words an error becomes is in `problems`.
"""

import logging
import traceback
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twizzit_pipeline import errors
from twizzit_pipeline.http_api.problems import FAILED_DEPENDENCY, UNSPOKEN, Problem, invalid, invalid_field, problem_of
from twizzit_pipeline.storage.sqlstates import in_our_words

_log = logging.getLogger("twizzit_pipeline.http_api")

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PLACES = {"body", "path", "query", "header", "cookie"}
_LONGEST_FIELD = 100


def handle_problems(app: FastAPI) -> None:
    """Teaches the application these shapes."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(errors.TwizzitPipelineError, _ours)
    app.add_exception_handler(DBAPIError, _of_driver)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _of_http)


def _status(status: int, method: str) -> int:
    """The status for this verb: no write is answered with a 5xx, which ShotSpot's front end takes for success."""
    return FAILED_DEPENDENCY if status >= 500 and method not in _READS else status


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return JSONResponse(problem.body, status_code=_status(problem.status, request.method), headers=problem.headers)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.TwizzitPipelineError)
    problem = problem_of(error)
    if isinstance(error, UNSPOKEN):
        _log.error("%s: %s", type(error).__name__, error)
    return await _problem(request, problem)


async def _of_driver(request: Request, error: Exception) -> Response:
    """What the database said where no module has put it into words: a lock that is held, a server that goes."""
    ours = in_our_words(error)
    if ours is None:
        raise error  # a mistake of the program
    return await _ours(request, ours)


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await _problem(request, invalid(list(_details(error.errors()))))


async def _of_http(request: Request, error: Exception) -> Response:
    """What Starlette raises by itself: no such path, no such verb, a body that is no JSON at all."""
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        return await _problem(request, invalid_field("body", "The body is no JSON"))
    names = {404: "Not found", 405: "Method not allowed"}
    name = names.get(error.status_code, str(error.detail))
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return await _problem(request, Problem(error.status_code, name, headers=headers))


def _allowed(request: Request) -> str:
    """The verbs of this path, of all routes on it: Starlette names those of the first one alone."""
    app: FastAPI = request.app
    fitting = (verbs for path, verbs in app.openapi()["paths"].items() if compile_path(path)[0].match(request.url.path))
    found = {verb.upper() for verbs in fitting for verb in verbs} or {"GET"}
    return ", ".join(sorted(found | ({"HEAD"} if "GET" in found else set())))


def _details(faults: Iterable[Any]) -> Iterable[dict[str, str]]:
    """`field` and `message` of pydantic's errors, without the values that were sent."""
    for fault in faults:
        place, *path = fault["loc"]
        if fault["type"] == "json_invalid":
            yield {"field": "body", "message": "The body is no JSON"}
            continue
        named = [str(part) for part in path if place in _PLACES] or [str(place)]
        field = ".".join(named).encode("utf-8", "replace").decode()[:_LONGEST_FIELD]
        yield {"field": field, "message": str(fault["msg"]).removeprefix("Value error, ")}


class UnexpectedErrors:
    """Turns an unexpected error into a 500 (a write: 424) without words of it, and logs where it happened but no
    values: they may be passwords, or people.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:  # the last one who can
            if scope["type"] != "http":
                raise
            where = "".join(traceback.format_tb(error.__traceback__))
            _log.error("Unexpected %s at %s %s\n%s", type(error).__name__, scope["method"], _route(scope), where)
            if not begun:
                said = {"error": "Internal server error", "message": "Nothing was done, or not all of it: see the log"}
                await JSONResponse(said, status_code=_status(500, scope["method"]))(scope, receive, send)


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "an unknown path")
