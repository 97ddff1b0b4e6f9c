"""The channel `urls` of notifications: any service that apprise supports.

Revision ID: 0017
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_CHANNELS = "'webhook', 'urls', 'email', 'club_email'"


def upgrade() -> None:
    op.drop_constraint(op.f("twizzit_notifications_channel_check"), "twizzit_notifications", type_="check")
    op.create_check_constraint(
        op.f("twizzit_notifications_channel_check"), "twizzit_notifications", f"channel IN ({_CHANNELS})"
    )
