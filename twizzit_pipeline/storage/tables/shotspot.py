"""ShotSpot's own tables: the columns that matter here."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from twizzit_pipeline.storage.tables.columns import (
    FALSE,
    NOT_NEEDED,
    NOW,
    TRUE,
    ZERO,
    identifier,
    metadata,
    moment,
    utc,
)

clubs = Table(
    "clubs",
    metadata,
    identifier(),
    Column("name", String(100), nullable=False, unique=True),
    moment("created_at", default=True),
    moment("updated_at", default=True),
)

seasons = Table(
    "seasons",
    metadata,
    identifier(),
    Column("name", String(100), nullable=False),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("season_type", String(20)),
    Column("is_active", Boolean, server_default=TRUE),
    CheckConstraint("end_date >= start_date", name="dates"),
    CheckConstraint("season_type IN ('indoor', 'outdoor', 'mixed')", name="season_type"),
)

teams = Table(
    "teams",
    metadata,
    identifier(),
    Column("club_id", ForeignKey("clubs.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("age_group", String(20)),
    Column("gender", String(10)),
    Column("season_id", ForeignKey("seasons.id", ondelete="SET NULL")),
    Column("is_active", Boolean, server_default=TRUE),
    moment("created_at", default=True),
    moment("updated_at", default=True),
    UniqueConstraint("club_id", "name", "season_id"),
    CheckConstraint("gender IN ('male', 'female', 'mixed')", name="gender"),
)

players = Table(
    "players",
    metadata,
    identifier(),
    Column("club_id", ForeignKey("clubs.id", ondelete="SET NULL")),
    Column("team_id", ForeignKey("teams.id", ondelete="SET NULL")),
    Column("first_name", String(50), nullable=False, doc="First name"),
    Column("last_name", String(50), nullable=False, doc="Last name"),
    Column("jersey_number", Integer, doc="Shirt number in this team"),
    Column("gender", String(10)),
    Column("is_active", Boolean, server_default=TRUE),
    Column("is_twizzit_registered", Boolean, server_default=FALSE),
    utc("twizzit_verified_at"),
    moment("created_at", default=True),
    moment("updated_at", default=True),
    UniqueConstraint("club_id", "jersey_number"),
    CheckConstraint("gender IN ('male', 'female')", name="gender"),
)

competitions = Table(
    "competitions",
    metadata,
    identifier(),
    Column("name", String(255), nullable=False),
    Column("competition_type", String(20), nullable=False),
    Column("season_id", ForeignKey("seasons.id")),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date),
    Column("status", String(20), server_default=text("'upcoming'")),
    Column("settings", JSONB),
    Column("is_official", Boolean, server_default=TRUE),
    CheckConstraint("competition_type IN ('tournament', 'league')", name="competition_type"),
    CheckConstraint("status IN ('upcoming', 'in_progress', 'completed', 'cancelled')", name="status"),
)

competition_teams = Table(
    "competition_teams",
    metadata,
    identifier(),
    Column("competition_id", ForeignKey("competitions.id", ondelete="CASCADE"), nullable=False),
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), nullable=False),
    # nothing reads these: where ShotSpot made the table, it may lack them
    Column("seed", Integer, info=NOT_NEEDED),
    Column("group_name", String(50), info=NOT_NEEDED),
    Column("is_eliminated", Boolean, server_default=FALSE, info=NOT_NEEDED),
    Column("created_at", DateTime(timezone=True), server_default=NOW, info=NOT_NEEDED),
    UniqueConstraint("competition_id", "team_id"),
)

games = Table(
    "games",
    metadata,
    identifier(),
    Column("home_club_id", ForeignKey("clubs.id"), nullable=False),
    Column("away_club_id", ForeignKey("clubs.id"), nullable=False),
    Column("home_team_id", ForeignKey("teams.id")),
    Column("away_team_id", ForeignKey("teams.id")),
    Column("competition_id", ForeignKey("competitions.id")),
    Column("season_id", ForeignKey("seasons.id")),
    moment("date", nullable=False),
    Column("status", String(20), server_default=text("'scheduled'")),
    Column("home_score", Integer, server_default=ZERO),
    Column("away_score", Integer, server_default=ZERO),
    CheckConstraint(
        "home_club_id <> away_club_id OR (home_team_id IS NOT NULL AND away_team_id IS NOT NULL)", name="clubs_differ"
    ),
    CheckConstraint("status IN ('scheduled', 'to_reschedule', 'in_progress', 'completed', 'cancelled')", name="status"),
)
Index("ix_games_date", games.c.date)

# To write through: `games` with the column that only newer ShotSpot databases have. No model of what must be there.
written_games = Table(
    "games", MetaData(), *(Column(column.name, column.type) for column in games.c), Column("game_type", String(20))
)
