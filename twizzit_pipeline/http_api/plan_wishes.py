"""What is asked for where a plan is made or applied: the same for the API and the pages."""

from collections.abc import Sequence

from sqlalchemy import Engine

from twizzit_pipeline.entities import SYNC_TYPES, SyncType
from twizzit_pipeline.errors import PlanRefused
from twizzit_pipeline.runs import decided_plans
from twizzit_pipeline.runs.plans import StoredPlan
from twizzit_pipeline.scheduling.wishes import RequestOptions, Wish


def previewing(season: str | None = None, only: SyncType | None = None) -> Wish:
    """A preview of a season, of all or of one type."""
    wanted = SYNC_TYPES if only is None else (only,)
    return Wish("all", season, RequestOptions(preview=True, sync_types=wanted))


def applying(engine: Engine, plan: StoredPlan, without: Sequence[tuple[str, str]]) -> Wish:
    """The sync that applies a plan, without these (entity and remote id).

    Raises:
        PlanRefused: it does not wait any more, or has nothing of what is left out.
    """
    chosen = decided_plans.chosen(engine, plan.id, credential_id=plan.credential_id, without=without)
    types = tuple(sync_type for sync_type in SYNC_TYPES if sync_type in chosen.sync_types)
    if not types:
        raise PlanRefused(f"Plan {plan.id} has nothing that can be applied; make a new one")
    options = RequestOptions(plan_id=plan.id, without=tuple(sorted(set(without))), sync_types=types)
    return Wish("all" if len(types) > 1 else types[0], plan.season, options)
