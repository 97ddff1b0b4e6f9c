"""The journal of a club: what its syncs changed in ShotSpot, row by row, newest first.

What belongs here: reading it, with the names that ShotSpot has; nothing of this is logged.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, and_, func, or_, select

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import (
    LOCAL,
    MAPPINGS,
    clubs,
    player_mappings,
    players,
    sync_changes,
)

_OURS = "twizzit_%"  # mappings, opponents, what people decided: in the journal so that it can be undone
_JOURNAL = sync_changes.c
_NAMED = {clubs: ("name",)} | {LOCAL[entity]: of.names for entity, of in ENTITIES.items() if of.names}
_UNNAMED = {MAPPINGS[entity]: of for entity, of in ENTITIES.items() if not of.names}  # called as their mapping has it
# The tables that the name of a row may come from, and which of their rows is meant.
_NAMED_BY = (
    *((table, and_(_JOURNAL.table_name == table.name, table.c.id == _JOURNAL.row_id)) for table in _NAMED),
    *(
        (mappings, and_(_JOURNAL.table_name == of.local, mappings.c[of.local_id] == _JOURNAL.row_id))
        for mappings, of in _UNNAMED.items()
    ),
)
_NAME = func.coalesce(
    *(func.nullif(func.concat_ws(" ", *(table.c[one] for one in names)), "") for table, names in _NAMED.items()),
    *(mappings.c[of.remote_name] for mappings, of in _UNNAMED.items()),
)


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
    history_ids: Collection[int] | None = None,
    mappings: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[Changed]:
    """What the syncs of a credential changed.

    Args:
        player_id: this player of ShotSpot alone.
        since: from this moment on (with zone).
        history_ids: of these rows of the history alone.
        mappings: the rows of our own tables too: mappings, opponents, and what people decided.
    """
    journal = _JOURNAL
    wanted = (
        select(
            journal.id,
            journal.created_at,
            journal.history_id,
            journal.table_name,
            journal.row_id,
            journal.twizzit_id,
            journal.action,
            _NAME,
            journal.before,
            journal.after,
        )
        .where(journal.credential_id == credential_id)
        .order_by(journal.id.desc())
        .limit(limit)
        .offset(offset)
    )
    for table, condition in _NAMED_BY:
        wanted = wanted.join(table, condition, isouter=True)
    if not mappings:
        wanted = wanted.where(journal.table_name.not_like(_OURS))
    if since is not None:
        wanted = wanted.where(journal.created_at >= since)
    if history_ids is not None:
        wanted = wanted.where(among(journal.history_id, history_ids))
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


def counts(engine: Engine, history_ids: Collection[int]) -> dict[int, int]:
    """How many rows of ShotSpot each of these rows of the history changed; those that changed none are left out."""
    journal = _JOURNAL
    counted = (
        select(journal.history_id, func.count())
        .where(among(journal.history_id, history_ids), journal.table_name.not_like(_OURS))
        .group_by(journal.history_id)
    )
    with driver_errors(), engine.connect() as connection:
        return {history_id: count for history_id, count in connection.execute(counted) if history_id is not None}
