"""Competitions and their matches: what scans saw of a season's calendar, and which of ShotSpot's rows they are.

Both scans share one reading of the calendar: the first of them makes the calls. Matches need the mappings of teams: a
run without those uses the ones that exist already.
"""

import dagster as dg

from twizzit_pipeline.orchestration.assets.catalogue import CONFIGURATION, definition_metadata
from twizzit_pipeline.orchestration.assets.step import BEFORE_MAPPINGS, NO_VALUE, OWNERS, session_of
from twizzit_pipeline.orchestration.checks.asset_checks import specs
from twizzit_pipeline.orchestration.checks.rules import (
    COMPETITION_MAPPING_RULES,
    COMPETITION_SCAN_RULES,
    MATCH_MAPPING_RULES,
    MATCH_SCAN_RULES,
)
from twizzit_pipeline.orchestration.partitions import credential_season_partitions
from twizzit_pipeline.orchestration.resources import SyncRun
from twizzit_pipeline.orchestration.run.results import Results, mapping_result, one_by_one, scan_result
from twizzit_pipeline.quality import mapping_quality, scan_quality
from twizzit_pipeline.sync.entities.competitions import map_competitions, scan_competitions
from twizzit_pipeline.sync.entities.matches import map_matches, scan_matches

GROUP = "competitions_and_matches"


@dg.asset(
    deps=[CONFIGURATION],
    description="The competitions that the last scan of a season saw in Twizzit, as far as they keep their contract.",
    code_version="1",
    dagster_type=NO_VALUE,
    tags={"entity": "competition", "stage": "scan"},
    metadata=definition_metadata("twizzit_competitions"),
    check_specs=specs("twizzit_competitions", COMPETITION_SCAN_RULES),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "pandas", "postgres"},
    owners=OWNERS,
    op_tags=BEFORE_MAPPINGS,
)
def twizzit_competitions(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Results:
    with session_of(context, sync) as session:
        report = scan_competitions(session)
        quality = scan_quality(session, report)
    yield from one_by_one(context.asset_key, scan_result(report, COMPETITION_SCAN_RULES, quality))


@dg.asset(
    deps=[CONFIGURATION, "twizzit_competitions"],
    description="The matches of that calendar, friendlies too: who plays whom, when, and how it ended.",
    code_version="1",
    dagster_type=NO_VALUE,
    tags={"entity": "match", "stage": "scan"},
    metadata=definition_metadata("twizzit_matches"),
    check_specs=specs("twizzit_matches", MATCH_SCAN_RULES),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "pandas", "postgres"},
    owners=OWNERS,
    op_tags=BEFORE_MAPPINGS,
)
def twizzit_matches(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Results:
    with session_of(context, sync) as session:
        report = scan_matches(session)
        quality = scan_quality(session, report)
    yield from one_by_one(context.asset_key, scan_result(report, MATCH_SCAN_RULES, quality))


@dg.asset(
    deps=["twizzit_competitions"],
    description="Which competition of ShotSpot each one of Twizzit is. Makes, links and updates `competitions`.",
    code_version="1",
    dagster_type=NO_VALUE,
    tags={"entity": "competition", "stage": "mapping"},
    metadata=definition_metadata("twizzit_competition_mappings"),
    check_specs=specs("twizzit_competition_mappings", COMPETITION_MAPPING_RULES),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
)
def twizzit_competition_mappings(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Results:
    with session_of(context, sync) as session:
        report = map_competitions(session)
        quality = mapping_quality(session, report)
    yield from one_by_one(context.asset_key, mapping_result(report, COMPETITION_MAPPING_RULES, quality))


@dg.asset(
    deps=["twizzit_matches", "twizzit_competition_mappings", "twizzit_team_mappings"],
    description="Which game of ShotSpot each match of Twizzit is. Makes, links and updates `games`, and its opponents.",
    code_version="1",
    dagster_type=NO_VALUE,
    tags={"entity": "match", "stage": "mapping"},
    metadata=definition_metadata("twizzit_match_mappings"),
    check_specs=specs("twizzit_match_mappings", MATCH_MAPPING_RULES),
    partitions_def=credential_season_partitions,
    group_name=GROUP,
    kinds={"python", "postgres"},
    owners=OWNERS,
)
def twizzit_match_mappings(context: dg.AssetExecutionContext, sync: dg.ResourceParam[SyncRun]) -> Results:
    with session_of(context, sync) as session:
        report = map_matches(session)
        quality = mapping_quality(session, report)
    yield from one_by_one(context.asset_key, mapping_result(report, MATCH_MAPPING_RULES, quality))


ASSETS = (twizzit_competitions, twizzit_matches, twizzit_competition_mappings, twizzit_match_mappings)
