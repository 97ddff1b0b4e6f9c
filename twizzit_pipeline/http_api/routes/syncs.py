"""Syncs: asked for here, carried out by the orchestrator, waited for as long as the client asks."""

import anyio
import anyio.to_thread
from fastapi import Request, Response

from twizzit_pipeline.credentials import store
from twizzit_pipeline.entities import COMPETITIONS
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.results import sync_id, sync_result, with_budget
from twizzit_pipeline.http_api.routes.requests import rows_of
from twizzit_pipeline.http_api.routes.waiting import Waits, answers_of, not_over, waited
from twizzit_pipeline.http_api.service import CredentialId, Here, Service
from twizzit_pipeline.http_api.sync_bodies import CompetitionsSync, PlayersSync, TeamsSync
from twizzit_pipeline.scheduling import requested, requests, usage
from twizzit_pipeline.scheduling.wishes import RequestOptions, Wish
from twizzit_pipeline.storage.engine import driver_errors

router = guarded_router("Synchronization")

ANSWERS = answers_of(schemas.SyncAccepted)


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
    waits: Waits,
    body: TeamsSync | None = None,
) -> schemas.SyncResult | Response:
    """Sync the teams of a credential, and their players if `includePlayers` says so."""
    asked = body or TeamsSync()
    wish = Wish("teams", asked.season_id, _options(asked))
    made = await ask(here, caller, credential_id, wish, queue=waits.queue)
    return await answer(here, request, made, wish, waits.seconds)


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
    waits: Waits,
    body: PlayersSync | None = None,
) -> schemas.SyncResult | Response:
    """Sync the players of the teams that are mapped."""
    asked = body or PlayersSync()
    wish = Wish("players", asked.season_id, _options(asked))
    made = await ask(here, caller, credential_id, wish, queue=waits.queue)
    return await answer(here, request, made, wish, waits.seconds)


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
    waits: Waits,
    body: CompetitionsSync | None = None,
) -> schemas.SyncResult | Response:
    """Sync the competitions of a credential, and their matches."""
    wish = Wish(COMPETITIONS.sync_type, None if body is None else body.season_id)
    made = await ask(here, caller, credential_id, wish, queue=waits.queue)
    return await answer(here, request, made, wish, waits.seconds)


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
    return not_over(said.model_dump_json(by_alias=True, exclude_unset=True), request.id)


def _waiting(request: requested.Request, already_queued: bool) -> str:
    """How it stands. ShotSpot's page shows this line, and nothing else of a 202."""
    if request.status == "started":
        begun = "Sync under way"
    elif already_queued:
        begun = "Such a sync waits for its turn already, so no other one was added"
    else:
        begun = "Sync waits for its turn"
    return f"{begun}; what comes of it will be in the sync history"
