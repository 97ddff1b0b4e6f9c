"""Which runs are dead, by what the history and the leases say.

Where a process of another machine dies, or is cut off from the database, after it has closed its rows and before it
says that its run has ended, nothing of it is left in progress: the run would be shown as under way for its longest
time, an hour, and keep the next one of its credential waiting.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from twizzit_pipeline.runs.lease import DEAD_AFTER_SECONDS, INTERRUPTIONS
from twizzit_pipeline.storage.tables import leases, sync_history

_SILENT = timedelta(seconds=DEAD_AFTER_SECONDS)


def dead_runs(among: ColumnElement[bool]) -> Select[str]:
    """Their ids, text: closed as interrupted, or all closed for a minute, by the database's clock, without a lease.

    A run that lives holds its lease from before its first row to after its last one, and ends within seconds of that.

    Args:
        among: which rows of the history are looked at.
    """
    row = sync_history.c
    held = exists().where(leases.c.dagster_run_id == row.dagster_run_id)
    before = func.timezone("utc", func.clock_timestamp()) - _SILENT
    closed = and_(row.status != "in_progress", row.completed_at < before)
    return (
        select(row.dagster_run_id)
        .where(among)
        .group_by(row.dagster_run_id)
        .having(
            or_(
                func.bool_or(func.coalesce(row.error_message.in_(INTERRUPTIONS), False)),
                and_(func.bool_and(func.coalesce(closed, False)), ~held),
            )
        )
    )
