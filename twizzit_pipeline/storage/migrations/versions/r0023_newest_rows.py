"""The views for monitoring read the newest rows of a long history back from the newest; what they say is the same.

Revision ID: 0023
"""

from alembic import op

from twizzit_pipeline.storage.migrations.additive import make_view
from twizzit_pipeline.storage.migrations.views_of_syncs import VIEWS_OF_SYNCS

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, query in VIEWS_OF_SYNCS.items():
        make_view(op.get_bind(), name, query)
