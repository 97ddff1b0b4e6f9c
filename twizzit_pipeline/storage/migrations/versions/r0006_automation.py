"""What automatic syncs need: a budget of calls and what was used of it, what keeps a credential back, who is notified.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from twizzit_pipeline.storage.migrations.additive import ensure_index, ensure_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "twizzit_sync_config",
        sa.Column("monthly_call_limit", sa.Integer),
        sa.Column("consecutive_failures", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=False)),
        sa.Column("paused_because", sa.Text),
    )
    ensure_table(
        "twizzit_api_usage",
        _credential(nullable=False),
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("calls", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("credential_id", "month", name=op.f("twizzit_api_usage_pkey")),
    )
    _notifications()


def _notifications() -> None:
    ensure_table(
        "twizzit_notifications",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        _credential(nullable=True),
        sa.Column("body", postgresql.JSONB, nullable=False),
        _moment("created_at"),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        _moment("next_attempt_at"),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.Text),
        sa.UniqueConstraint("key", "channel", name=op.f("twizzit_notifications_key_channel_key")),
        sa.CheckConstraint("channel IN ('webhook', 'email')", name=op.f("twizzit_notifications_channel_check")),
    )
    op.create_index(
        "ix_twizzit_notifications_waiting",
        "twizzit_notifications",
        ["next_attempt_at"],
        postgresql_where=sa.text("delivered_at IS NULL"),
        if_not_exists=True,
    )
    # The orchestrator looks for what ended since it last looked, and the monitoring for the last month.
    ensure_index("ix_twizzit_sync_history_completed_at", "twizzit_sync_history", ["completed_at"])


def _credential(*, nullable: bool) -> sa.Column[int]:
    target = sa.ForeignKey("twizzit_credentials.id", ondelete="CASCADE")
    return sa.Column("credential_id", sa.Integer, target, nullable=nullable)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
