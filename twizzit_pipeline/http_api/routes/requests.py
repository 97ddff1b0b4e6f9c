"""Syncs that were asked for: how they go, which ones wait, and cancelling one."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path, Query, Response

from twizzit_pipeline.errors import UnknownRequest
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.access import Caller, forbidden
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.problems import Problem
from twizzit_pipeline.http_api.results import sync_id, sync_result
from twizzit_pipeline.http_api.routes.documented import answers, total_header
from twizzit_pipeline.http_api.service import Here, Offset, Owners, Service
from twizzit_pipeline.runs import history, plans
from twizzit_pipeline.scheduling import requested, requests
from twizzit_pipeline.scheduling.cancelling import cancel
from twizzit_pipeline.scheduling.requested import Request

router = guarded_router("Synchronization")

RequestId = Annotated[int, Path(alias="requestId", ge=1, description="A sync that was asked for"), PLAIN]


@router.get(
    "/sync/requests",
    response_model=schemas.SyncRequests,
    responses={**answers(400, 404), 200: total_header()},
)
def sync_requests(
    here: Here,
    response: Response,
    owners: Owners,
    over: Annotated[bool, Query(description="Those that have ended, too")] = False,
    limit: Annotated[int, Query(ge=1, le=100, description="Rows at most")] = 50,
    offset: Offset = 0,
) -> schemas.SyncRequests:
    """The syncs that wait or have begun."""
    found, total = requested.listing(here.engine, credential_ids=owners, over=over, limit=limit, offset=offset)
    response.headers["X-Total-Count"] = str(total)
    return schemas.SyncRequests(
        requests=[schemas.ListedRequest.of(one.request, organization_name=one.organization) for one in found]
    )


@router.get(
    "/sync/requests/{requestId}",
    response_model=schemas.SyncRequest,
    response_model_exclude_unset=True,
    responses=answers(400, 404),
)
def sync_request(here: Here, caller: CurrentCaller, request_id: RequestId) -> schemas.SyncRequest:
    """How a sync goes that was asked for."""
    found = _found(here, caller, request_id)
    answer = _answer(found, rows_of(here, found))
    if found.options.preview and found.run_id is not None and (made := plans.made_by(here.engine, found.run_id)):
        answer.plan_id = made.id
    return answer


@router.delete(
    "/sync/requests/{requestId}",
    response_model=schemas.SyncRequest,
    response_model_exclude_unset=True,
    responses=answers(400, 404, 409),
)
def cancel_sync_request(here: Here, caller: CurrentCaller, request_id: RequestId) -> schemas.SyncRequest:
    """Cancel a sync that waits. A coach cancels what they alone asked for; an administrator any."""
    found = _found(here, caller, request_id)
    by_admin = caller.role == "admin"
    if not by_admin and (caller.user_id is None or requested.asker(caller.actor) not in found.askers):
        raise forbidden()
    return _answer(cancel(here.engine, request_id, actor=caller.actor, own=not by_admin), ())


def rows_of(here: Service, made: Request) -> list[history.HistoryRow]:
    """The history of the run that carries a request out, as far as there is one."""
    if made.run_id is None:
        return []
    return history.for_run(here.engine, made.run_id, credential_id=made.credential_id)


def _found(here: Service, caller: Caller, request_id: int) -> Request:
    """The request, if the caller reaches its credential."""
    try:
        found = requests.get(here.engine, request_id)
    except UnknownRequest:
        caller.require(None)
        raise Problem(404, "Sync request not found") from None
    caller.require(found.credential_id)
    return found


def _answer(found: Request, rows: Sequence[history.HistoryRow]) -> schemas.SyncRequest:
    result = sync_result(found, rows) if found.over else None
    return schemas.SyncRequest.of(found, sync_id=sync_id(found, rows), result=result)
