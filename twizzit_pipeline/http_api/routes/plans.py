"""Plans: what a sync would do, and applying one. Both are carried out by the orchestrator, as syncs are."""

from typing import Annotated

import anyio.to_thread
from fastapi import Path, Request, Response

from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import PlanRefused, UnknownPlan
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.plan_wishes import applying, previewing
from twizzit_pipeline.http_api.problems import Problem
from twizzit_pipeline.http_api.routes import syncs
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.routes.waiting import Waits, answers_of, not_over, waited
from twizzit_pipeline.http_api.service import CredentialId, Here, Service
from twizzit_pipeline.http_api.sync_bodies import Applying, PreviewSync
from twizzit_pipeline.runs import plans
from twizzit_pipeline.runs.plans import StoredPlan
from twizzit_pipeline.scheduling import discarding, requested
from twizzit_pipeline.scheduling.wishes import Wish
from twizzit_pipeline.storage.engine import driver_errors

router = guarded_router("Synchronization")

PlanId = Annotated[int, Path(alias="planId", ge=1, description="A stored plan"), PLAIN]


@router.post(
    "/sync/preview/{credentialId}", response_model=schemas.PreviewResult, responses=answers_of(schemas.PreviewAccepted)
)
async def preview_sync(
    here: Here,
    caller: CurrentCaller,
    request: Request,
    credential_id: CredentialId,
    waits: Waits,
    body: PreviewSync | None = None,
) -> schemas.PreviewResult | Response:
    """What a sync would do, field by field; nothing of it is written."""
    asked = body or PreviewSync()
    wish = previewing(asked.season_id, asked.only)
    made = await syncs.ask(here, caller, credential_id, wish, queue=waits.queue)
    ended = await waited(here, request, made.request, waits.seconds)
    if ended.over:
        return await anyio.to_thread.run_sync(_result, here, ended)
    accepted = schemas.PreviewAccepted(
        message="The preview is under way or waits for its turn", request_id=ended.id, status=ended.status
    )
    return not_over(accepted.model_dump_json(by_alias=True), ended.id)


@router.post(
    "/sync/apply/{planId}",
    response_model=schemas.SyncResult,
    response_model_exclude_unset=True,
    responses=syncs.ANSWERS,
)
async def apply_plan(
    here: Here,
    caller: CurrentCaller,
    request: Request,
    plan_id: PlanId,
    waits: Waits,
    body: Applying | None = None,
) -> schemas.SyncResult | Response:
    """Apply a plan: what of it is still true is written; the rest is left, and said in the sync's history."""
    without = (body or Applying()).items

    def wish_of() -> tuple[StoredPlan, Wish]:
        plan = _reached(here, caller, plan_id)
        with driver_errors():
            store.get(here.engine, plan.credential_id)
        return plan, applying(here.engine, plan, without)

    plan, wish = await anyio.to_thread.run_sync(wish_of)
    made = await syncs.ask(here, caller, plan.credential_id, wish, queue=waits.queue)
    return await syncs.answer(here, request, made, wish, waits.seconds)


@router.get("/sync/plans/{credentialId}", response_model=schemas.Plans, responses=answers(400, 404))
def credential_plans(here: Here, credential_id: CredentialId) -> schemas.Plans:
    """The plans of a credential, the newest first."""
    with driver_errors():
        store.get(here.engine, credential_id)
    return schemas.Plans(plans=[schemas.Plan.of(plan) for plan in plans.of_credential(here.engine, credential_id)])


@router.get(
    "/sync/plans/{credentialId}/{planId}", response_model=schemas.PlanDocument, responses=answers(400, 404, 409)
)
def one_plan(here: Here, credential_id: CredentialId, plan_id: PlanId) -> schemas.PlanDocument:
    """A plan, row by row; refused once it has expired."""
    plan = _of(here, credential_id, plan_id)
    return schemas.PlanDocument(plan=schemas.Plan.of(plan), document=dict(plans.document(here.engine, plan_id)))


@router.delete("/sync/plans/{credentialId}/{planId}", response_model=schemas.Plan, responses=answers(400, 404, 409))
def discard_plan(here: Here, caller: CurrentCaller, credential_id: CredentialId, plan_id: PlanId) -> schemas.Plan:
    """Say that a plan is not wanted: nothing of it is written."""
    _of(here, credential_id, plan_id)
    return schemas.Plan.of(discarding.discard(here.engine, plan_id, actor=caller.actor))


def _result(here: Service, ended: requested.Request) -> schemas.PreviewResult:
    made = None if ended.run_id is None else plans.made_by(here.engine, ended.run_id)
    if ended.status != "success" or made is None:
        said = ended.error or "it was cancelled"
        return schemas.PreviewResult(
            success=False, message=f"No preview was made: {said}", request_id=ended.id, status=ended.status
        )
    try:
        document = dict(plans.document(here.engine, made.id))
    except PlanRefused as error:
        return schemas.PreviewResult(success=False, message=str(error), request_id=ended.id, status=ended.status)
    return schemas.PreviewResult(
        success=True,
        message=f"Plan {made.id}: {made.counted}; nothing of it is written until it is applied",
        request_id=ended.id,
        status=ended.status,
        plan=schemas.Plan.of(made),
        document=document,
    )


def _reached(here: Service, caller: Caller, plan_id: int) -> StoredPlan:
    """The plan, if the caller reaches its credential."""
    try:
        found = plans.get(here.engine, plan_id)
    except UnknownPlan:
        caller.require(None)
        raise Problem(404, "Plan not found") from None
    caller.require(found.credential_id)
    return found


def _of(here: Service, credential_id: int, plan_id: int) -> StoredPlan:
    """The plan of this credential."""
    with driver_errors():
        store.get(here.engine, credential_id)
    found = plans.get(here.engine, plan_id)
    if found.credential_id != credential_id:
        raise UnknownPlan(f"No plan has the id {plan_id}; see: twizzit plans list CLUB")
    return found
