"""The stored plans: what a sync would do, as a preview makes it. Counts and ids only; names stay in the table."""

import dagster as dg

from twizzit_pipeline.orchestration.assets.catalogue import CONFIGURATION, definition_metadata
from twizzit_pipeline.orchestration.assets.step import NO_VALUE, OWNERS, preview_of, syncs_too
from twizzit_pipeline.orchestration.jobs import PLANS
from twizzit_pipeline.orchestration.partitions import credential_season_partitions
from twizzit_pipeline.orchestration.resources import SyncRun
from twizzit_pipeline.orchestration.run.results import Materialized
from twizzit_pipeline.sync.preview.making import Preview

# Of its own: to materialize a group of entities must make no plan beside its sync.
GROUP = "plans"
# A materialization all the same: a backfill whose run brings none of a partition counts that as failed.
NO_PLAN = dg.MetadataValue.text("This run syncs: a plan alone is made by the job preview_sync")


@dg.asset(
    name=PLANS,
    deps=[CONFIGURATION],
    description="What a sync would do, as it was planned at one moment: nothing of it is written until it is applied. "
    "The job `preview_sync` makes one; its rows hold names, and are emptied after seven days.",
    code_version="1",
    dagster_type=NO_VALUE,
    tags={"stage": "preview", "personal_data": "true"},
    metadata=definition_metadata(PLANS),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
)
def plans(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Materialized:
    """Makes a preview of the partition; none in a run that syncs it as well ("Materialize all")."""
    if syncs_too(context):
        return dg.MaterializeResult(metadata={"no_plan": NO_PLAN})
    with preview_of(context, sync) as made:
        return dg.MaterializeResult(metadata=_metadata(made))


def _metadata(made: Preview) -> dict[str, dg.MetadataValue]:
    """How much there is of each entity, and which plan it is."""
    numbers = {
        f"{one['entity']}_{name}": count
        for one in made.document["entities"]
        for name, count in one["counts"].items()
        if isinstance(count, int)
    }
    found = {"plan_id": made.plan.id, "changes": made.plan.changes, "remembered": made.plan.remembered}
    found |= {"calls": made.plan.calls, **numbers}
    return {name: dg.MetadataValue.int(count) for name, count in found.items()}


ASSETS = (plans,)
