"""The answers that many routes share, as the OpenAPI document shows them."""

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
    424: {
        "model": Error,
        "description": "Not there: Twizzit, the orchestrator, the database or the key; `error` says which",
    },
    429: {
        "model": Error,
        "description": "Too many of these with one token",
        "headers": {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}},
    },
    503: {"model": Error, "description": "The database or the key is not there; only of what reads, a write has 424"},
}
_EVERY_ROUTE = (401, 403, 413, 424, 503)
_UNVERIFIED: Responses = {
    200: {"description": "Whether the login works: `success`"},  # the route's own model is in the document already
    401: {"model": NotVerified, "description": "No token that is right; with `refusedAs=401`, Twizzit's own refusal"},
}


def answers(*statuses: int) -> Responses:
    """These statuses, besides those that every route with a token has."""
    return {status: _ALL[status] for status in sorted({*_EVERY_ROUTE, *statuses})}


def verification_answers() -> Responses:
    """Those of a verification, whose refusals have a shape of their own."""
    return {**answers(400, 404, 409, 429), **_UNVERIFIED}


def total_header() -> dict[str, Any]:
    """200 of a page."""
    return {
        "description": "A page",
        "headers": {"X-Total-Count": {"description": "Rows in all", "schema": {"type": "integer"}}},
    }
