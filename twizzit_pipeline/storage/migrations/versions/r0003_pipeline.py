"""The pipeline's own tables: what scans saw, what they rejected, who works, what was written, what was asked for.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from twizzit_pipeline.storage.migrations.additive import ensure_index, ensure_table, unique

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _seasons()
    _snapshots()
    _rejected_rows()
    _leases()
    _changes()
    _requests()


def _credential(ondelete: str = "CASCADE", *, nullable: bool = False) -> sa.Column[object]:
    target = sa.ForeignKey("twizzit_credentials.id", ondelete=ondelete)
    return sa.Column("credential_id", sa.Integer, target, nullable=nullable)


def _history(ondelete: str, *, nullable: bool = True) -> sa.Column[object]:
    target = sa.ForeignKey("twizzit_sync_history.id", ondelete=ondelete)
    return sa.Column("history_id", sa.Integer, target, nullable=nullable)


def _moment(name: str, *, default: bool = False) -> sa.Column[object]:
    zoned = sa.DateTime(timezone=True)
    return sa.Column(name, zoned, nullable=not default, server_default=sa.text("now()") if default else None)


def _counted() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _seasons() -> None:
    ensure_table(
        "twizzit_seasons",
        sa.Column("id", sa.Integer, primary_key=True),
        _credential(),
        sa.Column("twizzit_season_id", sa.String(100)),
        sa.Column("label", sa.String(50), nullable=False),
        sa.Column("start_date", sa.Date),
        sa.Column("end_date", sa.Date),
        _moment("updated_at", default=True),
        unique("credential_id", "label", table="twizzit_seasons"),
    )


def _snapshots() -> None:
    season = sa.ForeignKey("twizzit_seasons.id", ondelete="CASCADE")
    ensure_table(
        "twizzit_teams",
        _credential(),
        sa.Column("season_id", sa.Integer, season, nullable=False),
        sa.Column("twizzit_team_id", sa.String(100), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("short_name", sa.String(100)),
        sa.Column("club_id", sa.String(100)),
        sa.Column("club_name", sa.String(100)),
        sa.Column("age_group", sa.String(20)),
        sa.Column("gender", sa.String(10)),
        sa.PrimaryKeyConstraint("credential_id", "season_id", "twizzit_team_id"),
    )
    season = sa.ForeignKey("twizzit_seasons.id", ondelete="CASCADE")
    ensure_table(
        "twizzit_players",
        _credential(),
        sa.Column("season_id", sa.Integer, season, nullable=False),
        sa.Column("twizzit_team_id", sa.String(100), nullable=False),
        sa.Column("twizzit_player_id", sa.String(100), nullable=False),
        sa.Column("first_name", sa.String(50), nullable=False),
        sa.Column("last_name", sa.String(50), nullable=False),
        sa.Column("gender", sa.String(10)),
        sa.Column("jersey_number", sa.Integer),
        sa.PrimaryKeyConstraint("credential_id", "season_id", "twizzit_team_id", "twizzit_player_id"),
    )


def _rejected_rows() -> None:
    ensure_table(
        "twizzit_rejected_rows",
        _counted(),
        _history("CASCADE", nullable=False),
        _credential(),
        sa.Column("entity", sa.String(50), nullable=False),
        sa.Column("twizzit_id", sa.String(100)),
        sa.Column("column_name", sa.String(63), nullable=False),
        sa.Column("rule", sa.String(100), nullable=False),
        _moment("created_at", default=True),
    )
    ensure_index("ix_twizzit_rejected_rows_history_id", "twizzit_rejected_rows", ["history_id"])


def _leases() -> None:
    ensure_table(
        "twizzit_leases",
        sa.Column("organization", sa.String(400), primary_key=True),
        sa.Column("token", sa.Uuid, nullable=False),
        _credential(),
        sa.Column("dagster_run_id", sa.String(64), nullable=False),
        _history("SET NULL"),
        sa.Column("holder", sa.Text, nullable=False),
        _moment("acquired_at", default=True),
        _moment("heartbeat_at", default=True),
    )


def _changes() -> None:
    ensure_table(
        "twizzit_sync_changes",
        _counted(),
        _history("SET NULL"),
        _credential("SET NULL", nullable=True),
        sa.Column("table_name", sa.String(63), nullable=False),
        sa.Column("row_id", sa.Integer, nullable=False),
        sa.Column("twizzit_id", sa.String(100)),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("before", postgresql.JSONB),
        sa.Column("after", postgresql.JSONB),
        _moment("created_at", default=True),
    )
    ensure_index("ix_twizzit_sync_changes_history_id", "twizzit_sync_changes", ["history_id"])


def _requests() -> None:
    ensure_table(
        "twizzit_sync_requests",
        _counted(),
        _credential(),
        sa.Column("sync_type", sa.String(50), nullable=False),
        sa.Column("season", sa.String(50)),
        sa.Column("options", postgresql.JSONB),
        sa.Column("requested_by", sa.String(255)),
        sa.Column("trigger", sa.String(20), nullable=False, server_default=sa.text("'request'")),
        sa.Column("status", sa.String(20), nullable=False, server_default=sa.text("'queued'")),
        sa.Column("dagster_run_id", sa.String(64)),
        _moment("requested_at", default=True),
        _moment("started_at"),
        _moment("completed_at"),
        sa.CheckConstraint(
            "status IN ('queued', 'started', 'success', 'partial_success', 'failed')",
            name=op.f("twizzit_sync_requests_status_check"),
        ),
    )
