"""What Dagster's catalogue says about the assets: the tables' columns and what they mean.

What belongs here: descriptions for people, and the table schema made from `storage.tables`. What a step found is in
`results`.
"""

from collections.abc import Iterator

import dagster as dg
from sqlalchemy import Column, ForeignKeyConstraint, Table
from sqlalchemy.dialects import postgresql

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.orchestration.jobs import PLANS
from twizzit_pipeline.storage import tables

CONFIGURATION = "twizzit_sync_config"

TABLES = {
    CONFIGURATION: tables.sync_config,
    PLANS: tables.plans,
    **{each.snapshot: tables.SNAPSHOTS[name] for name, each in ENTITIES.items()},
    **{each.mappings: tables.MAPPINGS[name] for name, each in ENTITIES.items()},
}

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
# What a column is that does not say so itself (`doc`), since several tables have it.
_COLUMNS = {
    **{each.remote_id: f"Twizzit's id of the {each.one}" for each in ENTITIES.values()},
    **{each.remote_name: f"The {each.one}'s name at the last sync" for each in ENTITIES.values()},
    **{each.local_id: f"ShotSpot's {each.local_one}" for each in ENTITIES.values()},
    "id": "Number of the row",
    "credential_id": "The credential that the row belongs to",
    "season_id": "The season of the scan",
    "twizzit_player_id": "Twizzit's id of the person",
    "twizzit_competition_id": "Twizzit's id of the competition; empty for a friendly match",
    "name": "Its name, as Twizzit has it",
    "short_name": "The team's short name",
    "club_id": "Twizzit's id of the team's club, where the row names another than the organization",
    "club_name": "The name of that club",
    "age_group": "Age group, read from the team's category",
    "gender": "male or female, and mixed for teams; empty where Twizzit does not say",
    "competition_type": "league or tournament, read from the type or the name",
    "start_date": "The first day: of the competition, or of its season where Twizzit gives none",
    "end_date": "The last day, likewise",
    "home_team_id": "Twizzit's id of the home team, where it gives one: v2 does for the account's own teams",
    "home_name": "The home side's name, as the match has it",
    "away_team_id": "Twizzit's id of the away team, where it gives one: v2 does for the account's own teams",
    "away_name": "The away side's name, as the match has it",
    "starts_at": "Kick-off; Belgian local time where Twizzit names no zone",
    "status": "scheduled, to_reschedule, completed or cancelled",
    "home_score": "Score of the home side; empty where there is none",
    "away_score": "Score of the away side; empty where there is none",
    "season": "The season's label at the last sync",
    "twizzit_match_name": "The names of both sides at the last sync",
    "team_mapping_id": "The mapping of the team that the player is in",
    "last_synced_at": "When the last sync wrote this row (UTC)",
    "last_synced_seen": "The time that our last sync found or left there; another one since is of ShotSpot's own sync",
    "sync_status": "How the last sync of this row ended",
    "sync_error": "Why it could not be applied",
    "created_at": "When the row was made (UTC)",
    "updated_at": "When the row last changed (UTC)",
    "twizzit_dialect": "The dialect in which the id counts: v1 or v2",
    "twizzit_host": "The host of the Twizzit in which the id counts, with its port where that is not the usual one",
    "twizzit_remote_id": "Twizzit's id, where another's row holds it in ShotSpot's column; else empty",
    "twizzit_organization_id": "The Twizzit organization in which the id counts",
    "twizzit_organization_name": "That organization's name",
    "last_values": "What Twizzit said at the last sync: the base of the next update",
    "sync_teams": "Whether teams are synced",
    "sync_players": "Whether players are synced",
    "sync_competitions": "Whether competitions are synced",
    "sync_interval_minutes": "How long from one automatic sync to the next, in minutes",
    "auto_sync_enabled": "Whether the credential syncs by itself",
    "last_sync_at": "When the last whole sync of the running season that did not fail had ended (UTC)",
    "next_sync_at": "When it syncs by itself next (UTC); empty is at once",
    "monthly_call_limit": "How many calls to Twizzit a month may cost; empty is no limit",
    "consecutive_failures": "Automatic syncs that failed since the last success",
    "paused_until": "No automatic sync before then (UTC)",
    "paused_because": "Why it is paused",
    "meanings": "What was said of the account's functions, types and statuses: list, word, meaning",
    "is_federation": "Whether its groups may name other clubs than the organization",
    "reason": "Why there is a plan: asked for, a review, or a first sync",
    "calls": "Calls to Twizzit that it cost",
    "counts": "What it has of each entity, in numbers",
    "document": "What it would do, row by row, with names; emptied after seven days",
    "requested_by": "Who asked for it",
    "made_at": "When it was made (UTC)",
    "expires_at": "When it can be applied no longer (UTC)",
    "decided_at": "When it was applied, replaced or discarded (UTC)",
    "decided_by": "Who applied or discarded it",
    "made_run_id": "The run that made it",
    "digest": "The same for two plans that would write the same",
    "dagster_run_id": "The run that applied it",
    "notify_to": "E-mail addresses for notifications about this credential, besides those of the settings",
    "review": "Whether automatic syncs stop at the plan, until a person applies it",
    "conflict_policy": "Who wins where ShotSpot and Twizzit both changed a field",
    "conflict_exceptions": "Fields for which another policy holds",
}


def definition_metadata(asset: str) -> dict[str, dg.MetadataValue]:
    """What is known of an asset's table before it is ever materialized."""
    return {
        "dagster/table_name": dg.MetadataValue.text(asset),
        "dagster/column_schema": dg.MetadataValue.table_schema(table_schema(TABLES[asset])),
    }


def table_schema(table: Table) -> dg.TableSchema:
    """The columns of a table as Dagster shows them: PostgreSQL's types, nullability, uniqueness, references.

    A column that has no description here is shown without one; a test finds it.
    """
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                type=column.type.compile(dialect=_DIALECT).lower(),
                description=column.doc or _COLUMNS.get(column.name),
                constraints=dg.TableColumnConstraints(
                    nullable=bool(column.nullable),
                    unique=_unique(column),
                    other=[*_references(column)],
                ),
            )
            for column in table.columns
        ],
        constraints=dg.TableConstraints(other=[f"primary key ({', '.join(table.primary_key.columns.keys())})"]),
    )


def _unique(column: Column[object]) -> bool:
    return bool(column.unique) or column.table.primary_key.columns.keys() == [column.name]


def _references(column: Column[object]) -> Iterator[str]:
    for constraint in column.table.constraints:
        if isinstance(constraint, ForeignKeyConstraint) and column.name in constraint.column_keys:
            yield f"references {constraint.elements[0].target_fullname.replace('.', '(')})"
