"""Makes the two assets of an entity: its scan, and its mapping to ShotSpot's rows.

What belongs here: what the assets of all entities have in common. Each calls one use case of `sync`, judges what that
left, and reports. Name, order and description of each are in the module of its group. The use case is looked up when
the step begins: what only shows the assets, or evaluates sensors, needs no frames.
"""

from collections.abc import Mapping, Sequence

import dagster as dg

from twizzit_pipeline.entities import Entity
from twizzit_pipeline.orchestration.assets.catalogue import CONFIGURATION, definition_metadata
from twizzit_pipeline.orchestration.assets.step import NO_VALUE, OWNERS, session_of
from twizzit_pipeline.orchestration.checks.asset_checks import specs
from twizzit_pipeline.orchestration.checks.rules import RULES_OF
from twizzit_pipeline.orchestration.partitions import credential_season_partitions
from twizzit_pipeline.orchestration.resources import SyncRun
from twizzit_pipeline.orchestration.run.results import (
    Results,
    mapping_result,
    one_by_one,
    plan_waits,
    scan_result,
    with_plan,
)
from twizzit_pipeline.quality import mapping_quality, scan_quality
from twizzit_pipeline.quality.findings import Quality
from twizzit_pipeline.sync.entities import map_of, scan_of
from twizzit_pipeline.sync.reports import MappingReport


def scan_asset(
    entity: Entity,
    *,
    group: str,
    description: str,
    priority: Mapping[str, str],
    after: Sequence[str] = (),
    personal_data: bool = False,
) -> dg.AssetsDefinition:
    """The asset of an entity's snapshot.

    Args:
        priority: `step.FIRST` or `step.BEFORE_MAPPINGS`.
        after: the assets that it cannot do without, besides the configuration.
        personal_data: whether its rows are people.
    """
    rules = RULES_OF[entity.snapshot]

    @dg.asset(
        name=entity.snapshot,
        deps=[CONFIGURATION, *after],
        description=description,
        code_version="1",
        dagster_type=NO_VALUE,
        tags=_tags(entity, "scan", personal_data),
        metadata=definition_metadata(entity.snapshot),
        check_specs=specs(entity.snapshot, rules),
        partitions_def=credential_season_partitions,
        group_name=group,
        kinds={"python", "pandas", "postgres"},
        owners=OWNERS,
        op_tags=priority,
    )
    def scanned(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Results:
        with session_of(context, sync) as session:
            report = scan_of(entity.name)(session)
            quality = scan_quality(session, report)
        yield from one_by_one(context.asset_key, scan_result(report, rules, quality))

    return scanned


def mapping_asset(
    entity: Entity,
    *,
    group: str,
    description: str,
    after: Sequence[str],
    personal_data: bool = False,
) -> dg.AssetsDefinition:
    """The asset of an entity's mappings; the arguments as for `scan_asset`."""
    rules = RULES_OF[entity.mappings]

    @dg.asset(
        name=entity.mappings,
        deps=list(after),
        description=description,
        code_version="1",
        dagster_type=NO_VALUE,
        tags=_tags(entity, "mapping", personal_data),
        metadata=definition_metadata(entity.mappings),
        check_specs=specs(entity.mappings, rules),
        partitions_def=credential_season_partitions,
        group_name=group,
        kinds={"python", "postgres"},
        owners=OWNERS,
    )
    def mapped(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Results:
        with session_of(context, sync) as session:
            waiting = sync.gate(session).stop(entity.name)
            report = map_of(entity.name)(session) if waiting is None else MappingReport(entity.name, season_exists=True)
            quality = mapping_quality(session, report) if waiting is None else Quality(error=plan_waits(waiting.id))
        result = mapping_result(report, rules, quality)
        yield from one_by_one(context.asset_key, result if waiting is None else with_plan(result, waiting.id))

    return mapped


def _tags(entity: Entity, stage: str, personal_data: bool) -> dict[str, str]:
    return {"entity": entity.one, "stage": stage, **({"personal_data": "true"} if personal_data else {})}
