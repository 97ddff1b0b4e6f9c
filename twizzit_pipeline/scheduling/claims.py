"""What an orchestrator's tick writes: its sign of life and what it takes to make runs of, in one statement.

What belongs here: that statement, and what becomes of an automatic sync whose run came to nothing. A sync that is due
is not taken by writing: its configuration keeps saying so until its run has ended, and the moment since which it is due
names that run. So nothing is lost when a process dies in between, and no run is made twice.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import DateTime, Engine, Integer, String, cast, func, literal, null, select, union_all, update

from twizzit_pipeline.scheduling import automatic, heartbeat, requested
from twizzit_pipeline.scheduling.due import is_claimed
from twizzit_pipeline.scheduling.wishes import Wish
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import sync_config, sync_requests

_UTC_NOW = func.timezone("utc", func.clock_timestamp())
_FREE = sync_requests.c.claimed_at.is_(None) | ~is_claimed()


@dataclass(frozen=True, slots=True)
class Taken:
    """What is the caller's to make runs of.

    Attributes:
        requests: those that no other process took first.
        first: credential id → when it was due, UTC with zone, of those that never had such a moment: it is now, and
            stays.
    """

    requests: frozenset[int]
    first: Mapping[int, datetime]


def take(engine: Engine, requests: Collection[int], first: Collection[int]) -> Taken:
    """Gives the orchestrator's sign of life, and takes waiting requests and first automatic syncs.

    A claim of a request is good for a minute: one whose run never came may be taken again then. Whether its turn has
    come is `turns.next_in_line`'s part.

    Args:
        first: credentials that are due and have no `next_sync_at`.
    """
    claimed = (
        update(sync_requests)
        .where(bulk.among(sync_requests.c.id, requests), sync_requests.c.status == "queued", _FREE)
        .values(claimed_at=func.clock_timestamp())
        .returning(sync_requests.c.id)
        .cte("claimed")
    )
    dated = (
        update(sync_config)
        .where(
            bulk.among(sync_config.c.credential_id, first),
            sync_config.c.auto_sync_enabled,
            sync_config.c.next_sync_at.is_(None),
        )
        .values(next_sync_at=_UTC_NOW)
        .returning(sync_config.c.credential_id, sync_config.c.next_sync_at)
        .cte("dated")
    )
    found = union_all(
        select(literal("request", String).label("what"), claimed.c.id, cast(null(), DateTime).label("due")),
        select(literal("first", String), cast(dated.c.credential_id, Integer), dated.c.next_sync_at),
    )
    with driver_errors(), engine.begin() as connection:
        rows = connection.execute(found.add_cte(*heartbeat.signs_of_life())).all()
    return Taken(
        requests=frozenset(row.id for row in rows if row.what == "request"),
        first={row.id: row.due.replace(tzinfo=UTC) for row in rows if row.what == "first"},
    )


def take_covered(engine: Engine, credential_id: int, wish: Wish, running: str | None) -> int | None:
    """Takes the oldest waiting request that a sync of `wish` brings all of, so that it needs no sync of its own.

    One that is narrowed is left alone: a run is narrowed as the request that it carries out.

    Args:
        running: the label of the season that runs now; None where it cannot be said.

    Returns: its id; None where no such request waits unclaimed.
    """
    with driver_errors(), engine.begin() as connection:
        for request in requested.waiting_of(connection, credential_id):
            special = request.options.narrows or request.options.is_special
            if special or not wish.covers(request.wish, running):
                continue
            taken = update(sync_requests).where(sync_requests.c.id == request.id, _FREE)
            if connection.execute(taken.values(claimed_at=func.clock_timestamp())).rowcount == 1:
                return request.id
    return None


def never_began(engine: Engine, credential_id: int, due: datetime) -> bool:
    """The run of what was due at that moment is over and left it so: it could not start, or was killed or cancelled.

    That counts as a failure, so that it comes again, later each time. False where something else came of it.
    """
    still = select(sync_config.c.next_sync_at).where(
        sync_config.c.credential_id == credential_id,
        sync_config.c.auto_sync_enabled,
        sync_config.c.next_sync_at == due.astimezone(UTC).replace(tzinfo=None),
    )
    with driver_errors(), engine.begin() as connection:
        if connection.execute(still.with_for_update()).first() is None:
            return False
        automatic.ended(connection, credential_id, "failed")
    return True
