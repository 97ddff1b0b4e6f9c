"""What the ids in a row's columns are called: its team, club, season, competition, for people who read the journal."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Engine, Table, select

from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import clubs, competitions, seasons, teams

_TABLES: Mapping[str, Table] = {
    "team_id": teams,
    "home_team_id": teams,
    "away_team_id": teams,
    "club_id": clubs,
    "home_club_id": clubs,
    "away_club_id": clubs,
    "season_id": seasons,
    "competition_id": competitions,
}


def names_of(engine: Engine, rows: Iterable[Mapping[str, Any] | None]) -> dict[tuple[str, int], str]:
    """Column and id → name, for every id that these rows hold in such a column; an id that is gone has none."""
    wanted: dict[str, set[int]] = defaultdict(set)
    columns: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for column, value in (row or {}).items():
            if column in _TABLES and isinstance(value, int):
                wanted[_TABLES[column].name].add(value)
                columns[_TABLES[column].name].add(column)
    found: dict[tuple[str, int], str] = {}
    with driver_errors(), engine.connect() as connection:
        for table in {table.name: table for table in _TABLES.values()}.values():
            if ids := wanted.get(table.name):
                named = select(table.c.id, table.c.name).where(among(table.c.id, ids))
                for row_id, name in connection.execute(named):
                    found |= {(column, row_id): name for column in columns[table.name]}
    return found
