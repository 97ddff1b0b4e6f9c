"""Plans that can be read before they are applied, departures, conflicts, a credential's policy on them; and the views
for monitoring, which take no undo and no decision for a sync.

Revision ID: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from twizzit_pipeline.storage.migrations.additive import ensure_table, make_view
from twizzit_pipeline.storage.migrations.views_of_syncs import VIEWS_OF_SYNCS

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

VIEWS = VIEWS_OF_SYNCS


VIEWS = VIEWS_OF_SYNCS


def upgrade() -> None:
    _configuration()
    _plans()
    _departures()
    _conflicts()
    for name, query in VIEWS.items():
        make_view(op.get_bind(), name, query)


def _configuration() -> None:
    ensure_table(
        "twizzit_sync_config",
        sa.Column("review", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("conflict_policy", sa.String(20), server_default=sa.text("'twizzit'"), nullable=False),
        sa.Column("conflict_exceptions", JSONB),
    )


def _plans() -> None:
    ensure_table(
        "twizzit_plans",
        *_of_credential(),
        sa.Column("season", sa.String(50), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("calls", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("counts", JSONB, nullable=False),
        sa.Column("document", JSONB),
        sa.Column("requested_by", sa.String(255)),
        _moment("made_at", default=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _moment("decided_at"),
        sa.Column("decided_by", sa.String(255)),
        sa.Column("made_run_id", sa.String(64)),
        sa.Column("digest", sa.String(64), server_default=sa.text("''"), nullable=False),
        sa.Column("dagster_run_id", sa.String(64)),
        _one_of("twizzit_plans", "reason", "'asked', 'review', 'first_sync'"),
        _one_of("twizzit_plans", "status", "'waiting', 'applied', 'replaced', 'discarded', 'expired'"),
    )
    op.create_index("ix_twizzit_plans_credential_id", "twizzit_plans", ["credential_id"], if_not_exists=True)


def _departures() -> None:
    ensure_table(
        "twizzit_departures",
        *_of_credential(),
        sa.Column("entity", sa.String(50), nullable=False),
        sa.Column("twizzit_id", sa.String(100), nullable=False),
        sa.Column("local_id", sa.Integer, nullable=False),
        sa.Column("season", sa.String(50), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("before", JSONB),
        sa.Column("base", JSONB),
        sa.Column("mapping", JSONB),
        _moment("missed_at", default=True),
        *[_moment(name) for name in ("proved_at", "applied_at", "closed_at", "returned_at", "decided_at")],
        sa.Column("decided_by", sa.String(255)),
        _one_of("twizzit_departures", "kind", "'no_team', 'gone', 'unproved'"),
        _one_of(
            "twizzit_departures",
            "status",
            "'waiting', 'held', 'approved', 'refused', 'applied', 'closed', 'returned'",
        ),
    )
    op.create_index(
        "twizzit_departures_open_key",
        "twizzit_departures",
        ["credential_id", "entity", "twizzit_id"],
        unique=True,
        if_not_exists=True,
        postgresql_where=sa.text("returned_at IS NULL"),
    )


def _conflicts() -> None:
    ensure_table(
        "twizzit_conflicts",
        *_of_credential(),
        sa.Column("entity", sa.String(50), nullable=False),
        sa.Column("twizzit_id", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("column_name", sa.String(63), server_default=sa.text("''"), nullable=False),
        sa.Column("local_id", sa.Integer),
        *[sa.Column(name, JSONB) for name in ("base", "local", "remote")],
        sa.Column("candidates", ARRAY(sa.Integer)),
        sa.Column("status", sa.String(20), server_default=sa.text("'open'"), nullable=False),
        sa.Column("resolution", sa.String(20)),
        sa.Column("value", JSONB),
        _moment("found_at", default=True),
        _moment("resolved_at"),
        sa.Column("resolved_by", sa.String(255)),
        sa.Column("history_id", sa.Integer, sa.ForeignKey("twizzit_sync_history.id", ondelete="SET NULL")),
        _one_of("twizzit_conflicts", "kind", "'field', 'doubtful_link'"),
        _one_of("twizzit_conflicts", "status", "'open', 'resolved', 'settled'"),
    )
    op.create_index(
        "twizzit_conflicts_open_key",
        "twizzit_conflicts",
        ["credential_id", "entity", "twizzit_id", "column_name"],
        unique=True,
        if_not_exists=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_twizzit_conflicts_credential_id", "twizzit_conflicts", ["credential_id", "entity"], if_not_exists=True
    )


def _of_credential() -> list[sa.Column[int]]:
    owner = sa.ForeignKey("twizzit_credentials.id", ondelete="CASCADE")
    return [
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("credential_id", sa.Integer, owner, nullable=False),
    ]


def _moment(name: str, *, default: bool = False) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()") if default else None, nullable=not default
    )


def _one_of(table: str, column: str, words: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IN ({words})", name=op.f(f"{table}_{column}_check"))
