"""What a request for a sync needs on its way to a run, and the orchestrators that are there to take it.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

from twizzit_pipeline.storage.migrations.additive import ensure_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "twizzit_orchestrators",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    ensure_table(
        "twizzit_sync_requests",
        sa.Column("error", sa.Text),
        sa.Column("attempt", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ix_twizzit_sync_requests_open",
        "twizzit_sync_requests",
        ["credential_id"],
        postgresql_where=sa.text("completed_at IS NULL"),
        if_not_exists=True,
    )
