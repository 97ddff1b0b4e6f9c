"""What becomes of a stored plan: a sync applies it or part of it, or goes through without it; a person discards it.

What belongs here: each of these as one transaction. The rows themselves are in `plans`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, func, select, update

from twizzit_pipeline.errors import PlanBeingApplied, PlanRefused
from twizzit_pipeline.runs import plans
from twizzit_pipeline.runs.lease import is_silent
from twizzit_pipeline.runs.plans import APPLIED, DISCARDED, HELD, NOW, REPLACED, WAITING, StoredPlan
from twizzit_pipeline.runs.processes import process_is_gone
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import leases, sync_history
from twizzit_pipeline.storage.tables import plans as _plans

if TYPE_CHECKING:  # what only looks whether a plan waits chooses nothing of one
    from twizzit_pipeline.plan.chosen import Chosen, ChosenEntity

_LONGEST_NAME = 255


def chosen(
    engine: Engine, plan_id: int, *, credential_id: int | None = None, without: Sequence[tuple[str, str]] = ()
) -> "Chosen":
    """What a plan that waits says, for the sync that applies it.

    Args:
        credential_id: whose it must be; None where that does not matter.
        without: entity and remote id of what is left out.

    Raises:
        UnknownPlan: no plan has that id.
        PlanRefused: it does not wait, has expired, or is another credential's; or it has nothing of what is left out.
    """
    with driver_errors(), engine.connect() as connection:
        stored = plans.read(connection, plan_id)
        _require_waiting(connection, stored, credential_id)
        found = plans.document_of(connection, stored)
    made = of_document(plan_id, found, without)
    for entity, remote_id in without:
        if remote_id not in made.of(entity).items:
            raise PlanRefused(
                f"Plan {plan_id} has no change of {entity} with the id {remote_id}; nothing was done: "
                f"see twizzit plans show {plan_id}"
            )
    return made


def of_document(plan_id: int | None, found: Mapping[str, Any], without: Sequence[tuple[str, str]] = ()) -> "Chosen":
    """A document as the sync that applies it needs it: without what could not be read."""
    from twizzit_pipeline.plan.chosen import Chosen  # noqa: PLC0415  (see above)

    read = {one["entity"]: _entity(one) for one in found["entities"] if one["error"] is None}
    return Chosen(plan_id, read, frozenset(without))


def withdraw(connection: Connection, credential_id: int) -> None:
    """A sync goes through: what an earlier one stopped at waits for no person any more, but for `plans.replace`."""
    plans.replace(connection, credential_id, _plans.c.reason.in_(HELD))


def take(connection: Connection, plan_id: int, *, credential_id: int, run_id: str) -> None:
    """The plan is applied by this run from now on, in the transaction that writes the first of it.

    Raises:
        PlanRefused: another run was quicker, or it does not wait any more.
    """
    taken = connection.execute(
        update(_plans)
        .where(_plans.c.id == plan_id, _plans.c.credential_id == credential_id, _plans.c.expires_at > NOW)
        .where((_plans.c.status == WAITING) | ((_plans.c.status == APPLIED) & (_plans.c.dagster_run_id == run_id)))
        .values(status=APPLIED, dagster_run_id=run_id, decided_at=func.coalesce(_plans.c.decided_at, NOW))
    )
    if taken.rowcount != 1:
        _require_waiting(connection, plans.read(connection, plan_id), credential_id)


def note_decider(connection: Connection, plan_id: int, actor: Actor) -> None:
    """Remembers who applies a plan, in the transaction in which they ask for it."""
    connection.execute(update(_plans).where(_plans.c.id == plan_id).values(decided_by=_named(actor)))


def record_applying(engine: Engine, plan_id: int, actor: Actor, without: Sequence[tuple[str, str]]) -> None:
    """Notes who applies a plan, in the audit log too: for a person who made no request.

    Raises:
        UnknownPlan: no plan has that id.
        PlanRefused: it does not wait.
    """
    left = [f"{entity}:{remote_id}" for entity, remote_id in without]
    with driver_errors(), engine.begin() as connection:
        stored = plans.read(connection, plan_id, locked=True)
        _require_waiting(connection, stored, None)
        note_decider(connection, plan_id, actor)
        details = {"credential_id": stored.credential_id, "without": left}
        audit.record(connection, actor, action="apply", target="plan", target_id=str(plan_id), details=details)


def discard(connection: Connection, plan_id: int, *, actor: Actor) -> StoredPlan:
    """A plan that waits is over, and nothing of it is written. For `scheduling.discarding`, which sees to requests.

    Raises:
        UnknownPlan: no plan has that id.
        PlanRefused: it does not wait.
    """
    stored = plans.read(connection, plan_id, locked=True)
    _require_waiting(connection, stored, None)
    decided = {"status": DISCARDED, "decided_at": NOW, "decided_by": _named(actor)}
    connection.execute(update(_plans).where(_plans.c.id == plan_id).values(**decided))
    details = {"credential_id": stored.credential_id}
    audit.record(connection, actor, action="discard", target="plan", target_id=str(plan_id), details=details)
    return plans.read(connection, plan_id)


def require_waiting(connection: Connection, plan_id: int, credential_id: int) -> None:
    """Nothing where the plan waits.

    Raises:
        UnknownPlan, PlanRefused: as `chosen`.
    """
    _require_waiting(connection, plans.read(connection, plan_id), credential_id)


def _named(actor: Actor) -> str:
    return f"{actor.kind}:{actor.id}"[:_LONGEST_NAME]


def _entity(found: Mapping[str, Any]) -> "ChosenEntity":
    from twizzit_pipeline.plan.chosen import ChosenEntity  # noqa: PLC0415  (see above)

    beside: dict[str, list[Mapping[str, Any]]] = {}
    for row in found["beside"]:
        beside.setdefault(row["table"], []).append(row["values"])
    return ChosenEntity(
        {item["twizzit_id"]: item for item in found["items"]},
        beside,
        frozenset((one["twizzit_id"], one["reason"]) for one in found["failed"]),
    )


def _require_waiting(connection: Connection, stored: StoredPlan, credential_id: int | None) -> None:
    anew = f"make a new one: twizzit sync {stored.credential_id} --preview"
    if credential_id is not None and stored.credential_id != credential_id:
        raise PlanRefused(
            f"Plan {stored.id} is not of credential {credential_id}; nothing was done: "
            f"see twizzit plans list {credential_id}"
        )
    if stored.status == WAITING and stored.expires_at <= plans.now(connection):
        raise PlanRefused(f"Plan {stored.id} expired on {stored.expires_at:%Y-%m-%d}; {anew}")
    if stored.status != WAITING:
        if _is_being_applied(connection, stored):
            raise PlanBeingApplied(
                f"Plan {stored.id} is being applied already, by a sync that is under way: wait for its end "
                f"(twizzit status), then see what it did (twizzit history {stored.credential_id})"
            )
        if (ended := _interrupted(connection, stored)) is not None:
            raise PlanRefused(
                f"Plan {stored.id} was applied in part: its sync {ended} ended before all of it was written; {anew}"
            )
        words = {APPLIED: "has been applied", REPLACED: "has been replaced by a newer one", DISCARDED: "was discarded"}
        raise PlanRefused(f"Plan {stored.id} {words.get(stored.status, 'has expired')} already; {anew}")


def _is_being_applied(connection: Connection, stored: StoredPlan) -> bool:
    """Whether the run that applies the plan is still at it: between two entities it has written a part alone."""
    if stored.status != APPLIED or stored.dagster_run_id is None:
        return False
    held = select(leases.c.holder).where(leases.c.dagster_run_id == stored.dagster_run_id, ~is_silent())
    return any(not process_is_gone(holder) for holder in connection.scalars(held))


def _interrupted(connection: Connection, stored: StoredPlan) -> int | None:
    """The history row of the run that applied the plan, if it failed or its process ended before it did."""
    if stored.status != APPLIED or stored.dagster_run_id is None:
        return None
    row = sync_history.c
    unfinished = row.status.in_(("failed", "in_progress"))
    wanted = select(row.id).where(row.dagster_run_id == stored.dagster_run_id, unfinished)
    return connection.scalar(wanted.order_by(row.id).limit(1))
