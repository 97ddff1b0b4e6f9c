"""Which rows of the history are about an entity: matches share ShotSpot's type `competitions`; their details differ.

What belongs here: conditions for queries, and which rows are undone. What a row that was read is about says
`HistoryRow.entity`.
"""

from collections.abc import Mapping

from sqlalchemy import Column, ColumnElement, Connection, and_, func, select

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.runs.details import ENTITY, NO_SYNCS, UNDO, UNDONE
from twizzit_pipeline.storage.tables import sync_config, sync_history

# Which column of the configuration turns an entity on; empty is on.
TURNED_ON: Mapping[str, Column[bool]] = {name: sync_config.c[each.toggle] for name, each in ENTITIES.items()}

# The entity of a row.
recorded_entity: ColumnElement[str] = func.coalesce(sync_history.c.details[ENTITY].astext, sync_history.c.sync_type)


# Rows of syncs: an undo and a decision have one of their own, and are none.
of_syncs: ColumnElement[bool] = sync_history.c.sync_direction.not_in(NO_SYNCS)


def of_entity(entity: str) -> ColumnElement[bool]:
    """Rows about an entity: by their type, which has an index, and what their details say."""
    return and_(sync_history.c.sync_type == ENTITIES[entity].sync_type, recorded_entity == entity)


def undone_by(connection: Connection, credential_id: int) -> dict[int, int]:
    """Rows of the history that are undone now → the undo that did it; an undo that is undone itself does not count."""
    undos = connection.execute(
        select(sync_history.c.id, sync_history.c.details[UNDONE])
        .where(sync_history.c.credential_id == credential_id, sync_history.c.sync_direction == UNDO)
        .order_by(sync_history.c.id.desc())
    ).all()
    found: dict[int, int] = {}
    for undo_id, history_ids in undos:  # the newest first: what undid an undo came later
        if undo_id not in found:
            found |= {one: undo_id for one in history_ids or () if one not in found}
    return found
