"""What to say where an organization is at work already: what holds its lease, for how long, and what to do."""

from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, func, select

from twizzit_pipeline.errors import SyncInProgress
from twizzit_pipeline.storage.tables import leases

_MINUTE, _HOUR = 60, 3600


def in_progress(connection: Connection, holds: ColumnElement[bool]) -> SyncInProgress:
    """The refusal, with what the lease says of its holder.

    Args:
        holds: which lease stands in the way.
    """
    held_for = func.clock_timestamp() - leases.c.acquired_at
    row = connection.execute(select(leases.c.history_id, held_for.label("held_for")).where(holds).limit(1)).first()
    if row is None:  # what took it is not committed yet, or gave it back meanwhile
        return SyncInProgress(
            "Sync already in progress: a sync, undo or decision of this organization has just begun or ended, so do "
            "this again now"
        )
    named = "a sync, preview or undo" if row.history_id is None else f"sync {row.history_id}"
    return SyncInProgress(
        f"Sync already in progress: {named} of this organization has been at work for {lasted(row.held_for)}. Wait for "
        "its end (twizzit status), then do this again; one that was killed counts as over after a minute",
        history_id=row.history_id,
    )


def on_its_way(request_id: int, history_id: int | None) -> SyncInProgress:
    """The refusal where a request waits for its turn."""
    return SyncInProgress(
        f"Sync already in progress: request {request_id} waits for its turn, or is at work (twizzit requests). Wait "
        f"for its end, or cancel it while it waits: twizzit requests cancel {request_id}",
        history_id=history_id,
        request_id=request_id,
    )


def lasted(time: timedelta) -> str:
    """A time in its largest unit that fits, cut off."""
    seconds = max(0, int(time.total_seconds()))
    for size, word in ((_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= size:
            return f"{seconds // size} {word}{'' if seconds // size == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
