"""The triggers hang on no column of ShotSpot's any more, so that its next migrations may retype them.

Views and the copy of a renamed link cannot do without: `twizzit detach` takes them out of the way, `twizzit attach`
puts them back.

Revision ID: 0012
"""

import sqlalchemy as sa
from alembic import op

from twizzit_pipeline.storage.migrations.triggers import empty_macs_that_no_longer_fit, keep_registration_in_step

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OURS = sa.text(
    "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass('twizzit_player_mappings')"
    " AND tgname = 'twizzit_move_registration')"
)


def upgrade() -> None:
    connection = op.get_bind()
    empty_macs_that_no_longer_fit(connection)
    if connection.scalar(_OURS):  # a ShotSpot that keeps registration itself has none of ours
        keep_registration_in_step(connection)
