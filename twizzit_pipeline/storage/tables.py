"""The SQLAlchemy tables: ShotSpot's own (the columns that matter), its six `twizzit_*` tables, and the pipeline's.

What belongs here: names, types, constraints. Functions and triggers, which SQLAlchemy cannot say, are in the
migrations.
Times of ShotSpot's six tables are ``timestamp`` without zone, in UTC; all others carry their zone.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

_now = text("now()")
_utc_now = text("timezone('utc', now())")
_true = text("true")
_false = text("false")
_zero = text("0")


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _moment(name: str, *, nullable: bool = True, default: bool = False) -> Column[object]:
    """A time with zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=_now if default else None)


def _utc(name: str, *, nullable: bool = True, default: bool = False) -> Column[object]:
    """A time without zone, in UTC, as ShotSpot's six tables have them."""
    return Column(name, DateTime(timezone=False), nullable=nullable, server_default=_utc_now if default else None)


def _credential(*, ondelete: str, nullable: bool) -> Column[int]:
    return Column("credential_id", ForeignKey("twizzit_credentials.id", ondelete=ondelete), nullable=nullable)


# --- ShotSpot's own ---------------------------------------------------------------------------------------------------

clubs = Table(
    "clubs",
    metadata,
    _id(),
    Column("name", String(100), nullable=False, unique=True),
    _moment("created_at", default=True),
    _moment("updated_at", default=True),
)

seasons = Table(
    "seasons",
    metadata,
    _id(),
    Column("name", String(100), nullable=False),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("season_type", String(20)),
    Column("is_active", Boolean, server_default=_true),
    CheckConstraint("end_date >= start_date", name="dates"),
    CheckConstraint("season_type IN ('indoor', 'outdoor', 'mixed')", name="season_type"),
)

teams = Table(
    "teams",
    metadata,
    _id(),
    Column("club_id", ForeignKey("clubs.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("age_group", String(20)),
    Column("gender", String(10)),
    Column("season_id", ForeignKey("seasons.id", ondelete="SET NULL")),
    Column("is_active", Boolean, server_default=_true),
    _moment("created_at", default=True),
    _moment("updated_at", default=True),
    UniqueConstraint("club_id", "name", "season_id"),
    CheckConstraint("gender IN ('male', 'female', 'mixed')", name="gender"),
)

players = Table(
    "players",
    metadata,
    _id(),
    Column("club_id", ForeignKey("clubs.id", ondelete="SET NULL")),
    Column("team_id", ForeignKey("teams.id", ondelete="SET NULL")),
    Column("first_name", String(50), nullable=False),
    Column("last_name", String(50), nullable=False),
    Column("jersey_number", Integer),
    Column("gender", String(10)),
    Column("is_active", Boolean, server_default=_true),
    Column("is_twizzit_registered", Boolean, server_default=_false),
    _utc("twizzit_verified_at"),
    _moment("created_at", default=True),
    _moment("updated_at", default=True),
    UniqueConstraint("club_id", "jersey_number"),
    CheckConstraint("gender IN ('male', 'female')", name="gender"),
)

competitions = Table(
    "competitions",
    metadata,
    _id(),
    Column("name", String(255), nullable=False),
    Column("competition_type", String(20), nullable=False),
    Column("season_id", ForeignKey("seasons.id")),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date),
    Column("status", String(20), server_default=text("'upcoming'")),
    Column("settings", JSONB),
    Column("is_official", Boolean, server_default=_true),
    CheckConstraint("competition_type IN ('tournament', 'league')", name="competition_type"),
    CheckConstraint("status IN ('upcoming', 'in_progress', 'completed', 'cancelled')", name="status"),
)

games = Table(
    "games",
    metadata,
    _id(),
    Column("home_club_id", ForeignKey("clubs.id"), nullable=False),
    Column("away_club_id", ForeignKey("clubs.id"), nullable=False),
    Column("home_team_id", ForeignKey("teams.id")),
    Column("away_team_id", ForeignKey("teams.id")),
    Column("competition_id", ForeignKey("competitions.id")),
    Column("season_id", ForeignKey("seasons.id")),
    _moment("date", nullable=False),
    Column("status", String(20), server_default=text("'scheduled'")),
    Column("home_score", Integer, server_default=_zero),
    Column("away_score", Integer, server_default=_zero),
    CheckConstraint("home_club_id <> away_club_id", name="clubs_differ"),
    CheckConstraint("status IN ('scheduled', 'to_reschedule', 'in_progress', 'completed', 'cancelled')", name="status"),
)

# --- ShotSpot's six twizzit_* tables, with the pipeline's added columns -----------------------------------------------

credentials = Table(
    "twizzit_credentials",
    metadata,
    _id(),
    Column("organization_name", String(255), nullable=False),
    Column("api_username", String(255), nullable=False),
    Column("encrypted_password", Text, nullable=False),
    Column("encryption_iv", Text, nullable=False),
    Column("api_endpoint", String(500), server_default=text("'https://api.twizzit.com/v1'")),
    Column("is_active", Boolean, server_default=_true),
    _utc("last_verified_at"),
    _utc("created_at", default=True),
    _utc("updated_at", default=True),
    # added: what people see in Dagster, fixed once made; and which organization the account turned out to read
    Column("partition_key", String(100), unique=True),
    Column("twizzit_organization_id", String(100)),
    Column("twizzit_organization_name", String(255)),
)

sync_config = Table(
    "twizzit_sync_config",
    metadata,
    _id(),
    Column(
        "credential_id",
        ForeignKey("twizzit_credentials.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("sync_teams", Boolean, server_default=_true),
    Column("sync_players", Boolean, server_default=_true),
    Column("sync_competitions", Boolean, server_default=_true),
    Column("sync_interval_minutes", Integer, server_default=text("60")),
    Column("auto_sync_enabled", Boolean, server_default=_false),
    _utc("last_sync_at"),
    _utc("next_sync_at"),
    _utc("created_at", default=True),
    _utc("updated_at", default=True),
)


def _mapping_columns() -> list[Column[object]]:
    """What the three mapping tables share, the pipeline's added columns last."""
    return [
        _utc("last_synced_at"),
        Column("sync_status", String(50), server_default=text("'pending'")),
        Column("sync_error", Text),
        _utc("created_at", default=True),
        _utc("updated_at", default=True),
        # added: who owns the row, in which organization of which dialect its id counts, and the base of the next update
        Column("credential_id", ForeignKey("twizzit_credentials.id", ondelete="SET NULL")),
        Column("twizzit_dialect", String(10)),
        Column("twizzit_organization_id", String(100)),
        Column("twizzit_organization_name", String(255)),
        Column("last_values", JSONB),
    ]


team_mappings = Table(
    "twizzit_team_mappings",
    metadata,
    _id(),
    # Newer ShotSpot databases call it local_club_id; there the migrations add local_team_id as a generated copy.
    Column("local_team_id", ForeignKey("teams.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("twizzit_team_id", String(100), nullable=False, unique=True),
    Column("twizzit_team_name", String(255)),
    *_mapping_columns(),
)

player_mappings = Table(
    "twizzit_player_mappings",
    metadata,
    _id(),
    Column("local_player_id", ForeignKey("players.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("twizzit_player_id", String(100), nullable=False, unique=True),
    Column("twizzit_player_name", String(255)),
    Column("team_mapping_id", ForeignKey("twizzit_team_mappings.id", ondelete="CASCADE")),
    *_mapping_columns(),
)

competition_mappings = Table(
    "twizzit_competition_mappings",
    metadata,
    _id(),
    Column("local_competition_id", ForeignKey("competitions.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("twizzit_competition_id", String(100), nullable=False, unique=True),
    Column("twizzit_competition_name", String(255)),
    Column("season", String(50)),
    *_mapping_columns(),
)

sync_history = Table(
    "twizzit_sync_history",
    metadata,
    _id(),
    Column("credential_id", ForeignKey("twizzit_credentials.id", ondelete="CASCADE")),
    Column("sync_type", String(50), nullable=False),
    Column("sync_direction", String(20), nullable=False),
    Column("status", String(50), nullable=False),
    Column("items_processed", Integer, server_default=_zero),
    Column("items_succeeded", Integer, server_default=_zero),
    Column("items_failed", Integer, server_default=_zero),
    Column("error_message", Text),
    _utc("started_at", nullable=False),
    _utc("completed_at"),
    _utc("created_at", default=True),
    # added
    Column("dagster_run_id", String(64)),
    Column("details", JSONB),
)
Index("ix_twizzit_sync_history_credential_started", sync_history.c.credential_id, sync_history.c.started_at.desc())
Index("ix_twizzit_sync_history_dagster_run_id", sync_history.c.dagster_run_id)

# --- the pipeline's own -----------------------------------------------------------------------------------------------

twizzit_seasons = Table(
    "twizzit_seasons",
    metadata,
    _id(),
    _credential(ondelete="CASCADE", nullable=False),
    Column("twizzit_season_id", String(100)),
    Column("label", String(50), nullable=False),  # the partition key of the season: no "|", no ","
    Column("start_date", Date),
    Column("end_date", Date),
    _moment("updated_at", nullable=False, default=True),
    UniqueConstraint("credential_id", "label"),
)


def _snapshot_key() -> list[Column[int]]:
    return [
        _credential(ondelete="CASCADE", nullable=False),
        Column("season_id", ForeignKey("twizzit_seasons.id", ondelete="CASCADE"), nullable=False),
    ]


twizzit_teams = Table(
    "twizzit_teams",
    metadata,
    *_snapshot_key(),
    Column("twizzit_team_id", String(100), nullable=False),
    Column("name", String(100), nullable=False),
    Column("short_name", String(100)),
    Column("club_id", String(100)),
    Column("club_name", String(100)),
    Column("age_group", String(20)),
    Column("gender", String(10)),
    PrimaryKeyConstraint("credential_id", "season_id", "twizzit_team_id"),
)

twizzit_players = Table(
    "twizzit_players",
    metadata,
    *_snapshot_key(),
    Column("twizzit_team_id", String(100), nullable=False),
    Column("twizzit_player_id", String(100), nullable=False),
    Column("first_name", String(50), nullable=False),
    Column("last_name", String(50), nullable=False),
    Column("gender", String(10)),
    Column("jersey_number", Integer),
    PrimaryKeyConstraint("credential_id", "season_id", "twizzit_team_id", "twizzit_player_id"),
)

rejected_rows = Table(
    "twizzit_rejected_rows",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("history_id", ForeignKey("twizzit_sync_history.id", ondelete="CASCADE"), nullable=False, index=True),
    _credential(ondelete="CASCADE", nullable=False),
    Column("entity", String(50), nullable=False),
    Column("twizzit_id", String(100)),
    Column("column_name", String(63), nullable=False),
    Column("rule", String(100), nullable=False),
    _moment("created_at", nullable=False, default=True),
)

leases = Table(
    "twizzit_leases",
    metadata,
    Column("organization", String(400), primary_key=True),
    Column("token", Uuid, nullable=False),
    _credential(ondelete="CASCADE", nullable=False),
    Column("dagster_run_id", String(64), nullable=False),
    Column("history_id", ForeignKey("twizzit_sync_history.id", ondelete="SET NULL")),
    Column("holder", Text, nullable=False),
    _moment("acquired_at", nullable=False, default=True),
    _moment("heartbeat_at", nullable=False, default=True),
)

sync_changes = Table(
    "twizzit_sync_changes",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("history_id", ForeignKey("twizzit_sync_history.id", ondelete="SET NULL"), index=True),
    _credential(ondelete="SET NULL", nullable=True),
    Column("table_name", String(63), nullable=False),
    Column("row_id", Integer, nullable=False),
    Column("twizzit_id", String(100)),
    Column("action", String(20), nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    _moment("created_at", nullable=False, default=True),
)

sync_requests = Table(
    "twizzit_sync_requests",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _credential(ondelete="CASCADE", nullable=False),
    Column("sync_type", String(50), nullable=False),
    Column("season", String(50)),
    Column("options", JSONB),
    Column("requested_by", String(255)),
    Column("trigger", String(20), nullable=False, server_default=text("'request'")),
    Column("status", String(20), nullable=False, server_default=text("'queued'")),
    Column("dagster_run_id", String(64)),
    _moment("requested_at", nullable=False, default=True),
    _moment("started_at"),
    _moment("completed_at"),
    CheckConstraint("status IN ('queued', 'started', 'success', 'partial_success', 'failed')", name="status"),
)
