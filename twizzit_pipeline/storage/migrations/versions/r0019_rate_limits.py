"""Limits on how often something may be done, counted for all processes together.

Revision ID: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from twizzit_pipeline.storage.migrations.additive import ensure_table

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table(
        "twizzit_rate_limits",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("slots", ARRAY(sa.DateTime(timezone=True)), nullable=False),
    )
    # What a crash of the server forgets is a minute's calls; a log of each call's row would be written for nothing.
    op.execute(sa.text("ALTER TABLE twizzit_rate_limits SET UNLOGGED"))
