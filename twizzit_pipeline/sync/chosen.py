"""A sync that applies a stored plan: what of the fresh plan is kept, and the plan that is applied by it alone."""

from sqlalchemy import Connection

from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.chosen import keep
from twizzit_pipeline.plan.references import Names, pointers
from twizzit_pipeline.plan.rows import EntityState
from twizzit_pipeline.runs import decided_plans
from twizzit_pipeline.sync.names import names_of
from twizzit_pipeline.sync.session import SyncSession


def chosen_part(connection: Connection, session: SyncSession, whole: Plan, state: EntityState) -> Plan:
    """The part of `whole` that the stored plan has as well, taken by this run; all of it where none is applied.

    Raises:
        PlanRefused: another run has applied the plan, or it does not wait any more.
    """
    chosen = session.narrowing.chosen
    if chosen is None:
        return whole
    if chosen.plan_id is not None:
        decided_plans.take(connection, chosen.plan_id, credential_id=session.credential.id, run_id=session.run_id)
    return keep(whole, state, chosen, Names(names_of(connection, pointers(whole))))
