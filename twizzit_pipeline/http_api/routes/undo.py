"""Undo of a sync, and of all since a moment."""

from typing import Annotated

from fastapi import Path, Query

from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.decision_bodies import UndoSince
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import Here
from twizzit_pipeline.undo import undoing
from twizzit_pipeline.undo.rows import REASONS
from twizzit_pipeline.undo.undoing import Undo

router = guarded_router("Synchronization")

_NEXT_SYNC = (
    "The next sync does the same again as long as Twizzit says so; PUT /sync/config/:id with autoSyncEnabled false "
    "keeps automatic ones off, with review true they stop at their plan"
)


@router.post("/sync/undo/{syncId}", response_model=schemas.UndoResult, responses=answers(400, 404, 409))
def undo_sync(
    here: Here,
    caller: CurrentCaller,
    sync_id: Annotated[int, Path(alias="syncId", ge=1, description="A row of the sync history")],
    preview: Annotated[bool, Query(description="Say what it would do, and do nothing")] = False,
) -> schemas.UndoResult:
    """Take back what the run of a sync did in ShotSpot; what was changed since is left and listed."""
    if preview:
        return _answer(undoing.preview(here.engine, sync_id), preview=True)
    return _answer(undoing.undo(here.engine, sync_id, actor=caller.actor), preview=False)


@router.post("/sync/undo", response_model=schemas.UndoResult, responses=answers(400, 404, 409))
def undo_syncs_since(
    here: Here,
    caller: CurrentCaller,
    body: UndoSince,
    preview: Annotated[bool, Query(description="Say what it would do, and do nothing")] = False,
) -> schemas.UndoResult:
    """Take back what all syncs and undos of a credential since a moment did; they are undone together."""
    caller.require(body.credential_id)
    if preview:
        return _answer(undoing.preview_since(here.engine, body.credential_id, body.since), preview=True)
    done = undoing.undo_since(here.engine, body.credential_id, body.since, actor=caller.actor)
    return _answer(done, preview=False)


def _answer(found: Undo, *, preview: bool) -> schemas.UndoResult:
    plan = found.plan
    left = len({one.key for one in plan.left})
    if not plan.steps:
        message = f"Nothing to undo of {found.label}"
    else:
        done = "would be written" if preview else "written"
        message = f"Undo of {found.label}: {len(plan.steps)} rows {done}, {left} left as they are"
    return schemas.UndoResult(
        success=True,
        message=message,
        preview=preview,
        undo_id=found.undo_id,
        credential_id=found.credential_id,
        history_ids=list(found.history_ids),
        counts=schemas.UndoCounts(
            restored=plan.count("restore"),
            removed=plan.count("remove"),
            brought_back=plan.count("bring_back"),
            deactivated=plan.count("deactivate"),
            left=left,
        ),
        steps=[schemas.UndoStep.of(step, key=step.key._asdict()) for step in plan.steps],
        left=[schemas.UndoLeft.of(one, key=one.key._asdict(), message=REASONS[one.reason]) for one in plan.left],
        passed_over=dict(found.passed_over),
        next_sync=_NEXT_SYNC,
    )
