"""The SQLAlchemy tables, by whose they are: ShotSpot's own, its six `twizzit_*` tables, and the pipeline's.

What belongs here: names, types, constraints. Functions and triggers, which SQLAlchemy cannot say, are in the
migrations. Times of ShotSpot's six tables are ``timestamp`` without zone, in UTC; all others carry their zone.
"""

from collections.abc import Mapping

from sqlalchemy import Table

from twizzit_pipeline.entities import ENTITIES, WRITTEN_TABLES
from twizzit_pipeline.storage.tables.columns import metadata
from twizzit_pipeline.storage.tables.pipeline import (
    api_usage,
    audit_log,
    coach_credentials,
    coaches,
    leases,
    notifications,
    opponents,
    orchestrators,
    rate_limits,
    rejected_rows,
    sync_changes,
    sync_requests,
    twizzit_competitions,
    twizzit_matches,
    twizzit_players,
    twizzit_seasons,
    twizzit_teams,
)
from twizzit_pipeline.storage.tables.shotspot import (
    clubs,
    competition_teams,
    competitions,
    games,
    players,
    seasons,
    teams,
    written_games,
)
from twizzit_pipeline.storage.tables.trust import conflicts, departures, plans
from twizzit_pipeline.storage.tables.twizzit import (
    competition_mappings,
    credentials,
    match_mappings,
    player_mappings,
    sync_config,
    sync_history,
    team_mappings,
)

# Entity → its table, where all entities are treated alike.
SNAPSHOTS: Mapping[str, Table] = {name: metadata.tables[each.snapshot] for name, each in ENTITIES.items()}
MAPPINGS: Mapping[str, Table] = {name: metadata.tables[each.mappings] for name, each in ENTITIES.items()}
LOCAL: Mapping[str, Table] = {name: metadata.tables[each.local] for name, each in ENTITIES.items()}
# The names of ShotSpot's tables that syncs write: what others point at comes first.
IN_ORDER = tuple(table.name for table in metadata.sorted_tables if table.name in WRITTEN_TABLES)
# Those whose rows say when they were written last.
STAMPED = frozenset(table.name for table in metadata.sorted_tables if "updated_at" in table.c)

__all__ = [
    "IN_ORDER",
    "LOCAL",
    "MAPPINGS",
    "SNAPSHOTS",
    "STAMPED",
    "api_usage",
    "audit_log",
    "clubs",
    "coach_credentials",
    "coaches",
    "competition_mappings",
    "competition_teams",
    "competitions",
    "conflicts",
    "credentials",
    "departures",
    "games",
    "leases",
    "match_mappings",
    "metadata",
    "notifications",
    "opponents",
    "orchestrators",
    "plans",
    "player_mappings",
    "players",
    "rate_limits",
    "rejected_rows",
    "seasons",
    "sync_changes",
    "sync_config",
    "sync_history",
    "sync_requests",
    "team_mappings",
    "teams",
    "twizzit_competitions",
    "twizzit_matches",
    "twizzit_players",
    "twizzit_seasons",
    "twizzit_teams",
    "written_games",
]
