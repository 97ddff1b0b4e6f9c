"""Stored plans as programs read them."""

from typing import Any

from twizzit_pipeline.runs.plans import StoredPlan


def described(plan: StoredPlan) -> dict[str, Any]:
    """A plan without its document, for programs."""
    names = [name for name in StoredPlan.__dataclass_fields__ if name != "digest"]
    return {**{name: getattr(plan, name) for name in names}, "changes": plan.changes, "remembered": plan.remembered}
