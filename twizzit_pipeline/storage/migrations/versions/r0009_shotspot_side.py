"""ShotSpot's side of the calendar: teams of a competition, games within a club, and which club a credential is.

Standing alone, `games` gets the CHECK of newer ShotSpot databases: the two clubs differ, or both team ids are given. A
`games` that ShotSpot made keeps its own, and so does its `competition_teams`; where it has none, the table is made.

Revision ID: 0009
"""

import sqlalchemy as sa
from alembic import op

from twizzit_pipeline.storage.migrations.additive import columns_of, ensure_table, made_here, unique

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CLUBS_DIFFER = "games_clubs_differ_check"


def upgrade() -> None:
    _competition_teams()
    if made_here(op.get_bind(), "games"):
        _allow_games_within_a_club()
    ensure_table(
        "twizzit_credentials", sa.Column("club_id", sa.Integer, sa.ForeignKey("clubs.id", ondelete="SET NULL"))
    )
    ensure_table(
        "twizzit_players", sa.Column("name_guessed", sa.Boolean, server_default=sa.text("false"), nullable=False)
    )


def _competition_teams() -> None:
    if columns_of("competition_teams"):
        return
    ensure_table(
        "competition_teams",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("competition_id", sa.Integer, sa.ForeignKey("competitions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", ondelete="CASCADE"), nullable=False),
        sa.Column("seed", sa.Integer),
        sa.Column("group_name", sa.String(50)),
        sa.Column("is_eliminated", sa.Boolean, server_default=sa.text("false")),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()")),
        unique("competition_id", "team_id", table="competition_teams"),
    )


def _allow_games_within_a_club() -> None:
    op.execute(f"ALTER TABLE games DROP CONSTRAINT IF EXISTS {_CLUBS_DIFFER}")
    op.create_check_constraint(
        op.f(_CLUBS_DIFFER),
        "games",
        "home_club_id <> away_club_id OR (home_team_id IS NOT NULL AND away_team_id IS NOT NULL)",
    )
