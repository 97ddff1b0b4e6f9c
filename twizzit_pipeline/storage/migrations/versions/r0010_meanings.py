"""What a credential's configuration says about its account's own words: functions, types, statuses.

The event type of matches was a column of its own until now; it is one of those words.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from twizzit_pipeline.storage.migrations.additive import columns_of, ensure_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_MOVE = """
UPDATE twizzit_sync_config
SET meanings = jsonb_build_object('event_types', jsonb_build_object(btrim(match_event_type), 'match'))
WHERE btrim(match_event_type) <> '' AND meanings IS NULL
"""


def upgrade() -> None:
    ensure_table("twizzit_sync_config", sa.Column("meanings", postgresql.JSONB))
    if "match_event_type" in columns_of("twizzit_sync_config"):
        op.execute(_MOVE)
        op.drop_column("twizzit_sync_config", "match_event_type")
