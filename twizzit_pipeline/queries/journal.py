"""The journal of a club: what its syncs changed in ShotSpot, row by row, newest first.

What belongs here: reading it, with the names that ShotSpot has; nothing of this is logged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, and_, func, or_, select

from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import (
    clubs,
    competitions,
    games,
    match_mappings,
    player_mappings,
    players,
    sync_changes,
    teams,
)

_MAPPINGS = "twizzit_%_mappings"


@dataclass(frozen=True, slots=True)
class Changed:
    """One row that a sync changed.

    Attributes:
        at: when (UTC).
        action: ``create``, or what was done to a row that was there.
        name: what ShotSpot calls the row now; None for a row that is gone, and for kinds without a name.
        before, after: the columns that changed; `before` is None for a new row.
    """

    id: int
    at: datetime
    history_id: int | None
    table_name: str
    row_id: int
    twizzit_id: str | None
    action: str
    name: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def changes(
    engine: Engine,
    credential_id: int,
    *,
    player_id: int | None = None,
    since: datetime | None = None,
    mappings: bool = False,
    limit: int | None = None,
) -> list[Changed]:
    """What the syncs of a credential changed.

    Args:
        player_id: this player of ShotSpot alone.
        since: from this moment on (with zone).
        mappings: the rows of the mapping tables too.
    """
    journal = sync_changes.c
    name = func.coalesce(
        func.nullif(func.concat_ws(" ", players.c.first_name, players.c.last_name), ""),
        teams.c.name,
        clubs.c.name,
        competitions.c.name,
        match_mappings.c.twizzit_match_name,
    )
    wanted = (
        select(
            journal.id,
            journal.created_at,
            journal.history_id,
            journal.table_name,
            journal.row_id,
            journal.twizzit_id,
            journal.action,
            name,
            journal.before,
            journal.after,
        )
        .where(journal.credential_id == credential_id)
        .order_by(journal.id.desc())
        .limit(limit)
    )
    for table in (players, teams, clubs, competitions):
        of_it = and_(journal.table_name == table.name, table.c.id == journal.row_id)
        wanted = wanted.join(table, of_it, isouter=True)
    of_game = and_(journal.table_name == games.name, match_mappings.c.local_game_id == journal.row_id)
    wanted = wanted.join(match_mappings, of_game, isouter=True)
    if not mappings:
        wanted = wanted.where(journal.table_name.not_like(_MAPPINGS))
    if since is not None:
        wanted = wanted.where(journal.created_at >= since)
    if player_id is not None:
        own = select(player_mappings.c.id).where(player_mappings.c.local_player_id == player_id)
        wanted = wanted.where(
            or_(
                and_(journal.table_name == players.name, journal.row_id == player_id),
                and_(journal.table_name == player_mappings.name, journal.row_id.in_(own)),
            )
        )
    with driver_errors(), engine.connect() as connection:
        rows: list[Any] = list(connection.execute(wanted))
    return [Changed(*row) for row in rows]
