"""Questions about opponents, beside conflicts and doubtful links.

Revision ID: 0021
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_KINDS = "'field', 'doubtful_link', 'opponent'"


def upgrade() -> None:
    op.drop_constraint(op.f("twizzit_conflicts_kind_check"), "twizzit_conflicts", type_="check")
    op.create_check_constraint(op.f("twizzit_conflicts_kind_check"), "twizzit_conflicts", f"kind IN ({_KINDS})")
