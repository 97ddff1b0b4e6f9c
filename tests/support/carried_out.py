"""Requests, and the runs that carry them out as the tests play them: without Dagster, and without Twizzit."""

from collections.abc import Callable

from sqlalchemy import Engine, insert, select, text, update

from twizzit_pipeline.credentials import store
from twizzit_pipeline.runs.lease import Lease, lease_key
from twizzit_pipeline.scheduling.fulfilment import Fulfilment
from twizzit_pipeline.scheduling.requested import Request
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.tables import sync_history, sync_requests

COACH = Actor("token", "12", "coach")
Ask = Callable[..., Request]


def begin(engine: Engine, request: Request, run_id: str = "run-1") -> tuple[Lease, int]:
    """What a run does when it starts to carry out a request: the lease, and an open history row."""
    lease = Lease.take(
        engine,
        lease_key(store.get(engine, request.credential_id)),
        credential_id=request.credential_id,
        run_id=run_id,
    )
    with engine.begin() as connection:
        history_id = connection.execute(
            insert(sync_history)
            .values(
                credential_id=request.credential_id,
                sync_type="teams",
                sync_direction="import",
                status="in_progress",
                started_at=text("timezone('utc', now())"),
                dagster_run_id=run_id,
            )
            .returning(sync_history.c.id)
        ).scalar_one()
        lease.note(connection, history_id)
        Fulfilment(request.id, run_id).start(connection)
    return lease, history_id


def end(engine: Engine, request: Request, lease: Lease, *statuses: str, run_id: str = "run-1") -> None:
    """The end of that run, its history rows closed with these statuses."""
    lease.stop()
    with engine.begin() as connection:
        connection.execute(
            update(sync_history).where(sync_history.c.dagster_run_id == run_id).values(status=statuses[0])
        )
        for status in statuses[1:]:
            row = {"credential_id": request.credential_id, "sync_type": "players", "sync_direction": "import"}
            message = "it broke" if status == "failed" else None
            moment = text("timezone('utc', now())")
            connection.execute(
                insert(sync_history).values(
                    **row, status=status, started_at=moment, dagster_run_id=run_id, error_message=message
                )
            )
        Fulfilment(request.id, run_id).end(connection, None, None)
        lease.release(connection)


def waiting(engine: Engine) -> list[int]:
    """The requests that are not over, in the order in which they were asked for."""
    wanted = select(sync_requests.c.id).where(sync_requests.c.completed_at.is_(None))
    with engine.connect() as connection:
        return list(connection.scalars(wanted.order_by(sync_requests.c.requested_at, sync_requests.c.id)))
