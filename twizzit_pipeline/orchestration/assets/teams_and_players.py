"""Teams and players: what scans saw of them, and which of ShotSpot's rows they are."""

import dagster as dg

from twizzit_pipeline.orchestration.assets.catalogue import CONFIGURATION, definition_metadata
from twizzit_pipeline.orchestration.assets.step import FIRST, NO_VALUE, OWNERS, session_of
from twizzit_pipeline.orchestration.checks.asset_checks import specs
from twizzit_pipeline.orchestration.checks.rules import (
    MAPPING_RULES,
    PLAYER_MAPPING_RULES,
    PLAYER_SCAN_RULES,
    TEAM_SCAN_RULES,
)
from twizzit_pipeline.orchestration.partitions import credential_season_partitions
from twizzit_pipeline.orchestration.resources import SyncRun
from twizzit_pipeline.orchestration.run.results import Results, mapping_result, one_by_one, scan_result
from twizzit_pipeline.quality import mapping_quality, scan_quality
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams

GROUP = "teams_and_players"


@dg.asset(
    deps=[CONFIGURATION],
    description="The teams that the last scan of a season saw in Twizzit, as far as they keep their contract.",
    code_version="1",
    dagster_type=NO_VALUE,
    tags={"entity": "team", "stage": "scan"},
    metadata=definition_metadata("twizzit_teams"),
    check_specs=specs("twizzit_teams", TEAM_SCAN_RULES),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "pandas", "postgres"},
    owners=OWNERS,
    op_tags=FIRST,
)
def twizzit_teams(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Results:
    with session_of(context, sync) as session:
        report = scan_teams(session)
        quality = scan_quality(session, report)
    yield from one_by_one(context.asset_key, scan_result(report, TEAM_SCAN_RULES, quality))


@dg.asset(
    deps=[CONFIGURATION, "twizzit_teams"],
    description="Who plays in those teams: one row for each team and player that keeps the contract.",
    code_version="1",
    dagster_type=NO_VALUE,
    tags={"entity": "player", "stage": "scan", "personal_data": "true"},
    metadata=definition_metadata("twizzit_players"),
    check_specs=specs("twizzit_players", PLAYER_SCAN_RULES),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "pandas", "postgres"},
    owners=OWNERS,
    op_tags=FIRST,
)
def twizzit_players(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Results:
    with session_of(context, sync) as session:
        report = scan_players(session)
        quality = scan_quality(session, report)
    yield from one_by_one(context.asset_key, scan_result(report, PLAYER_SCAN_RULES, quality))


@dg.asset(
    deps=["twizzit_teams"],
    description="Which team of ShotSpot each team of Twizzit is. Makes, links and updates ShotSpot's `teams` with it.",
    code_version="1",
    dagster_type=NO_VALUE,
    tags={"entity": "team", "stage": "mapping"},
    metadata=definition_metadata("twizzit_team_mappings"),
    check_specs=specs("twizzit_team_mappings", MAPPING_RULES),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
)
def twizzit_team_mappings(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Results:
    with session_of(context, sync) as session:
        report = map_teams(session)
        quality = mapping_quality(session, report)
    yield from one_by_one(context.asset_key, mapping_result(report, MAPPING_RULES, quality))


@dg.asset(
    deps=["twizzit_players", "twizzit_team_mappings"],
    description="Which player of ShotSpot each player of Twizzit is. Makes, links and updates ShotSpot's `players`.",
    code_version="1",
    dagster_type=NO_VALUE,
    tags={"entity": "player", "stage": "mapping", "personal_data": "true"},
    metadata=definition_metadata("twizzit_player_mappings"),
    check_specs=specs("twizzit_player_mappings", PLAYER_MAPPING_RULES),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
)
def twizzit_player_mappings(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Results:
    with session_of(context, sync) as session:
        report = map_players(session)
        quality = mapping_quality(session, report)
    yield from one_by_one(context.asset_key, mapping_result(report, PLAYER_MAPPING_RULES, quality))


ASSETS = (twizzit_teams, twizzit_players, twizzit_team_mappings, twizzit_player_mappings)
