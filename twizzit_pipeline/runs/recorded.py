"""Which rows of the history are about an entity: matches share ShotSpot's type `competitions`; their details differ.

What belongs here: conditions for queries. What a row that was read is about says `HistoryRow.entity`.
"""

from collections.abc import Mapping

from sqlalchemy import Column, ColumnElement, and_, func

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.runs.details import ENTITY, NO_SYNCS
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
