"""Competitions and matches: what scans saw of them, the matches' mappings, and who opponents are.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from twizzit_pipeline.storage.migrations.additive import ensure_index, ensure_table, unique

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table("twizzit_sync_config", sa.Column("match_event_type", sa.String(100)))
    _snapshots()
    _match_mappings()
    _opponents()
    # Which games of a season's days there are is asked at each sync, and ShotSpot may have no index for that.
    ensure_index("ix_games_date", "games", ["date"])


def _snapshots() -> None:
    ensure_table(
        "twizzit_competitions",
        *_snapshot_key(),
        sa.Column("twizzit_competition_id", sa.String(100), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("competition_type", sa.String(20), nullable=False),
        sa.Column("start_date", sa.Date, nullable=False),
        sa.Column("end_date", sa.Date),
        sa.PrimaryKeyConstraint(
            "credential_id", "season_id", "twizzit_competition_id", name=op.f("twizzit_competitions_pkey")
        ),
    )
    ensure_table(
        "twizzit_matches",
        *_snapshot_key(),
        sa.Column("twizzit_match_id", sa.String(100), nullable=False),
        sa.Column("twizzit_competition_id", sa.String(100)),
        sa.Column("home_team_id", sa.String(100)),
        sa.Column("home_name", sa.String(100), nullable=False),
        sa.Column("away_team_id", sa.String(100)),
        sa.Column("away_name", sa.String(100), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("home_score", sa.Integer),
        sa.Column("away_score", sa.Integer),
        sa.PrimaryKeyConstraint("credential_id", "season_id", "twizzit_match_id", name=op.f("twizzit_matches_pkey")),
    )


def _match_mappings() -> None:
    ensure_table(
        "twizzit_match_mappings",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("local_game_id", sa.Integer, sa.ForeignKey("games.id", ondelete="CASCADE"), nullable=False),
        sa.Column("twizzit_match_id", sa.String(100), nullable=False),
        sa.Column("twizzit_match_name", sa.String(255)),
        _utc("last_synced_at"),
        sa.Column("sync_status", sa.String(50), server_default=sa.text("'pending'")),
        sa.Column("sync_error", sa.Text),
        _utc("created_at", default=True),
        _utc("updated_at", default=True),
        _credential("SET NULL"),
        sa.Column("twizzit_dialect", sa.String(10)),
        sa.Column("twizzit_organization_id", sa.String(100)),
        sa.Column("twizzit_organization_name", sa.String(255)),
        sa.Column("last_values", postgresql.JSONB),
        unique("local_game_id", table="twizzit_match_mappings"),
        unique("twizzit_match_id", table="twizzit_match_mappings"),
    )


def _opponents() -> None:
    ensure_table(
        "twizzit_opponents",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _credential("SET NULL"),
        sa.Column("twizzit_dialect", sa.String(10), nullable=False),
        sa.Column("twizzit_organization_id", sa.String(100)),
        sa.Column("twizzit_organization_name", sa.String(255)),
        sa.Column("season", sa.String(50), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("normalised_name", sa.Text, nullable=False),
        sa.Column("club_id", sa.Integer, sa.ForeignKey("clubs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", ondelete="CASCADE"), nullable=False),
        sa.Column("made", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        unique("credential_id", "season", "normalised_name", table="twizzit_opponents"),
    )


def _snapshot_key() -> list[sa.Column[int]]:
    season = sa.ForeignKey("twizzit_seasons.id", ondelete="CASCADE")
    return [_credential("CASCADE", nullable=False), sa.Column("season_id", sa.Integer, season, nullable=False)]


def _credential(ondelete: str, *, nullable: bool = True) -> sa.Column[int]:
    target = sa.ForeignKey("twizzit_credentials.id", ondelete=ondelete)
    return sa.Column("credential_id", sa.Integer, target, nullable=nullable)


def _utc(name: str, *, default: bool = False) -> sa.Column[object]:
    now = sa.text("timezone('utc', now())") if default else None
    return sa.Column(name, sa.DateTime(timezone=False), server_default=now)
