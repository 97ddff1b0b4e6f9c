"""What both sides changed and links that are not clear: the list, and deciding."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Path, Query, Response

from twizzit_pipeline.decisions import linking, listing, resolving
from twizzit_pipeline.decisions.opening import credential_of
from twizzit_pipeline.errors import NotAsShown, UnknownConflict, ValueRefused
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.bodies import ConflictResolution
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.problems import Problem, invalid_field
from twizzit_pipeline.http_api.routes.documented import answers, total_header
from twizzit_pipeline.http_api.service import Here, Offset, Owners, Service

router = guarded_router("Decisions")

ConflictId = Annotated[int, Path(alias="conflictId", ge=1, description="What waits for a decision"), PLAIN]


@router.get(
    "/conflicts",
    response_model=schemas.Conflicts,
    responses={**answers(400, 404), 200: total_header()},
)
def conflicts(
    here: Here,
    response: Response,
    owners: Owners,
    over: Annotated[bool, Query(description="Those that are decided or settled, too, newest first")] = False,
    limit: Annotated[int, Query(ge=1, le=1000, description="Rows at most")] = 100,
    offset: Offset = 0,
) -> schemas.Conflicts:
    """The fields that both sides changed, the doubtful links, and the opponents in doubt, that wait for a person."""
    found, total = listing.listing(here.engine, credential_ids=owners, over=over, limit=limit, offset=offset)
    response.headers["X-Total-Count"] = str(total)
    return schemas.Conflicts(conflicts=[schemas.WaitingConflict.of(one) for one in found])


@router.put(
    "/conflicts/{conflictId}/resolve",
    response_model=schemas.ConflictResolved,
    responses=answers(400, 404, 409),
)
def resolve_conflict(
    here: Here, caller: CurrentCaller, conflict_id: ConflictId, body: ConflictResolution
) -> schemas.ConflictResolved:
    """Decide: whose value a field gets, or which row of ShotSpot one of Twizzit, or an opponent, is; at once."""
    _require(here, caller, conflict_id)
    try:
        done = _decided(here, caller, conflict_id, body)
    except NotAsShown as error:
        raise Problem(409, "Conflict changed meanwhile", str(error)) from None
    resolved = schemas.WaitingConflict.of(listing.one(here.engine, conflict_id))
    changed = {column: schemas.ChangedValue(before=old, after=new) for column, (old, new) in done.changed.items()}
    left = None if done.left is None else schemas.LeftRow(**asdict(done.left))
    return schemas.ConflictResolved(
        conflict=resolved, sync_id=done.history_id, changed=changed, left=left, followed=dict(done.followed)
    )


def _decided(here: Service, caller: Caller, conflict_id: int, body: ConflictResolution) -> resolving.Resolved:
    if body.resolution in ("link", "create"):
        start = here.settings.season_start
        local_id = _local_id(body)
        return linking.link(here.engine, conflict_id, local_id, actor=caller.actor, season_start=start, shown=body.mark)
    chosen = next(word for word in resolving.FIELD_RESOLUTIONS if word == body.resolution)
    if chosen == "value" and not body.says_value:
        raise invalid_field("value", "the value that the field is to have; null for none")
    try:
        return resolving.resolve(
            here.engine, conflict_id, chosen, value=body.value, actor=caller.actor, shown=body.mark
        )
    except ValueRefused as error:
        raise invalid_field("value", str(error)) from None


def _require(here: Service, caller: Caller, conflict_id: int) -> None:
    """Refuses the conflict of a credential that the caller does not reach, whether there is one or not."""
    try:
        caller.require(credential_of(here.engine, conflict_id))
    except UnknownConflict:
        caller.require(None)
        raise Problem(404, "Conflict not found") from None


def _local_id(body: ConflictResolution) -> int | None:
    if body.resolution == "create":
        return None
    if body.local_id is None:
        raise invalid_field("localId", "the id of the row of ShotSpot to link")
    return body.local_id
