"""ShotSpot's own tables, as far as the pipeline reads and writes them.

Standing alone this makes them; beside ShotSpot it adds the columns that an older ShotSpot lacks.
There is no way down: these tables are ShotSpot's, and nothing of them is ever dropped here.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from twizzit_pipeline.storage.migrations.additive import columns_of, ensure_table, unique

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _clubs_and_seasons()
    _teams_and_players()
    _competitions_and_games()


def _identifier() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _stamps() -> tuple[sa.Column[object], sa.Column[object]]:
    zoned = sa.DateTime(timezone=True)
    return (
        sa.Column("created_at", zoned, server_default=sa.text("now()")),
        sa.Column("updated_at", zoned, server_default=sa.text("now()")),
    )


def _one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"{table}_{column}_check"))


def _clubs_and_seasons() -> None:
    ensure_table(
        "clubs",
        _identifier(),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        *_stamps(),
    )
    ensure_table(
        "seasons",
        _identifier(),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("start_date", sa.Date, nullable=False),
        sa.Column("end_date", sa.Date, nullable=False),
        sa.Column("season_type", sa.String(20)),
        sa.Column("is_active", sa.Boolean, server_default=sa.true()),
        sa.CheckConstraint("end_date >= start_date", name=op.f("seasons_dates_check")),
        _one_of("seasons", "season_type", "indoor", "outdoor", "mixed"),
    )


def _teams_and_players() -> None:
    ensure_table(
        "teams",
        _identifier(),
        sa.Column("club_id", sa.Integer, sa.ForeignKey("clubs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("age_group", sa.String(20)),
        sa.Column("gender", sa.String(10)),
        sa.Column("season_id", sa.Integer, sa.ForeignKey("seasons.id", ondelete="SET NULL")),
        sa.Column("is_active", sa.Boolean, server_default=sa.true()),
        *_stamps(),
        unique("club_id", "name", "season_id", table="teams"),
        _one_of("teams", "gender", "male", "female", "mixed"),
    )
    added = ensure_table(
        "players",
        _identifier(),
        sa.Column("club_id", sa.Integer, sa.ForeignKey("clubs.id", ondelete="SET NULL")),
        sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id", ondelete="SET NULL")),
        sa.Column("first_name", sa.String(50), nullable=False),
        sa.Column("last_name", sa.String(50), nullable=False),
        sa.Column("jersey_number", sa.Integer),
        sa.Column("gender", sa.String(10)),
        sa.Column("is_active", sa.Boolean, server_default=sa.true()),
        sa.Column("is_twizzit_registered", sa.Boolean, server_default=sa.false()),
        sa.Column("twizzit_verified_at", sa.DateTime),
        *_stamps(),
        unique("club_id", "jersey_number", table="players"),
        _one_of("players", "gender", "male", "female"),
    )
    if "is_twizzit_registered" in added and columns_of("twizzit_player_mappings"):
        # Registered is who has a mapping, and an older ShotSpot has mappings already.
        op.execute(
            "UPDATE players SET is_twizzit_registered = true"
            " WHERE id IN (SELECT local_player_id FROM twizzit_player_mappings)"
        )


def _competitions_and_games() -> None:
    ensure_table(
        "competitions",
        _identifier(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("competition_type", sa.String(20), nullable=False),
        sa.Column("season_id", sa.Integer, sa.ForeignKey("seasons.id")),
        sa.Column("start_date", sa.Date, nullable=False),
        sa.Column("end_date", sa.Date),
        sa.Column("status", sa.String(20), server_default=sa.text("'upcoming'")),
        sa.Column("settings", postgresql.JSONB),
        sa.Column("is_official", sa.Boolean, server_default=sa.true()),
        _one_of("competitions", "competition_type", "tournament", "league"),
        _one_of("competitions", "status", "upcoming", "in_progress", "completed", "cancelled"),
    )
    ensure_table(
        "games",
        _identifier(),
        sa.Column("home_club_id", sa.Integer, sa.ForeignKey("clubs.id"), nullable=False),
        sa.Column("away_club_id", sa.Integer, sa.ForeignKey("clubs.id"), nullable=False),
        sa.Column("home_team_id", sa.Integer, sa.ForeignKey("teams.id")),
        sa.Column("away_team_id", sa.Integer, sa.ForeignKey("teams.id")),
        sa.Column("competition_id", sa.Integer, sa.ForeignKey("competitions.id")),
        sa.Column("season_id", sa.Integer, sa.ForeignKey("seasons.id")),
        sa.Column("date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(20), server_default=sa.text("'scheduled'")),
        sa.Column("home_score", sa.Integer, server_default=sa.text("0")),
        sa.Column("away_score", sa.Integer, server_default=sa.text("0")),
        sa.CheckConstraint("home_club_id <> away_club_id", name=op.f("games_clubs_differ_check")),
        _one_of("games", "status", "scheduled", "to_reschedule", "in_progress", "completed", "cancelled"),
    )
