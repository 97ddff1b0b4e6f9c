"""The state of Dagster, seen from outside: its daemons' heartbeats, and runs that will never end.

What belongs here: reading. What is done about a dead run is in `dead_runs`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.orchestration.run.tags import PROCESS_TAG
from twizzit_pipeline.runs.processes import process_is_gone
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

QUEUED_TOO_LONG = timedelta(minutes=30)
_AT_WORK = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


@dataclass(frozen=True, slots=True)
class Daemon:
    """One of Dagster's daemons. `errors`: of its last iteration."""

    name: str
    healthy: bool
    errors: int


@dataclass(frozen=True, slots=True)
class Orchestration:
    """The state of Dagster's instance.

    Attributes:
        daemons: those that this instance needs.
        dead_runs: ids of runs shown as under way whose process on this machine is gone.
        stuck_in_queue: ids of runs that have waited for more than half an hour.
    """

    daemons: tuple[Daemon, ...]
    dead_runs: tuple[str, ...]
    stuck_in_queue: tuple[str, ...]


def inspect_orchestration(settings: Settings, database: Database) -> Orchestration:
    """The instance of these settings.

    Raises:
        DatabaseUnavailable: Dagster's tables cannot be reached.
        SettingsError: Dagster's folder cannot be used.
    """
    queued_before = datetime.now(UTC) - QUEUED_TOO_LONG
    with open_instance(settings, database) as instance:
        daemons = tuple(
            Daemon(
                name=status.daemon_type,
                healthy=bool(status.healthy),
                errors=len(beat.errors or ()) if (beat := status.last_heartbeat) else 0,
            )
            for status in instance.get_daemon_statuses().values()
            if status.required
        )
        at_work = instance.get_runs(dg.RunsFilter(statuses=_AT_WORK))
        waiting = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED], created_before=queued_before)
        queued = instance.get_runs(waiting)
    dead = sorted(run.run_id for run in at_work if process_is_gone(run.tags.get(PROCESS_TAG, "")))
    return Orchestration(daemons, tuple(dead), tuple(sorted(run.run_id for run in queued)))
