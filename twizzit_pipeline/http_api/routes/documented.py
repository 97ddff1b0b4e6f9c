"""The answers that many routes share, as the OpenAPI document tells them."""

from typing import Any

from twizzit_pipeline.http_api.schemas import Conflict, Error, NotVerified, ValidationFailed

Responses = dict[int | str, dict[str, Any]]

_ALL: Responses = {
    400: {"model": ValidationFailed, "description": "A field is not what it should be"},
    401: {"model": Error, "description": "No token, or none that is right"},
    403: {"model": Error, "description": "The token's role may not do this, or it does not reach to this credential"},
    404: {"model": Error, "description": "No such credential, season, team or sync"},
    409: {"model": Conflict, "description": "It is in the way of something else"},
    413: {"model": Error, "description": "The body is larger than 64 KiB"},
    424: {"model": Error, "description": "Twizzit cannot be read; `error` says why"},
    429: {
        "model": Error,
        "description": "Too many of these with one token",
        "headers": {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}},
    },
    503: {"model": Error, "description": "The database, the key or the orchestrator is not there"},
}
_EVERY_ROUTE = (401, 403, 413, 503)
_UNVERIFIED: Responses = {
    401: {"model": NotVerified, "description": "Twizzit's own refusal, or no token that is right"}
}


def answers(*statuses: int) -> Responses:
    """These statuses, besides those that every route with a token has."""
    return {status: _ALL[status] for status in sorted({*_EVERY_ROUTE, *statuses})}


def open_answers(*statuses: int) -> Responses:
    """These statuses alone, for a route without a token."""
    return {status: _ALL[status] for status in statuses}


def verification_answers() -> Responses:
    """Those of a verification, whose 401 has a shape of its own."""
    return {**answers(400, 404, 409, 429), **_UNVERIFIED}


def total_header() -> dict[str, Any]:
    """200 of a page."""
    return {
        "description": "A page",
        "headers": {"X-Total-Count": {"description": "Rows in all", "schema": {"type": "integer"}}},
    }
