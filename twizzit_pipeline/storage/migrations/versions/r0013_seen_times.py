"""Which `last_synced_at` a sync of ours last found or left: another one since is that of ShotSpot's own integration.

Revision ID: 0013
"""

import sqlalchemy as sa

from twizzit_pipeline.storage.migrations.additive import ensure_table

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table("twizzit_player_mappings", sa.Column("last_synced_seen", sa.DateTime(timezone=False)))
