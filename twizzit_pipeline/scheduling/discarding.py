"""Discarding a stored plan, which no request may be about to apply.

A request that waits and a discarded plan would both be taken, and the first of the two persons would learn only from
the sync's end that the other one came second. So they meet at the credential's row, and the second is refused at once.
"""

from sqlalchemy import Engine

from twizzit_pipeline.runs import decided_plans, plans
from twizzit_pipeline.runs.plans import StoredPlan
from twizzit_pipeline.scheduling import requests
from twizzit_pipeline.scheduling.fulfilment import settle
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors


def discard(engine: Engine, plan_id: int, *, actor: Actor) -> StoredPlan:
    """A plan that waits is not wanted: it is over, and nothing is written.

    Raises:
        UnknownPlan: no plan has that id.
        PlanRefused: it does not wait.
        PlanBeingApplied: a request is to apply it, and waits or is under way; who no longer wants that cancels it.
    """
    settle(engine)
    with driver_errors(), engine.begin() as connection:
        credential_id = plans.read(connection, plan_id).credential_id
        plans.lock_credential(connection, credential_id)
        requests.refuse_while_asked(connection, credential_id, plan_id)
        return decided_plans.discard(connection, plan_id, actor=actor)
