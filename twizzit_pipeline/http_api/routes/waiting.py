"""Waiting for what was asked for: how long a client says that it waits, and what it gets where that was not enough."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import DatabaseUnavailable, UnknownRequest
from twizzit_pipeline.http_api.routes.documented import Responses, answers
from twizzit_pipeline.http_api.service import PREFIX, Service
from twizzit_pipeline.scheduling import requested, requests
from twizzit_pipeline.storage.engine import driver_errors

LONGEST_WAIT_SECONDS = 600
USUAL_WAIT_SECONDS = 45.0  # ShotSpot's proxy waits for 60
_LOOK_SECONDS = (0.1, 0.2, 0.3, 0.5, 1.0)  # the last one again and again

_Wait = Annotated[
    float,
    Query(ge=0, le=LONGEST_WAIT_SECONDS, allow_inf_nan=False, description="Seconds to wait for the end of the sync"),
]
_Queue = Annotated[bool, Query(description="Wait for its turn where a sync of that credential is under way")]
_Prefer = Annotated[str | None, Header(description="`respond-async`: do not wait")]


@dataclass(frozen=True, slots=True)
class Patience:
    """What a client waits for.

    Attributes:
        seconds: how long for the end of what it asked for.
        queue: whether for its turn, where a sync of that credential is under way.
    """

    seconds: float
    queue: bool


def _patience(wait: _Wait = USUAL_WAIT_SECONDS, queue: _Queue = False, prefer: _Prefer = None) -> Patience:
    return Patience(0 if _is_asynchronous(prefer) else wait, queue)


Waits = Annotated[Patience, Depends(_patience)]


def _is_asynchronous(prefer: str | None) -> bool:
    """Whether the client does not want to wait (RFC 7240: preferences with commas between, each with parameters)."""
    wishes = (wish.partition(";")[0].strip().casefold() for wish in (prefer or "").split(","))
    return "respond-async" in wishes


async def waited(here: Service, client: Request, request: requested.Request, seconds: float) -> requested.Request:
    """The request once it is over, the client is gone or `seconds` are; holds no thread while it waits.

    A database that is away for a moment is asked again: the request stands, and its sync goes on.

    Raises:
        UnknownCredential: the credential was deleted meanwhile, and the request with it.
    """
    until, looks = anyio.current_time() + seconds, 0
    while not request.over and (left := until - anyio.current_time()) > 0 and not await client.is_disconnected():
        await anyio.sleep(min(left, _LOOK_SECONDS[min(looks, len(_LOOK_SECONDS) - 1)]))
        looks += 1
        with suppress(DatabaseUnavailable):
            request = await anyio.to_thread.run_sync(_looked_at, here, request)
    return request


def _looked_at(here: Service, request: requested.Request) -> requested.Request:
    """The request as it stands now. What is not there any more is named as the client named it: by the credential."""
    try:
        return requests.get(here.engine, request.id)
    except UnknownRequest:
        with driver_errors():
            store.get(here.engine, request.credential_id)
        raise


def answers_of(accepted: type[BaseModel]) -> Responses:
    """The answers of a route that waits; `accepted`: the body where it is not over yet."""
    return {
        **answers(400, 404, 409, 429),
        202: {
            "model": accepted,
            "description": "Not over yet",
            "headers": {"Location": {"description": "Where to ask how it goes", "schema": {"type": "string"}}},
        },
    }


def not_over(body: str, request_id: int) -> Response:
    """202, and where to ask how it goes. `body`: JSON."""
    return Response(
        body,
        status_code=202,
        headers={"Location": f"{PREFIX}/sync/requests/{request_id}"},
        media_type="application/json",
    )
