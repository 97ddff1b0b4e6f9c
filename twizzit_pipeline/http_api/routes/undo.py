"""Undo of a sync, and of all since a moment."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Path, Query

from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.decision_bodies import UndoSince
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import Here
from twizzit_pipeline.undo import undoing
from twizzit_pipeline.undo.following import FollowKind
from twizzit_pipeline.undo.rows import REASONS
from twizzit_pipeline.undo.undoing import Undo

router = guarded_router("Synchronization")

# What the next sync makes of it.
_FOLLOWS: Mapping[FollowKind, str] = {
    "again": "The next sync of {seasons} does the same again as long as Twizzit says so; PUT /sync/config/:id with "
    "autoSyncEnabled false keeps automatic ones off, with review true they stop at their plan",
    "held": "Who or what had left with it is back, and does not leave again before a person decides (GET "
    "/departures/:credentialId)",
    "reopened": "Links that it had closed are there again, and the next sync leaves them so",
    "repaired": "What the repair wrote comes again with another repair alone",
    "asked": "What was decided waits for an answer again (GET /conflicts)",
    "looked_at": "The decision does not count any more; the next sync looks at it anew, and asks where that is still "
    "not clear",
    "stays": "The next sync leaves it so, and writes what Twizzit has changed since",
    "decided": "The decision counts again, and the next sync does not ask",
    "closed": "Questions that waited for an answer are closed; the next sync asks again where that is still not clear",
}


@router.post("/sync/undo/{syncId}", response_model=schemas.UndoResult, responses=answers(400, 404, 409))
def undo_sync(
    here: Here,
    caller: CurrentCaller,
    sync_id: Annotated[int, Path(alias="syncId", ge=1, description="A row of the sync history"), PLAIN],
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


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _answer(found: Undo, *, preview: bool) -> schemas.UndoResult:
    plan = found.plan
    left = len({one.key for one in plan.left})
    if not found.history_ids:
        message = "Nothing to undo: no sync of this club began since then"
    elif not plan.steps:
        message = f"Nothing to undo of {found.label}"
    else:
        done = "would be written" if preview else "written"
        stay = "it is" if left == 1 else "they are"
        message = f"Undo of {found.label}: {_rows(len(plan.steps))} {done}, {left} left as {stay}"
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
        next_sync=". ".join(_FOLLOWS[one.kind].format(seasons=" or ".join(one.seasons)) for one in found.follows),
    )
