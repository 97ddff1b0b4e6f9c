"""The pipeline's own tables: what scans saw, what they rejected, who works, what was written, what was asked
for, what it cost, which notifications went out, which clubs a coach may see, and who changed what.
"""

from typing import Any

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
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from twizzit_pipeline.entities import PLAYERS, Entity
from twizzit_pipeline.storage.tables.columns import FALSE, ZERO, credential, identifier, metadata, moment
from twizzit_pipeline.storage.tables.shotspot import players

twizzit_seasons = Table(
    "twizzit_seasons",
    metadata,
    identifier(),
    credential(ondelete="CASCADE", nullable=False),
    Column("twizzit_season_id", String(100)),
    Column("label", String(50), nullable=False),  # the partition key of the season: no "|", no ","
    Column("start_date", Date),
    Column("end_date", Date),
    moment("updated_at", nullable=False, default=True),
    Column("unlisted_since", Date),  # the day, in Belgium, on which the account first did not list it any more
    UniqueConstraint("credential_id", "label"),
)


def _snapshot_key() -> list[Column[int]]:
    return [
        credential(ondelete="CASCADE", nullable=False),
        Column("season_id", ForeignKey("twizzit_seasons.id", ondelete="CASCADE"), nullable=False),
    ]


def _as_in_shotspot(of: Entity, local: Table) -> list[Column[Any]]:
    """A column for each of ShotSpot's that both sides may change, as it is there; not for those that point at rows."""
    theirs = [local.c[name] for name in of.compared if not local.c[name].foreign_keys]
    return [Column(one.name, one.type, nullable=one.nullable, doc=one.doc) for one in theirs]


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
    *_as_in_shotspot(PLAYERS, players),
    Column(
        "name_guessed",
        Boolean,
        nullable=False,
        server_default=FALSE,
        doc="Whether the account gives the whole name alone, so that where it falls in two is a guess",
    ),
    PrimaryKeyConstraint("credential_id", "season_id", "twizzit_team_id", "twizzit_player_id"),
)

twizzit_competitions = Table(
    "twizzit_competitions",
    metadata,
    *_snapshot_key(),
    Column("twizzit_competition_id", String(100), nullable=False),
    Column("name", String(255), nullable=False),
    Column("competition_type", String(20), nullable=False),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date),
    PrimaryKeyConstraint("credential_id", "season_id", "twizzit_competition_id"),
)

twizzit_matches = Table(
    "twizzit_matches",
    metadata,
    *_snapshot_key(),
    Column("twizzit_match_id", String(100), nullable=False),
    Column("twizzit_competition_id", String(100)),  # null for a friendly
    Column("home_team_id", String(100)),
    Column("home_name", String(100), nullable=False),
    Column("away_team_id", String(100)),
    Column("away_name", String(100), nullable=False),
    moment("starts_at", nullable=False),
    Column("status", String(20), nullable=False),
    Column("home_score", Integer),
    Column("away_score", Integer),
    PrimaryKeyConstraint("credential_id", "season_id", "twizzit_match_id"),
)

opponents = Table(
    "twizzit_opponents",
    metadata,
    identifier(),
    credential(ondelete="SET NULL", nullable=True),
    Column("twizzit_host", String(300)),
    Column("twizzit_dialect", String(10), nullable=False),
    Column("twizzit_organization_id", String(100)),
    Column("twizzit_organization_name", String(255)),
    Column("season", String(50), nullable=False),
    Column("name", String(100), nullable=False),
    Column("normalised_name", Text, nullable=False),
    Column("club_id", ForeignKey("clubs.id", ondelete="CASCADE"), nullable=False),
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), nullable=False),
    Column("made", Boolean, nullable=False),  # by a sync: the club or the team is known as an opponent alone
    moment("created_at", nullable=False, default=True),
    UniqueConstraint("credential_id", "season", "normalised_name"),
)

rejected_rows = Table(
    "twizzit_rejected_rows",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("history_id", ForeignKey("twizzit_sync_history.id", ondelete="CASCADE"), nullable=False, index=True),
    credential(ondelete="CASCADE", nullable=False),
    Column("entity", String(50), nullable=False),
    Column("twizzit_id", String(100)),
    Column("column_name", String(63), nullable=False),
    Column("rule", String(100), nullable=False),
    moment("created_at", nullable=False, default=True),
)

leases = Table(
    "twizzit_leases",
    metadata,
    Column("organization", String(400), primary_key=True),
    Column("token", Uuid, nullable=False),
    credential(ondelete="CASCADE", nullable=False),
    Column("dagster_run_id", String(64), nullable=False),
    Column("history_id", ForeignKey("twizzit_sync_history.id", ondelete="SET NULL")),
    Column("holder", Text, nullable=False),
    moment("acquired_at", nullable=False, default=True),
    moment("heartbeat_at", nullable=False, default=True),
)

sync_changes = Table(
    "twizzit_sync_changes",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("history_id", ForeignKey("twizzit_sync_history.id", ondelete="SET NULL"), index=True),
    credential(ondelete="SET NULL", nullable=True),
    Column("table_name", String(63), nullable=False),
    Column("row_id", Integer, nullable=False),
    Column("twizzit_id", String(100)),
    Column("action", String(20), nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    moment("created_at", nullable=False, default=True),
)

Index("ix_twizzit_sync_changes_row", sync_changes.c.table_name, sync_changes.c.row_id)

sync_requests = Table(
    "twizzit_sync_requests",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    credential(ondelete="CASCADE", nullable=False),
    Column("sync_type", String(50), nullable=False),
    Column("season", String(50)),
    Column("options", JSONB),
    Column("requested_by", String(255)),
    Column("also_requested_by", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("trigger", String(20), nullable=False, server_default=text("'request'")),
    Column("status", String(20), nullable=False, server_default=text("'queued'")),
    Column("dagster_run_id", String(64)),
    moment("requested_at", nullable=False, default=True),
    moment("started_at"),
    moment("completed_at"),
    Column("error", Text),
    Column("attempt", Integer, nullable=False, server_default=text("1")),  # of which the run key speaks
    moment("claimed_at"),
    CheckConstraint(
        "status IN ('queued', 'started', 'success', 'partial_success', 'failed', 'cancelled')", name="status"
    ),
)
Index(
    "ix_twizzit_sync_requests_open",
    sync_requests.c.credential_id,
    postgresql_where=sync_requests.c.completed_at.is_(None),
)

orchestrators = Table(
    "twizzit_orchestrators",
    metadata,
    Column("name", Text, primary_key=True),
    moment("heartbeat_at", nullable=False, default=True),
)

api_usage = Table(
    "twizzit_api_usage",
    metadata,
    credential(ondelete="CASCADE", nullable=False),
    Column("month", Date, nullable=False),  # its first day; months are UTC's
    Column("calls", BigInteger, nullable=False, server_default=ZERO),
    PrimaryKeyConstraint("credential_id", "month"),
)

notifications = Table(
    "twizzit_notifications",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("key", Text, nullable=False),  # identifies the event; no event is notified twice
    Column("channel", String(20), nullable=False),
    Column("kind", String(50), nullable=False),
    credential(ondelete="CASCADE", nullable=True),
    Column("body", JSONB, nullable=False),
    moment("created_at", nullable=False, default=True),
    Column("attempts", Integer, nullable=False, server_default=ZERO),
    moment("next_attempt_at", nullable=False, default=True),
    moment("delivered_at"),
    Column("error", Text),
    UniqueConstraint("key", "channel"),
    CheckConstraint("channel IN ('webhook', 'urls', 'email', 'club_email')", name="channel"),
)
Index(
    "ix_twizzit_notifications_waiting",
    notifications.c.next_attempt_at,
    postgresql_where=notifications.c.delivered_at.is_(None),
)

# Unlogged: what a crash forgets is a minute's calls.
rate_limits = Table(
    "twizzit_rate_limits",
    metadata,
    Column("key", Text, primary_key=True),
    Column("slots", ARRAY(DateTime(timezone=True)), nullable=False),
    prefixes=["UNLOGGED"],
)

# A user in this table is limited to the credentials of the next one, even where none is left.
coaches = Table(
    "twizzit_coaches",
    metadata,
    Column("user_id", String(100), primary_key=True),
    moment("limited_at", nullable=False, default=True),
)

coach_credentials = Table(
    "twizzit_coach_credentials",
    metadata,
    Column("user_id", ForeignKey("twizzit_coaches.user_id", ondelete="CASCADE"), nullable=False),
    Column("credential_id", ForeignKey("twizzit_credentials.id", ondelete="CASCADE"), nullable=False, index=True),
    PrimaryKeyConstraint("user_id", "credential_id"),
)

audit_log = Table(
    "twizzit_audit_log",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    moment("at", nullable=False, default=True),
    Column("actor_kind", String(10), nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_role", Text),
    Column("action", String(50), nullable=False),
    Column("target", String(50), nullable=False),
    Column("target_id", Text),
    Column("details", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    CheckConstraint("actor_kind IN ('token', 'os', 'trigger')", name="actor_kind"),
)
