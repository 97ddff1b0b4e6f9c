"""The assets: four tables, in the order in which a sync fills them, for one credential and one season at a time.

What belongs here: names, order, and what the catalogue says. Each body calls one use case of `sync` and reports. A step
reads what the one before it left in the database, never a value handed over, so every asset can be materialized by
itself, in another process or on another day.

`twizzit_team_mappings` does not depend on the players: a roster that cannot be read keeps no team from being mapped.
That both scans come before anything of ShotSpot's is written is said by the steps' priority. Backfills make one run for
each partition, which is Dagster's rule for assets without a policy of their own.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.orchestration.catalogue import CONFIGURATION, definition_metadata
from twizzit_pipeline.orchestration.checks import (
    MAPPING_CHECKS,
    PLAYER_MAPPING_CHECKS,
    PLAYER_SCAN_CHECKS,
    TEAM_SCAN_CHECKS,
    specs,
)
from twizzit_pipeline.orchestration.partitions import credential_season_partitions, parse
from twizzit_pipeline.orchestration.resources import SyncRun
from twizzit_pipeline.orchestration.results import Materialized, mapping_result, readable_failures, scan_result
from twizzit_pipeline.sync.players import map_players, scan_players
from twizzit_pipeline.sync.quality import mapping_quality, scan_quality
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.teams import map_teams, scan_teams

GROUP = "teams_and_players"
OWNERS = ["team:club-data"]
_BEFORE_MAPPINGS = {"dagster/priority": "1"}


_MAPPINGS = {"twizzit_team_mappings": "teams", "twizzit_player_mappings": "players"}


@contextmanager
def _step(context: dg.AssetExecutionContext, sync: SyncRun) -> Iterator[SyncSession]:
    """The session for the work of one step, whose errors become readable; those that may pass are tried again."""
    steps = {node.name for node in context.job_def.nodes}
    to_map = {entity for asset, entity in _MAPPINGS.items() if asset in steps}
    run_id, partition, step = context.run.run_id, parse(context.partition_key), context.op_execution_context.op.name

    def wait_for_another_try(error: TwizzitPipelineError) -> bool:
        seconds = sync.next_try(error, context.retry_number)
        if seconds is not None:
            context.log.warning("%s: tried again in %.0f s", type(error).__name__, seconds)
            time.sleep(seconds)  # here a signal ends the run; between two tries Dagster would sleep on
        return seconds is not None

    with (
        readable_failures(wait_for_another_try),
        sync.session(run_id, partition, step=step, to_map=to_map) as session,
    ):
        yield session


@dg.asset(
    deps=[CONFIGURATION],
    description="The teams that the last scan of a season saw in Twizzit, as far as they keep their contract.",
    code_version="1",
    tags={"entity": "team", "stage": "scan"},
    metadata=definition_metadata("twizzit_teams"),
    check_specs=specs("twizzit_teams", TEAM_SCAN_CHECKS),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "pandas", "postgres"},
    owners=OWNERS,
    op_tags=_BEFORE_MAPPINGS,
)
def twizzit_teams(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Materialized:
    with _step(context, sync) as session:
        report = scan_teams(session)
        quality = scan_quality(session, report)
    return scan_result(report, TEAM_SCAN_CHECKS, quality)


@dg.asset(
    deps=[CONFIGURATION, "twizzit_teams"],
    description="Who plays in those teams: one row for each team and player that keeps the contract.",
    code_version="1",
    tags={"entity": "player", "stage": "scan", "personal_data": "true"},
    metadata=definition_metadata("twizzit_players"),
    check_specs=specs("twizzit_players", PLAYER_SCAN_CHECKS),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "pandas", "postgres"},
    owners=OWNERS,
    op_tags=_BEFORE_MAPPINGS,
)
def twizzit_players(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Materialized:
    with _step(context, sync) as session:
        report = scan_players(session)
        quality = scan_quality(session, report)
    return scan_result(report, PLAYER_SCAN_CHECKS, quality)


@dg.asset(
    deps=["twizzit_teams"],
    description="Which team of ShotSpot each team of Twizzit is. Makes, links and updates ShotSpot's `teams` with it.",
    code_version="1",
    tags={"entity": "team", "stage": "mapping"},
    metadata=definition_metadata("twizzit_team_mappings"),
    check_specs=specs("twizzit_team_mappings", MAPPING_CHECKS),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
)
def twizzit_team_mappings(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Materialized:
    with _step(context, sync) as session:
        report = map_teams(session)
        quality = mapping_quality(session, report)
    return mapping_result(report, MAPPING_CHECKS, quality)


@dg.asset(
    deps=["twizzit_players", "twizzit_team_mappings"],
    description="Which player of ShotSpot each player of Twizzit is. Makes, links and updates ShotSpot's `players`.",
    code_version="1",
    tags={"entity": "player", "stage": "mapping", "personal_data": "true"},
    metadata=definition_metadata("twizzit_player_mappings"),
    check_specs=specs("twizzit_player_mappings", PLAYER_MAPPING_CHECKS),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
)
def twizzit_player_mappings(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Materialized:
    with _step(context, sync) as session:
        report = map_players(session)
        quality = mapping_quality(session, report)
    return mapping_result(report, PLAYER_MAPPING_CHECKS, quality)


ASSETS = (twizzit_teams, twizzit_players, twizzit_team_mappings, twizzit_player_mappings)
