"""The names of ShotSpot's rows that a plan points at."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Connection, select

from twizzit_pipeline.plan.references import Key
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.bulk import among

_NAMED = (tables.clubs, tables.teams, tables.seasons, tables.competitions)


def names_of(connection: Connection, keys: Collection[Key]) -> dict[Key, str]:
    """Table and id → the name, of those rows that have one and are there."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for table, row_id in keys:
        wanted[table].append(row_id)
    return {
        (table.name, row_id): str(name)
        for table in _NAMED
        if wanted[table.name]
        for row_id, name in connection.execute(
            select(table.c.id, table.c.name).where(among(table.c.id, wanted[table.name]))
        )
    }
