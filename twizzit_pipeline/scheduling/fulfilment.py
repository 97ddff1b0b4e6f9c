"""What becomes of a request: started by a run, put back, ended. Called by that run and by the sensors.

What belongs here: the changes of status in `twizzit_sync_requests` after the request was made. Each of them names the
status that it expects, so that two processes that see the same thing change it once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, Engine, Update, exists, func, select, update

from twizzit_pipeline.errors import RequestCancelled, SyncInProgress
from twizzit_pipeline.runs.lease import INTERRUPTED, close_interrupted
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import leases, sync_history, sync_requests

# For as long a person may wait for a broker, or a cluster, that is being restarted; then a person must look at it.
LAUNCHED_WITHIN = timedelta(minutes=15)

_NOW = func.clock_timestamp()
_NO_TRACE = "The run ended before the sync began"


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """A run that carries out a request; another request, or the same one long over, is left alone."""

    request_id: int
    run_id: str

    def start(self, connection: Connection) -> None:
        """The run has the lease, and begins.

        Raises:
            RequestCancelled: the request was cancelled first.
        """
        begun = connection.execute(
            _of(self.request_id, sync_requests.c.status == "queued").values(
                status="started", dagster_run_id=self.run_id, started_at=_NOW, error=None
            )
        )
        if begun.rowcount == 0:
            self.require_wanted(connection)

    def require_wanted(self, connection: Connection) -> None:
        """
        Raises:
            RequestCancelled: the request was cancelled.
        """
        wanted = select(sync_requests.c.id).where(sync_requests.c.id == self.request_id)
        if connection.execute(wanted.where(sync_requests.c.status == "cancelled")).first() is not None:
            raise RequestCancelled(f"Request {self.request_id} was cancelled before the sync began: nothing was done")

    def end(self, connection: Connection, error: BaseException | None, message: str | None) -> None:
        """The run is over: the request ends as its history rows do, or waits for another turn.

        Args:
            error: what ended the run, if anything did; `message`: its safe message.
        """
        if isinstance(error, SyncInProgress):
            self._wait_for_another_turn(connection)
        else:
            _close(connection, self.request_id, self.run_id, message if error is not None else None)

    def succeed(self, connection: Connection) -> None:
        """The run has done what was asked for, and has no history to end with: it made a plan."""
        connection.execute(_of(self.request_id, self._started).values(status="success", error=None, completed_at=_NOW))

    def move_to_season(self, connection: Connection, season: str) -> bool:
        """Puts a request that named no season, and was given one that the account does not have, back for `season`."""
        nameless = sync_requests.c.season.is_(None) & self._started
        moved = connection.execute(_put_back(self.request_id, nameless).values(season=season, claimed_at=None))
        return moved.rowcount == 1

    def give_back(self, connection: Connection) -> None:
        """The run was interrupted, and was not made for the request: that waits for another."""
        connection.execute(_put_back(self.request_id, self._started).values(claimed_at=None))

    def refuse(self, connection: Connection, message: str) -> None:
        """The run could not even begin."""
        connection.execute(
            _of(self.request_id, sync_requests.c.status == "queued").values(
                status="failed", dagster_run_id=self.run_id, error=message, completed_at=_NOW
            )
        )

    @property
    def _started(self) -> ColumnElement[bool]:
        return (sync_requests.c.status == "started") & (sync_requests.c.dagster_run_id == self.run_id)

    def _wait_for_another_turn(self, connection: Connection) -> None:
        """Another sync of the organization runs. The claim holds this request back for a while: tries cost calls."""
        waiting = (sync_requests.c.status == "queued") | self._started
        connection.execute(_put_back(self.request_id, waiting).values(claimed_at=_NOW))


def fail_unstarted(engine: Engine, request_id: int, *, attempt: int, message: str | None = None) -> bool:
    """Ends a request whose Dagster run is over without having begun a sync; False where something else came of it."""
    waiting = (sync_requests.c.status == "queued") & (sync_requests.c.attempt == attempt)
    failed = _of(request_id, waiting).values(status="failed", error=message or _NO_TRACE, completed_at=_NOW)
    with driver_errors(), engine.begin() as connection:
        return connection.execute(failed).rowcount == 1


def launch_again(engine: Engine, request_id: int, *, attempt: int, message: str) -> bool:
    """Puts a request whose run could not be launched back into the queue, for another try in a minute; it says why.

    False where something else came of it, or it was asked for a quarter of an hour ago.
    """
    waiting = (sync_requests.c.status == "queued") & (sync_requests.c.attempt == attempt)
    lately = sync_requests.c.requested_at > _NOW - LAUNCHED_WITHIN
    with driver_errors(), engine.begin() as connection:
        put_back = _put_back(request_id, waiting & lately).values(claimed_at=_NOW, error=message)
        return connection.execute(put_back).rowcount == 1


def settle(engine: Engine) -> None:
    """Ends the requests whose run died: started, and without the lease that every working run holds."""
    with driver_errors():
        close_interrupted(engine)
        leased = exists().where(leases.c.dagster_run_id == sync_requests.c.dagster_run_id)
        abandoned = (
            select(sync_requests.c.id, sync_requests.c.dagster_run_id)
            .where(sync_requests.c.status == "started", ~leased)
            .with_for_update(skip_locked=True)
        )
        with engine.begin() as connection:
            for request_id, run_id in connection.execute(abandoned).all():
                _close(connection, request_id, run_id, None)


def _close(connection: Connection, request_id: int, run_id: str | None, error: str | None) -> None:
    """Ends a started request as the history rows of its run say; any row that failed has failed the request."""
    row = sync_requests.c
    buried = select(row.error).where(row.id == request_id, row.dagster_run_id == run_id)  # as its lease was
    why = connection.scalar(buried) or INTERRUPTED
    rows = connection.execute(
        select(sync_history.c.status, sync_history.c.error_message)
        .where(sync_history.c.dagster_run_id == run_id)
        .order_by(sync_history.c.id)
    ).all()
    status, reason = _outcome([(str(row.status), row.error_message) for row in rows], error, why)
    mine = (sync_requests.c.status == "started") & (sync_requests.c.dagster_run_id == run_id)
    connection.execute(_of(request_id, mine).values(status=status, error=reason, completed_at=_NOW))


def _outcome(rows: Sequence[tuple[str, str | None]], error: str | None, why: str) -> tuple[str, str | None]:
    failures = [message for status, message in rows if status in ("failed", "in_progress")]
    if error is not None or failures or not rows:
        return "failed", next((message for message in [*failures, error] if message), why)
    partial = any(status == "partial_success" for status, _ in rows)
    return "partial_success" if partial else "success", None


def _of(request_id: int, condition: ColumnElement[bool]) -> Update:
    return update(sync_requests).where(sync_requests.c.id == request_id, condition)


def _put_back(request_id: int, condition: ColumnElement[bool]) -> Update:
    """Into the queue again, for a run of its own."""
    return _of(request_id, condition).values(
        status="queued", dagster_run_id=None, started_at=None, error=None, attempt=sync_requests.c.attempt + 1
    )
