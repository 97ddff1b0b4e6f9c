"""Cancelling a request for a sync while it waits.

A run and a cancellation that meet change the same row: the first one wins, and the other sees that it came second
(`Fulfilment.start`). A run that Dagster has made already finds its request cancelled, and ends before it does anything.
"""

from sqlalchemy import Engine, func, update

from twizzit_pipeline.errors import RequestNotWaiting, RequestShared
from twizzit_pipeline.scheduling import requested, requests
from twizzit_pipeline.scheduling.requested import Request
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import sync_requests


def cancel(engine: Engine, request_id: int, *, actor: Actor, own: bool = False) -> Request:
    """Cancels a request that has not begun; the request as it stands then. One that was cancelled before stays so.

    Args:
        own: only where no one else asked for it. Whether the actor did is the caller's to see.

    Raises:
        UnknownRequest: no request has that id.
        RequestNotWaiting: it has begun, or is over.
        RequestShared: others asked for it too, and `own`.
    """
    requests.get(engine, request_id)  # ends it where its run died
    with driver_errors(), engine.begin() as connection:
        request = requested.one(connection, request_id, lock=True)
        if request.status == "cancelled":
            return request
        if request.status != "queued":
            raise RequestNotWaiting(_why_not(request))
        if own and len(request.askers) > 1:
            raise RequestShared(
                f"Others asked for the sync of request {request_id} too, so it stays: an administrator can cancel it"
            )
        connection.execute(
            update(sync_requests)
            .where(sync_requests.c.id == request_id)
            .values(status="cancelled", error=_by(actor), completed_at=func.clock_timestamp())
        )
        audit.record(
            connection,
            actor,
            action="cancel",
            target="sync",
            target_id=str(request_id),
            details={"credential_id": request.credential_id, "requested_by": list(request.askers)},
        )
        return requested.one(connection, request_id)


def _why_not(request: Request) -> str:
    if request.over:
        return f"Request {request.id} is over ({request.status}): there is nothing to cancel"
    run = "" if request.run_id is None else f" {request.run_id[:8]}"
    return f"The sync of request {request.id} has begun: wait for its end, or terminate its run{run} in Dagster's UI"


def _by(actor: Actor) -> str:
    who = "on the command line" if actor.kind == "os" else f"by user {actor.id} ({actor.role})"
    return f"Cancelled {who} before it began"
