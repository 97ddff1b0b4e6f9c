"""The entries of the journal about one row are found by that row: a journal of years is long.

`migrate` holds the tables, for which it waits patiently, so the index is a plain one: a second for a million entries.

Revision ID: 0020
"""

from twizzit_pipeline.storage.migrations.additive import ensure_index

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_index("ix_twizzit_sync_changes_row", "twizzit_sync_changes", ["table_name", "row_id"])
