"""Which rows of the history are about an entity: matches share ShotSpot's type `competitions`; their details differ.

What belongs here: conditions for queries, and which rows are undone. What a row that was read is about says
`HistoryRow.entity`.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, Connection, Select, and_, case, false, func, select, true

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.runs.details import ENTITY, NO_SYNCS, UNDO, UNDONE
from twizzit_pipeline.storage.tables import sync_config, sync_history

# Which column of the configuration turns an entity on; empty is on.
TURNED_ON: Mapping[str, Column[bool]] = {name: sync_config.c[each.toggle] for name, each in ENTITIES.items()}

# The entity of a row.
recorded_entity: ColumnElement[str] = func.coalesce(sync_history.c.details[ENTITY].astext, sync_history.c.sync_type)

# By the indexes of a credential's syncs.
NEWEST_FIRST = (sync_history.c.started_at.desc(), sync_history.c.id.desc())

# Rows of syncs: an undo and a decision have one of their own, and are none.
of_syncs: ColumnElement[bool] = sync_history.c.sync_direction.not_in(NO_SYNCS)


def newest(
    wanted: Select[Any],
    credential_id: int | Column[int] | BindParameter[int],
    entity: str,
    *conditions: ColumnElement[bool],
) -> Select[Any]:
    """`wanted` of the rows of a credential that are about an entity and fulfil the conditions, the newest first.

    With a limit few rows are read, however long the history is: back from the newest, by the index of their types.
    """
    of_type = sync_history.c.sync_type == ENTITIES[entity].sync_type
    found = wanted.where(sync_history.c.credential_id == credential_id, of_type)
    return found.where(fitting(recorded_entity == entity, *conditions)).order_by(*NEWEST_FIRST)


def fitting(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """All of these as one condition, for queries by `NEWEST_FIRST` that have a limit.

    PostgreSQL has no statistics of what is in the details: of each condition on them it guesses that one row in two
    hundred fulfils it, of several that none does, and would read and sort all the rows. Of this one it guesses half.
    """
    return case((and_(*conditions), true()), else_=false())


def undone_by(connection: Connection, credential_id: int) -> dict[int, int]:
    """Rows of the history that are undone now → the undo that did it; an undo that is undone itself does not count."""
    undos = connection.execute(
        select(sync_history.c.id, sync_history.c.details[UNDONE])
        .where(
            sync_history.c.credential_id == credential_id,
            sync_history.c.sync_type == UNDO,  # has an index
            sync_history.c.sync_direction == UNDO,
        )
        .order_by(sync_history.c.id.desc())
    ).all()
    found: dict[int, int] = {}
    for undo_id, history_ids in undos:  # the newest first: what undid an undo came later
        if undo_id not in found:
            found |= {one: undo_id for one in history_ids or () if one not in found}
    return found
