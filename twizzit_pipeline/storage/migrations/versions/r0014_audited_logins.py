"""Changes of a login by SQL are in the audit log, and a MAC that is emptied by itself comes back.

MACs of before stay as they are: the key is not here. The next write of each row, or a rotation, makes one of today.

Revision ID: 0014
"""

from alembic import op

from twizzit_pipeline.storage.migrations.triggers import audit_credentials, empty_macs_that_no_longer_fit

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    empty_macs_that_no_longer_fit(op.get_bind())
    audit_credentials(op.get_bind())
