"""What the database at hand takes as a game: ShotSpot's own constraints differ from version to version."""

import json

from sqlalchemy import Connection, text

# Two teams of one club, as a sync would write their game.
_DERBY = {
    "id": 1,
    "home_club_id": 1,
    "away_club_id": 1,
    "home_team_id": 1,
    "away_team_id": 2,
    "game_type": "team",
    "date": "2026-11-28T14:00:00+00:00",
    "status": "scheduled",
    "home_score": 0,
    "away_score": 0,
}


def derbies_allowed(connection: Connection) -> bool:
    """Whether every CHECK on `games` that looks at the clubs takes a game of two teams of one club.

    PostgreSQL itself is asked what its expressions say of such a row, whatever they are called and however written. A
    CHECK that says nothing (null) takes the row.
    """
    checks = connection.scalars(
        text(
            "SELECT pg_get_expr(k.conbin, k.conrelid) FROM pg_constraint k"
            " WHERE k.contype = 'c' AND k.conrelid = to_regclass('games') AND EXISTS ("
            "  SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)"
            "  AND a.attname IN ('home_club_id', 'away_club_id'))"
        )
    ).all()
    if not checks:
        return True
    # exec_driver_sql: a colon or a percent sign in an expression of ShotSpot's is no parameter of ours
    taken = " AND ".join(f"coalesce(({check}), true)" for check in checks).replace("%", "%%")
    row = "SELECT (jsonb_populate_record(NULL::games, %(row)s::jsonb)).*"
    question = f"SELECT {taken} FROM ({row}) AS games"  # noqa: S608  (expressions that the database wrote itself)
    return bool(connection.exec_driver_sql(question, {"row": json.dumps(_DERBY)}).scalar_one())


def columns_in_database(connection: Connection, table: str) -> frozenset[str]:
    """The columns that the table has here; empty where there is no such table."""
    columns = text(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped"
    )
    return frozenset(connection.scalars(columns, {"table": table}))
