"""Syncs: asked for here, carried out by the orchestrator, waited for as long as the client likes."""

from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import Header, Query, Request, Response

from twizzit_pipeline.credentials import store
from twizzit_pipeline.entities import COMPETITIONS
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.bodies import CompetitionsSync, PlayersSync, TeamsSync
from twizzit_pipeline.http_api.results import sync_id, sync_result, with_budget
from twizzit_pipeline.http_api.routes.documented import Responses, answers
from twizzit_pipeline.http_api.routes.requests import rows_of
from twizzit_pipeline.http_api.service import PREFIX, CredentialId, Here, Service
from twizzit_pipeline.scheduling import requested, requests, usage
from twizzit_pipeline.scheduling.wishes import RequestOptions, Wish
from twizzit_pipeline.storage.engine import driver_errors

router = guarded_router("Synchronization")

LONGEST_WAIT_SECONDS = 600
USUAL_WAIT_SECONDS = 45.0  # ShotSpot's proxy waits for 60
_LOOK_SECONDS = (0.1, 0.2, 0.3, 0.5, 1.0)  # the last one again and again

Wait = Annotated[
    float,
    Query(ge=0, le=LONGEST_WAIT_SECONDS, allow_inf_nan=False, description="Seconds to wait for the end of the sync"),
]
Queue = Annotated[bool, Query(description="Wait for its turn where a sync of that credential is under way")]
Prefer = Annotated[str | None, Header(description="`respond-async`: do not wait")]

ANSWERS: Responses = {
    **answers(400, 404, 409, 429),
    202: {
        "model": schemas.SyncAccepted,
        "description": "Not over yet",
        "headers": {"Location": {"description": "Where to ask how it goes", "schema": {"type": "string"}}},
    },
}


@router.post(
    "/sync/teams/{credentialId}",
    response_model=schemas.SyncResult,
    response_model_exclude_unset=True,
    responses=ANSWERS,
)
@router.post(
    "/sync/clubs/{credentialId}",
    response_model=schemas.SyncResult,
    response_model_exclude_unset=True,
    responses=ANSWERS,
    deprecated=True,
    description="An old name of `/sync/teams`.",
)
async def sync_teams(
    here: Here,
    caller: CurrentCaller,
    request: Request,
    credential_id: CredentialId,
    body: TeamsSync | None = None,
    wait: Wait = USUAL_WAIT_SECONDS,
    queue: Queue = False,
    prefer: Prefer = None,
) -> schemas.SyncResult | Response:
    """Sync the teams of a credential, and their players if `includePlayers` says so."""
    asked = body or TeamsSync()
    wish = Wish("teams", asked.season_id, _options(asked))
    made = await ask(here, caller, credential_id, wish, queue=queue)
    return await answer(here, request, made, wish, 0 if is_asynchronous(prefer) else wait)


@router.post(
    "/sync/players/{credentialId}",
    response_model=schemas.SyncResult,
    response_model_exclude_unset=True,
    responses=ANSWERS,
)
async def sync_players(
    here: Here,
    caller: CurrentCaller,
    request: Request,
    credential_id: CredentialId,
    body: PlayersSync | None = None,
    wait: Wait = USUAL_WAIT_SECONDS,
    queue: Queue = False,
    prefer: Prefer = None,
) -> schemas.SyncResult | Response:
    """Sync the players of the teams that are mapped."""
    asked = body or PlayersSync()
    wish = Wish("players", asked.season_id, _options(asked))
    made = await ask(here, caller, credential_id, wish, queue=queue)
    return await answer(here, request, made, wish, 0 if is_asynchronous(prefer) else wait)


@router.post(
    "/sync/competitions/{credentialId}",
    response_model=schemas.SyncResult,
    response_model_exclude_unset=True,
    responses=ANSWERS,
)
async def sync_competitions(
    here: Here,
    caller: CurrentCaller,
    request: Request,
    credential_id: CredentialId,
    body: CompetitionsSync | None = None,
    wait: Wait = USUAL_WAIT_SECONDS,
    queue: Queue = False,
    prefer: Prefer = None,
) -> schemas.SyncResult | Response:
    """Sync the competitions of a credential, and their matches."""
    wish = Wish(COMPETITIONS.sync_type, None if body is None else body.season_id)
    made = await ask(here, caller, credential_id, wish, queue=queue)
    return await answer(here, request, made, wish, 0 if is_asynchronous(prefer) else wait)


def _options(body: PlayersSync) -> RequestOptions:
    return RequestOptions(
        group_id=body.group_id,
        create_missing=body.create_missing is not False,
        include_players=isinstance(body, TeamsSync) and body.include_players is True,
    )


async def ask(here: Service, caller: Caller, credential_id: int, wish: Wish, *, queue: bool) -> requests.Answer:
    """Counts the question, and asks. Of a credential that there is not, nothing is counted."""

    def counted() -> requests.Answer:
        with driver_errors():
            store.get(here.engine, credential_id)
        here.syncs.spend(caller, credential_id)
        return requests.ask(
            here.engine,
            credential_id,
            sync_type=wish.sync_type,
            season=wish.season,
            options=wish.options,
            actor=caller.actor,
            queue=queue,
        )

    return await anyio.to_thread.run_sync(counted)


async def answer(
    here: Service, client: Request, made: requests.Answer, wish: Wish, seconds: float
) -> schemas.SyncResult | Response:
    """200 with the result, or 202 once `seconds` are over; holds no thread while it waits."""
    request = await waited(here, client, made.request, seconds)
    rows = await anyio.to_thread.run_sync(rows_of, here, request)
    budget = await anyio.to_thread.run_sync(usage.budget, here.engine, request.credential_id)
    said: schemas.SyncResult | schemas.SyncAccepted
    if request.over:
        said = with_budget(sync_result(request, rows, wish.sync_type), budget)
    else:
        waiting = _waiting(request, made.already_queued)
        accepted = schemas.SyncAccepted(
            success=True,
            message=waiting if budget is None or budget.enough else f"{waiting}; {budget.words}",
            request_id=request.id,
            sync_id=sync_id(request, rows, wish.sync_type),
            status=request.status,
        )
        said = with_budget(accepted, budget)
    if made.already_queued:
        said.already_queued = True
    if isinstance(said, schemas.SyncResult):
        return said
    return Response(
        said.model_dump_json(by_alias=True, exclude_unset=True),
        status_code=202,
        headers={"Location": f"{PREFIX}/sync/requests/{request.id}"},
        media_type="application/json",
    )


async def waited(here: Service, client: Request, request: requested.Request, seconds: float) -> requested.Request:
    """The request once it is over, the client is gone or `seconds` are; holds no thread while it waits."""
    until, looks = anyio.current_time() + seconds, 0
    while not request.over and (left := until - anyio.current_time()) > 0 and not await client.is_disconnected():
        await anyio.sleep(min(left, _LOOK_SECONDS[min(looks, len(_LOOK_SECONDS) - 1)]))
        looks += 1
        request = await anyio.to_thread.run_sync(requests.get, here.engine, request.id)
    return request


def _waiting(request: requested.Request, already_queued: bool) -> str:
    """How it stands. ShotSpot's page shows this line, and nothing else of a 202."""
    if request.status == "started":
        begun = "Sync under way"
    elif already_queued:
        begun = "Such a sync waits for its turn already, so no other one was added"
    else:
        begun = "Sync waits for its turn"
    return f"{begun}; what comes of it will be in the sync history"


def is_asynchronous(prefer: str | None) -> bool:
    """Whether the client does not want to wait (RFC 7240: preferences with commas between, each with parameters)."""
    wishes = (wish.partition(";")[0].strip().casefold() for wish in (prefer or "").split(","))
    return "respond-async" in wishes
