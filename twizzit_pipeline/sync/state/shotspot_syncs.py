"""The syncs of ShotSpot's own integration, as the history shows them: rows of no Dagster run.

The ids of the rows say which came first: ShotSpot's times have no zone, and may or may not be UTC.
"""

from sqlalchemy import Connection, bindparam, func, select

from twizzit_pipeline.runs.details import DECIDES, MAPPINGS
from twizzit_pipeline.storage.tables import sync_history

_row = sync_history.c
_OF_PLAYERS = select(func.max(_row.id)).where(
    _row.credential_id == bindparam("credential_id"), _row.sync_type == "players"
)
_OURS = _OF_PLAYERS.where(
    _row.dagster_run_id.is_not(None),
    _row.status.in_(("success", "partial_success")),
    _row.details.has_key(MAPPINGS),  # not a scan alone
    _row.details["group_id"].astext.is_(None),
    _row.details[DECIDES].astext.is_distinct_from("false"),  # an older season's overwrites nothing
)
_THEIRS = _OF_PLAYERS.where(_row.dagster_run_id.is_(None), _row.sync_direction == "import")


def shotspot_synced(connection: Connection, credential_id: int) -> bool:
    """Whether ShotSpot has synced the credential's players since our last sync of all of them into ShotSpot."""
    of = {"credential_id": credential_id}
    last = connection.scalar(_THEIRS, of)
    return last is not None and last > (connection.scalar(_OURS, of) or 0)
