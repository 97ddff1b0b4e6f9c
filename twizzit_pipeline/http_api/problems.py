"""Errors on their way out, in the guide's shapes: never a traceback, never what the client sent.

What belongs here: which status and words an error becomes. Texts of drivers stay inside: they may hold names of hosts
and rows.
"""

import logging
import traceback
from collections.abc import Iterable, Mapping, Sequence
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
from twizzit_pipeline.storage.sqlstates import in_our_words

_log = logging.getLogger("twizzit_pipeline.http_api")

# What a request needs and cannot have: Twizzit, the orchestrator, the database, the key. ShotSpot's front end shows any
# 5xx on a write as done ("queued for sync when online") and logs people out on a 401, so it is neither of these; and no
# 409, which says that the caller can settle it.
FAILED_DEPENDENCY = 424
_READS = frozenset({"GET", "HEAD", "OPTIONS"})

_PLACES = {"body", "path", "query", "header", "cookie"}
_LONGEST_FIELD = 100


class Problem(Exception):
    """An answer that is no success, ready to be sent.

    Attributes:
        status: of HTTP.
        body: `error`, in a few words that programs may rely on; `message`, for people; whatever else belongs to it.
    """

    def __init__(
        self,
        status: int,
        error: str,
        message: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.body: dict[str, object] = {"error": error, **({} if message is None else {"message": message}), **more}
        self.headers = dict(headers or {})


def invalid(details: Sequence[Mapping[str, str]]) -> Problem:
    """400 in the guide's shape; `details`: `field` and `message` of each fault.

    Each is said once more as `param` and `msg`, which is what ShotSpot's front end reads.
    """
    both = [{**fault, "param": fault["field"], "msg": fault["message"]} for fault in details]
    return Problem(400, "Validation failed", details=both)


def invalid_field(field: str, message: str) -> Problem:
    """400 for one field."""
    return invalid([{"field": field, "message": message}])


# What an error of the project is for a client: status, words. The first class that fits; their messages are safe to
# show but for the database's.
_OURS: tuple[tuple[type[errors.TwizzitPipelineError], int, str], ...] = (
    (errors.UnknownCredential, 404, "Credential not found"),
    (errors.UnknownSeason, 404, "Season not found"),
    (errors.UnknownRequest, 404, "Sync request not found"),
    (errors.UnknownSync, 404, "Sync not found"),
    (errors.UndoRefused, 409, "Sync cannot be undone"),
    (errors.RequestNotWaiting, 409, "Sync request not waiting"),
    (errors.RequestShared, 409, "Sync request shared"),
    (errors.NothingToDecide, 409, "Nothing to decide"),
    (errors.RequestCancelled, 409, "Sync request cancelled"),
    (errors.UnknownPlan, 404, "Plan not found"),
    (errors.PlanRefused, 409, "Plan cannot be used"),
    (errors.FirstSyncHeld, 409, "First sync held"),
    (errors.UnknownTeam, 404, "Team not found"),
    (errors.UnknownPlayer, 404, "Player not found"),
    (errors.NotUnique, 409, "Not unique"),
    (errors.UnknownClub, 404, "Club not found"),
    (errors.UnknownConflict, 404, "Conflict not found"),
    (errors.ConflictRefused, 409, "Conflict not resolved"),
    (errors.ValueRefused, 400, "Validation failed"),
    (errors.ConfigurationRefused, 400, "Validation failed"),
    (errors.DuplicateOrganization, 409, "Organization already has credentials"),
    (errors.InactiveCredential, 409, "Credential is inactive"),
    (errors.SyncInProgress, 409, "Sync already in progress"),
    (errors.NoOrchestrator, 503, "No orchestrator is running"),
    (errors.DatabaseUnavailable, 503, "Database unavailable"),
    (errors.DatabaseRefused, 503, "Database unavailable"),
    (errors.UnsupportedDatabase, 503, "Database unavailable"),
    (errors.MigrationsPending, 503, "Database unavailable"),
    (errors.NotAsShown, 409, "Credential changed meanwhile"),
    (errors.CredentialChanged, 409, "Credential was changed"),
    (errors.DecryptionFailed, 503, "Password decryption failed"),
    (errors.TamperedCredential, 503, "Password decryption failed"),
    (errors.SettingsError, 503, "Server is not configured"),
    (errors.LoginRefused, FAILED_DEPENDENCY, "Authentication failed"),
    (errors.AccessDenied, FAILED_DEPENDENCY, "Access denied"),
    (errors.OrganizationNotFound, FAILED_DEPENDENCY, "Access denied"),
    (errors.NotATwizzit, FAILED_DEPENDENCY, "Not a Twizzit"),
    (errors.EndpointRefused, FAILED_DEPENDENCY, "Endpoint refused"),
    (errors.QuotaSpent, FAILED_DEPENDENCY, "Quota spent"),
    (errors.RateLimited, FAILED_DEPENDENCY, "Rate limited by Twizzit"),
    (errors.TransientError, FAILED_DEPENDENCY, "Connection failed"),
    (errors.TwizzitPipelineError, FAILED_DEPENDENCY, "Twizzit could not be read"),
)
_UNSPOKEN = (errors.DatabaseUnavailable, errors.DatabaseRefused, errors.UnsupportedDatabase)


def words(error: errors.TwizzitPipelineError) -> str:
    """The few words of an error that programs may rely on."""
    return next(name for kind, _, name in _OURS if isinstance(error, kind))


def problem_of(error: errors.TwizzitPipelineError) -> Problem:
    """The answer that an error of the project becomes."""
    status, name = next((status, name) for kind, status, name in _OURS if isinstance(error, kind))
    if isinstance(error, errors.SyncInProgress):
        message = None if str(error) == name else str(error)
        return Problem(status, name, message, syncId=error.history_id, requestId=error.request_id)
    if isinstance(error, _UNSPOKEN):
        return Problem(status, name, "The database cannot answer now: try again later")
    if isinstance(error, errors.NotUnique):
        return Problem(status, name, str(error), choices=list(error.choices))
    message = " ".join(str(error).split()).removeprefix(f"{name}: ")
    return Problem(status, name, None if message == name else message)


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
    if isinstance(error, _UNSPOKEN):
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
