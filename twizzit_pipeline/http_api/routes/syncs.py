"""Syncs: asked for here, carried out by the orchestrator, waited for as long as the client likes."""

from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response

from twizzit_pipeline.errors import UnknownRequest
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import CurrentCaller, GuardedRoute, allow
from twizzit_pipeline.http_api.bodies import CompetitionsSync, PlayersSync, TeamsSync
from twizzit_pipeline.http_api.problems import Problem
from twizzit_pipeline.http_api.results import sync_id, sync_result, with_budget
from twizzit_pipeline.http_api.routes.documented import Responses, answers
from twizzit_pipeline.http_api.service import PREFIX, CredentialId, Here, Service
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.sync import history, requests, usage
from twizzit_pipeline.sync.requests import RequestOptions, SyncType

router = APIRouter(tags=["Synchronization"], route_class=GuardedRoute)

LONGEST_WAIT_SECONDS = 600
USUAL_WAIT_SECONDS = 45.0  # ShotSpot's proxy waits for 60
_LOOK_SECONDS = (0.1, 0.2, 0.3, 0.5, 1.0)  # the last one again and again

Wait = Annotated[
    float,
    Query(ge=0, le=LONGEST_WAIT_SECONDS, allow_inf_nan=False, description="Seconds to wait for the end of the sync"),
]
Queue = Annotated[bool, Query(description="Wait for its turn where a sync of that credential is under way")]
Prefer = Annotated[str | None, Header(description="`respond-async`: do not wait")]

_ANSWERS: Responses = {
    **answers(400, 404, 409),
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
    dependencies=[allow("admin", "coach")],
    responses=_ANSWERS,
)
@router.post(
    "/sync/clubs/{credentialId}",
    response_model=schemas.SyncResult,
    response_model_exclude_unset=True,
    dependencies=[allow("admin", "coach")],
    responses=_ANSWERS,
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
    made = await _ask(here, credential_id, "teams", asked.season_id, _options(asked), caller.actor, queue=queue)
    return await _answer(here, request, made, 0 if _asynchronous(prefer) else wait)


@router.post(
    "/sync/players/{credentialId}",
    response_model=schemas.SyncResult,
    response_model_exclude_unset=True,
    dependencies=[allow("admin", "coach")],
    responses=_ANSWERS,
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
    made = await _ask(here, credential_id, "players", asked.season_id, _options(asked), caller.actor, queue=queue)
    return await _answer(here, request, made, 0 if _asynchronous(prefer) else wait)


@router.post(
    "/sync/competitions/{credentialId}",
    response_model=schemas.SyncResult,
    response_model_exclude_unset=True,
    dependencies=[allow("admin", "coach")],
    responses=_ANSWERS,
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
    season = None if body is None else body.season_id
    made = await _ask(here, credential_id, "competitions", season, RequestOptions(), caller.actor, queue=queue)
    return await _answer(here, request, made, 0 if _asynchronous(prefer) else wait)


@router.get(
    "/sync/requests/{requestId}",
    response_model=schemas.SyncRequest,
    response_model_exclude_unset=True,
    dependencies=[allow("admin", "coach")],
    responses=answers(400, 404),
)
def sync_request(
    here: Here,
    caller: CurrentCaller,
    request_id: Annotated[int, Path(alias="requestId", ge=1, description="A sync that was asked for")],
) -> schemas.SyncRequest:
    """How a sync goes that was asked for."""
    try:
        found = requests.get(here.engine, request_id)
    except UnknownRequest:
        caller.require(None)
        raise Problem(404, "Sync request not found") from None
    caller.require(found.credential_id)
    rows = _rows(here, found)
    return schemas.SyncRequest(
        id=found.id,
        credential_id=found.credential_id,
        sync_type=found.sync_type,
        status=found.status,
        sync_id=sync_id(found, rows),
        error=found.error,
        requested_at=found.requested_at,
        started_at=found.started_at,
        completed_at=found.completed_at,
        result=sync_result(found, rows) if found.over else None,
    )


def _options(body: PlayersSync) -> RequestOptions:
    return RequestOptions(
        group_id=body.group_id,
        create_missing=body.create_missing is not False,
        include_players=isinstance(body, TeamsSync) and body.include_players is True,
    )


async def _ask(
    here: Service,
    credential_id: int,
    kind: SyncType,
    season: str | None,
    options: RequestOptions,
    actor: Actor,
    *,
    queue: bool,
) -> requests.Request:
    return await anyio.to_thread.run_sync(
        lambda: requests.ask(
            here.engine, credential_id, sync_type=kind, season=season, options=options, actor=actor, queue=queue
        )
    )


async def _answer(
    here: Service, client: Request, made: requests.Request, seconds: float
) -> schemas.SyncResult | Response:
    """200 with the result, or 202 once `seconds` are over; holds no thread while it waits."""
    until = anyio.current_time() + seconds
    looks = 0
    while not made.over and (left := until - anyio.current_time()) > 0 and not await client.is_disconnected():
        await anyio.sleep(min(left, _LOOK_SECONDS[min(looks, len(_LOOK_SECONDS) - 1)]))
        looks += 1
        made = await anyio.to_thread.run_sync(requests.get, here.engine, made.id)
    rows = await anyio.to_thread.run_sync(_rows, here, made)
    budget = await anyio.to_thread.run_sync(usage.budget, here.engine, made.credential_id)
    if made.over:
        return with_budget(sync_result(made, rows), budget)
    # ShotSpot's page shows this line, and nothing else of a 202.
    begun = "Sync under way" if made.status == "started" else "Sync waits for its turn"
    waiting = f"{begun}; what comes of it will be in the sync history"
    accepted = schemas.SyncAccepted(
        success=True,
        message=waiting if budget is None or budget.enough else f"{waiting}; {budget.words}",
        request_id=made.id,
        sync_id=sync_id(made, rows),
        status=made.status,
    )
    return Response(
        with_budget(accepted, budget).model_dump_json(by_alias=True, exclude_unset=True),
        status_code=202,
        headers={"Location": f"{PREFIX}/sync/requests/{made.id}"},
        media_type="application/json",
    )


def _rows(here: Service, made: requests.Request) -> list[history.HistoryRow]:
    """The history of the run that carries a request out, as far as there is one."""
    return [] if made.run_id is None else history.for_run(here.engine, made.run_id)


def _asynchronous(prefer: str | None) -> bool:
    """RFC 7240: preferences with commas between, each perhaps with parameters."""
    wishes = (wish.partition(";")[0].strip().casefold() for wish in (prefer or "").split(","))
    return "respond-async" in wishes
