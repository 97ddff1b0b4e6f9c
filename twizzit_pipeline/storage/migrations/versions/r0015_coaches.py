"""Requests for a sync can be cancelled, and remember all who asked; coaches can be limited to clubs.

A user with a row in `twizzit_coaches` is limited to the credentials of `twizzit_coach_credentials`, even where none is
left: the row stays when its last credential is deleted.

Revision ID: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from twizzit_pipeline.storage.migrations.additive import ensure_table

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_STATUSES = "'queued', 'started', 'success', 'partial_success', 'failed', 'cancelled'"


def upgrade() -> None:
    _requests()
    _coaches()


def _requests() -> None:
    ensure_table(
        "twizzit_sync_requests",
        sa.Column(
            "also_requested_by", postgresql.ARRAY(sa.Text), server_default=sa.text("'{}'::text[]"), nullable=False
        ),
    )
    name = op.f("twizzit_sync_requests_status_check")
    op.execute(sa.text(f"ALTER TABLE twizzit_sync_requests DROP CONSTRAINT IF EXISTS {name}"))
    op.create_check_constraint(name, "twizzit_sync_requests", f"status IN ({_STATUSES})")


def _coaches() -> None:
    ensure_table(
        "twizzit_coaches",
        sa.Column("user_id", sa.String(100), primary_key=True),
        sa.Column("limited_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    of_coach = sa.ForeignKey("twizzit_coaches.user_id", ondelete="CASCADE")
    of_credential = sa.ForeignKey("twizzit_credentials.id", ondelete="CASCADE")
    ensure_table(
        "twizzit_coach_credentials",
        sa.Column("user_id", sa.String(100), of_coach, nullable=False),
        sa.Column("credential_id", sa.Integer, of_credential, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "credential_id", name=op.f("twizzit_coach_credentials_pkey")),
    )
    op.create_index(
        "ix_twizzit_coach_credentials_credential_id",
        "twizzit_coach_credentials",
        ["credential_id"],
        if_not_exists=True,
    )
