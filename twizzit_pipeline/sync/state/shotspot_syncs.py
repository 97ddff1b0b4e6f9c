"""The syncs of ShotSpot's own integration, as the history shows them: rows of no Dagster run.

The ids of the rows say which came first: ShotSpot's times have no zone, and may or may not be UTC.
"""

from sqlalchemy import Connection, func, select

from twizzit_pipeline.runs.details import DECIDES, MAPPINGS
from twizzit_pipeline.storage.tables import sync_history


def shotspot_synced(connection: Connection, credential_id: int) -> bool:
    """Whether ShotSpot has synced the credential's players since our last sync of all of them into ShotSpot."""
    history = sync_history.c
    players = (history.credential_id == credential_id, history.sync_type == "players")
    ours = select(func.max(history.id)).where(
        *players,
        history.dagster_run_id.is_not(None),
        history.status.in_(("success", "partial_success")),
        history.details.has_key(MAPPINGS),  # not a scan alone
        history.details["group_id"].astext.is_(None),
        history.details[DECIDES].astext.is_distinct_from("false"),  # an older season's overwrites nothing
    )
    theirs = select(func.max(history.id)).where(
        *players, history.dagster_run_id.is_(None), history.sync_direction == "import"
    )
    last = connection.scalar(theirs)
    return last is not None and last > (connection.scalar(ours) or 0)
