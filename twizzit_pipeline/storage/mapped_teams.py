"""Which teams mappings name, written in place: mappings of players hang on those of teams, and would go with them."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, exists, insert, literal, null, select, update

from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.storage.bulk import among, writable, written_through
from twizzit_pipeline.storage.roles import lacking_to_undo
from twizzit_pipeline.storage.tables import team_mappings, teams

LINK = "local_team_id"


def link_columns(connection: Connection) -> tuple[str, ...]:
    """The columns that say which team a mapping names: in newer ShotSpot databases one, and a copy of it."""
    source = written_through(connection, team_mappings).get(LINK)
    return (LINK,) if source is None else (LINK, source)


def name_teams(connection: Connection, wanted: Mapping[int, int]) -> None:
    """Lets each mapping, by its id, name a team; those of a circle change places.

    PostgreSQL checks row by row that a team is named once: one mapping of a circle names a team meanwhile that has no
    mapping; where there is none, one that is made for that moment, and that no other transaction sees.

    Raises:
        DatabaseRefused: one must be made, and the database's user may not take it away again.
    """
    table = writable(team_mappings, written_through(connection, team_mappings))
    column = table.c[link_columns(connection)[-1]]
    found = select(table.c.id, column).where(among(table.c.id, sorted(wanted))).with_for_update()
    held = {row.id: row[1] for row in connection.execute(found)}
    made: list[int] = []
    while moving := {one: team for one, team in held.items() if team != wanted[one]}:
        mapping_id = next((one for one in sorted(moving) if wanted[one] not in held.values()), None)
        if mapping_id is None:
            mapping_id = min(moving)
            target = _unmapped(connection)
            if target is None:
                made.append(_beside(connection, moving[mapping_id]))
                target = made[-1]
        else:
            target = wanted[mapping_id]
        connection.execute(update(table).where(table.c.id == mapping_id).values({column: target}))
        held[mapping_id] = target
    if made:
        connection.execute(delete(teams).where(among(teams.c.id, made)))


def _unmapped(connection: Connection) -> int | None:
    """Any team that no mapping names; one that is mapped meanwhile by another transaction fails this one."""
    mapped = exists().where(team_mappings.c.local_team_id == teams.c.id)
    return connection.scalar(select(teams.c.id).where(~mapped).order_by(teams.c.id).limit(1))


def _beside(connection: Connection, team_id: int) -> int:
    """A team of no season beside another one: no name is taken in it."""
    for lack in lacking_to_undo(connection):
        raise DatabaseRefused(
            f"Two teams change places by way of a third one, and the database's user lacks {lack.wrong}, to take that "
            f"away again; as the tables' owner or a superuser: {lack.statement}"
        )
    like = select(teams.c.club_id, teams.c.name, null(), literal(False)).where(teams.c.id == team_id)
    made = insert(teams).from_select(["club_id", "name", "season_id", "is_active"], like).returning(teams.c.id)
    return int(connection.execute(made).scalar_one())
