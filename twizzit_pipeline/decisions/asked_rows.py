"""What ShotSpot and the last scan have of the rows that questions are about: a statement or two for each entity.

What belongs here: reading. What is shown of it is put together in `listing`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from twizzit_pipeline.entities import ENTITIES, asked_table
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import MAPPINGS, SNAPSHOTS, metadata, teams

TEAM = "team_id"


def ids_of(rows: Iterable[Any]) -> set[int]:
    """The local rows that these are about."""
    return {one for row in rows for one in (row.local_id, *(row.candidates or ())) if one is not None}


def table_of(row: Any) -> str:
    """ShotSpot's table that its candidates are rows of."""
    return asked_table(row.entity, row.kind, row.column_name)


def is_of_team(row: Any) -> bool:
    """Whether it is a conflict about the team of a player."""
    return row.kind == "field" and bool(row.column_name == TEAM)


def rows_held(connection: Connection, name: str, ids: Iterable[int]) -> dict[int, Mapping[str, Any]]:
    table = metadata.tables[name]
    wanted = select(table).where(among(table.c.id, sorted(ids)))
    return {row.id: dict(row._mapping) for row in connection.execute(wanted)}


def remote_names(connection: Connection, entity: str, rows: Collection[Any]) -> dict[tuple[int, str], str]:
    """What Twizzit calls those rows, by the last scan; a match as its mapping, or its two sides, have it."""
    table, of = SNAPSHOTS[entity].c, ENTITIES[entity]
    columns = of.names or ("home_name", "away_name")
    ids, owners = {row.twizzit_id for row in rows}, {row.credential_id for row in rows}
    wanted = select(table.credential_id, table[of.remote_id], *(table[name] for name in columns)).where(
        among(table[of.remote_id], sorted(ids)), among(table.credential_id, sorted(owners))
    )
    between = " " if of.names else " - "
    return {(found[0], found[1]): between.join(map(str, found[2:])) for found in connection.execute(wanted)}


def mapped_rows(connection: Connection, entity: str, ids: Collection[int]) -> dict[int, str]:
    """Local id → the remote one that it is mapped to."""
    table = MAPPINGS[entity]
    column = table.c[ENTITIES[entity].local_id]
    found = connection.execute(select(column, remote_id(table)).where(among(column, sorted(ids))))
    return {row[0]: row[1] for row in found}


def names_of_teams(
    connection: Connection, rows: Sequence[Any], held: Mapping[str, Mapping[int, Mapping[str, Any]]]
) -> dict[int, str]:
    ids = {value for row in rows if is_of_team(row) for value in (row.base, row.local, row.remote)}
    ids |= {local.get(TEAM) for local in held.get("players", {}).values()}
    wanted = select(teams.c.id, teams.c.name).where(among(teams.c.id, sorted(one for one in ids if type(one) is int)))
    return {row.id: row.name for row in connection.execute(wanted)} if ids else {}
