"""ShotSpot's six `twizzit_*` tables, with the columns that the pipeline adds to them, and a mapping of its own.

Their times are ``timestamp`` without zone, in UTC, as ShotSpot has them.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

from twizzit_pipeline.storage.tables.columns import FALSE, TRUE, ZERO, identifier, metadata, utc

credentials = Table(
    "twizzit_credentials",
    metadata,
    identifier(),
    Column("organization_name", String(255), nullable=False),
    Column("api_username", String(255), nullable=False),
    Column("encrypted_password", Text, nullable=False),
    Column("encryption_iv", Text, nullable=False),
    Column("api_endpoint", String(500), server_default=text("'https://api.twizzit.com/v1'")),
    Column("is_active", Boolean, server_default=TRUE),
    utc("last_verified_at"),
    utc("created_at", default=True),
    utc("updated_at", default=True),
    # added: what people see in Dagster, fixed once made; and which organization the account turned out to read
    Column("partition_key", String(100), unique=True),
    Column("twizzit_organization_id", String(100)),
    Column("twizzit_organization_name", String(255)),
    # added: of cipher text and IV; a trigger empties it when they change without it
    Column("encryption_mac", Text),
    # added: the club of ShotSpot that an administrator named for the organization; null where its name decides
    Column("club_id", ForeignKey("clubs.id", ondelete="SET NULL")),
)

sync_config = Table(
    "twizzit_sync_config",
    metadata,
    identifier(),
    Column(
        "credential_id",
        ForeignKey("twizzit_credentials.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("sync_teams", Boolean, server_default=TRUE),
    Column("sync_players", Boolean, server_default=TRUE),
    Column("sync_competitions", Boolean, server_default=TRUE),
    Column("sync_interval_minutes", Integer, server_default=text("60")),
    Column("auto_sync_enabled", Boolean, server_default=FALSE),
    utc("last_sync_at"),
    utc("next_sync_at"),
    utc("created_at", default=True),
    utc("updated_at", default=True),
    # added: the month's budget of calls, and what keeps automatic syncs back
    Column("monthly_call_limit", Integer),
    Column("consecutive_failures", Integer, nullable=False, server_default=ZERO),
    utc("paused_until"),
    Column("paused_because", Text),
    # added: what the account's own words mean where they are not clear: list → word → meaning
    Column("meanings", JSONB),
    # added: its groups may name other clubs than the organization
    Column("is_federation", Boolean, nullable=False, server_default=FALSE),
    # added: addresses that are notified about this credential, besides those of the settings
    Column("notify_to", JSONB),
    # added: automatic syncs stop at the plan; who wins where both sides changed a field, and the fields for which
    # another does: column → policy
    Column("review", Boolean, nullable=False, server_default=FALSE),
    Column("conflict_policy", String(20), nullable=False, server_default=text("'twizzit'")),
    Column("conflict_exceptions", JSONB),
)


def _mapping_columns() -> list[Column[object]]:
    """What the mapping tables share, the pipeline's added columns last."""
    return [
        utc("last_synced_at"),
        Column("sync_status", String(50), server_default=text("'pending'")),
        Column("sync_error", Text),
        utc("created_at", default=True),
        utc("updated_at", default=True),
        # added: who owns the row, in which organization of which host and dialect its id counts, and the base of the
        # next update
        Column("credential_id", ForeignKey("twizzit_credentials.id", ondelete="SET NULL")),
        Column("twizzit_host", String(300)),
        Column("twizzit_dialect", String(10)),
        Column("twizzit_organization_id", String(100)),
        Column("twizzit_organization_name", String(255)),
        Column("last_values", JSONB),
    ]


def _identity(table: str, remote: str) -> list[SchemaItem]:
    """A remote id is unique within its host, dialect and organization; by name where the dialect has no ids of those.

    ShotSpot's own tables keep their constraint on the id alone: see `remote_ids`.
    """
    host = (remote, "twizzit_host", "twizzit_dialect")
    return [
        UniqueConstraint(*host, "twizzit_organization_id", name=f"{table}_identity_key"),
        Index(
            f"{table}_named_identity_key",
            *host,
            "twizzit_organization_name",
            unique=True,
            postgresql_where=text("twizzit_organization_id IS NULL"),
        ),
    ]


def _said_otherwise(table: str) -> list[SchemaItem]:
    """Added: the remote id where ShotSpot's constraint does not let its own column hold it."""
    column = Column("twizzit_remote_id", String(100))
    return [column, Index(f"ix_{table}_twizzit_remote_id", column, postgresql_where=column.is_not(None))]


team_mappings = Table(
    "twizzit_team_mappings",
    metadata,
    identifier(),
    # Newer ShotSpot databases call it local_club_id; there the migrations add local_team_id as a generated copy.
    Column("local_team_id", ForeignKey("teams.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("twizzit_team_id", String(100), nullable=False),
    Column("twizzit_team_name", String(255)),
    *_mapping_columns(),
    *_identity("twizzit_team_mappings", "twizzit_team_id"),
    *_said_otherwise("twizzit_team_mappings"),
)

player_mappings = Table(
    "twizzit_player_mappings",
    metadata,
    identifier(),
    Column("local_player_id", ForeignKey("players.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("twizzit_player_id", String(100), nullable=False),
    Column("twizzit_player_name", String(255)),
    Column("team_mapping_id", ForeignKey("twizzit_team_mappings.id", ondelete="CASCADE")),
    *_mapping_columns(),
    *_identity("twizzit_player_mappings", "twizzit_player_id"),
    *_said_otherwise("twizzit_player_mappings"),
    # added: the last_synced_at that a sync of ours found or left; another one since is ShotSpot's own integration's
    utc("last_synced_seen"),
)

competition_mappings = Table(
    "twizzit_competition_mappings",
    metadata,
    identifier(),
    Column("local_competition_id", ForeignKey("competitions.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("twizzit_competition_id", String(100), nullable=False),
    Column("twizzit_competition_name", String(255)),
    Column("season", String(50)),
    *_mapping_columns(),
    *_identity("twizzit_competition_mappings", "twizzit_competition_id"),
    *_said_otherwise("twizzit_competition_mappings"),
)

match_mappings = Table(
    "twizzit_match_mappings",
    metadata,
    identifier(),
    Column("local_game_id", ForeignKey("games.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("twizzit_match_id", String(100), nullable=False),
    Column("twizzit_match_name", String(255)),
    *_mapping_columns(),
    *_identity("twizzit_match_mappings", "twizzit_match_id"),
)

sync_history = Table(
    "twizzit_sync_history",
    metadata,
    identifier(),
    Column("credential_id", ForeignKey("twizzit_credentials.id", ondelete="CASCADE")),
    Column("sync_type", String(50), nullable=False),
    Column("sync_direction", String(20), nullable=False),
    Column("status", String(50), nullable=False),
    Column("items_processed", Integer, server_default=ZERO),
    Column("items_succeeded", Integer, server_default=ZERO),
    Column("items_failed", Integer, server_default=ZERO),
    Column("error_message", Text),
    utc("started_at", nullable=False),
    utc("completed_at"),
    utc("created_at", default=True),
    # added
    Column("dagster_run_id", String(64)),
    Column("details", JSONB),
)
Index("ix_twizzit_sync_history_credential_started", sync_history.c.credential_id, sync_history.c.started_at.desc())
Index("ix_twizzit_sync_history_dagster_run_id", sync_history.c.dagster_run_id)
Index("ix_twizzit_sync_history_completed_at", sync_history.c.completed_at)
Index(
    "ix_twizzit_sync_history_last",
    sync_history.c.credential_id,
    sync_history.c.sync_type,
    sync_history.c.started_at.desc(),
)
Index(
    "ix_twizzit_sync_history_failures",
    sync_history.c.started_at.desc(),
    postgresql_where=sync_history.c.status.in_(("failed", "partial_success")),
)
