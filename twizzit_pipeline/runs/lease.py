"""The lease: one sync of a Twizzit organization at a time, across processes and machines.

A lease is a row of `twizzit_leases` that its holder touches every few seconds. It is dead when it was not touched for
a minute, or at once when its holder was a process of this machine that is gone. The process that finds a dead one
closes the history rows of its run as interrupted, in the same transaction.
"""

import hashlib
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from twizzit_pipeline import logs
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.errors import EndpointRefused, LeaseLost
from twizzit_pipeline.runs.in_progress import in_progress
from twizzit_pipeline.runs.processes import process_is_gone, this_process
from twizzit_pipeline.storage.tables import leases, sync_history, sync_requests
from twizzit_pipeline.twizzit.endpoint import parse_endpoint

DEAD_AFTER_SECONDS = 60
BEAT_SECONDS = 10
INTERRUPTED = "interrupted: the process ended before the sync did"
# Of a process on another machine, or one that stands still: from here both look the same.
SILENT = "interrupted: nothing was heard of the process for a minute: it ended, or was cut off from the database"
INTERRUPTIONS = (INTERRUPTED, SILENT)

_LONGEST_KEY = 400  # what the column holds

# How long a process that claims a lease waits for the transaction of its holder.
PATIENCE_SECONDS = 3
# A claim only ever waits: a statement_timeout of the server's that is shorter cuts that short in its own way.
_UNIQUE_VIOLATION, _LOCK_NOT_AVAILABLE, _CANCELLED = "23505", "55P03", "57014"
HELD = {_UNIQUE_VIOLATION, _LOCK_NOT_AVAILABLE, _CANCELLED}

_OWN = update(leases).where(leases.c.token == bindparam("held_by"))
_TOUCH = _OWN.values(heartbeat_at=func.clock_timestamp())
_NOTE = _OWN.values(history_id=bindparam("works_on"))

_log = logs.logger(__name__)

_LOST = "Another process took over this sync while this one was silent: nothing more was written; sync again"


def organization_key(host: str, dialect: str, organization_id: str | None, organization_name: str) -> str:
    """What a lease is held on: the organization of a host by id, or by name where a dialect has no organizations.

    What a host says of itself keeps no other host's organization waiting. A key that the column cannot hold is its own
    digest.
    """
    key = f"{host} {dialect}:{organization_id or organization_name.casefold().strip()}"
    return key if len(key) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def credential_key(credential_id: int) -> str:
    """What a lease is held on until the organization is known."""
    return f"credential:{credential_id}"


def lease_key(credential: Credential) -> str:
    """What a sync of this credential takes its lease on, as far as its organization is known."""
    try:
        endpoint = parse_endpoint(credential.api_endpoint)
    except EndpointRefused:
        return credential_key(credential.id)  # the step that needs the endpoint will say so
    if endpoint.speaks.has_organizations and credential.twizzit_organization_id is None:
        return credential_key(credential.id)
    name = credential.twizzit_organization_name or credential.organization_name
    return organization_key(endpoint.server, endpoint.dialect, credential.twizzit_organization_id, name)


def lease_keys(credential: Credential) -> set[str]:
    """Every lease that a sync of this credential would have to wait for."""
    return {credential_key(credential.id), lease_key(credential)}


class Lease:
    """A lease that this process holds, kept alive by a thread until `release`.

    Args:
        on_beat: called by that thread after each sign of life; raises nothing.
    """

    def __init__(
        self, engine: Engine, organization: str, token: uuid.UUID, on_beat: Callable[[], None] | None = None
    ) -> None:
        self._on_beat = on_beat
        self._engine = engine
        self._organization = organization
        self._token = token
        self._over = threading.Event()
        self._beating = threading.Thread(target=self._beat_until_over, name="twizzit-lease", daemon=True)
        self._beating.start()

    @classmethod
    def take(
        cls,
        engine: Engine,
        organization: str,
        *,
        credential_id: int,
        run_id: str,
        on_beat: Callable[[], None] | None = None,
    ) -> "Lease":
        """The lease on `organization`.

        Raises:
            SyncInProgress: a living process holds it.
        """
        token = uuid.uuid4()
        values = {
            "organization": organization,
            "token": token,
            "credential_id": credential_id,
            "dagster_run_id": run_id,
            "holder": this_process(),
        }
        with _claiming(engine, organization) as connection:
            connection.execute(insert(leases).values(values))
        return cls(engine, organization, token, on_beat)

    def move(self, organization: str) -> None:
        """Holds `organization` instead: the account turned out to read it.

        Raises:
            SyncInProgress: a living process holds that one.
            LeaseLost: this lease was taken over.
        """
        if organization == self._organization:
            return
        with _claiming(self._engine, organization) as connection:
            moved = connection.execute(
                update(leases).where(leases.c.token == self._token).values(organization=organization)
            )
            if moved.rowcount != 1:
                raise LeaseLost(_LOST)
        self._organization = organization

    def note(self, connection: Connection, history_id: int) -> None:
        """Remembers which history row the holder works on, for the message to another process that wants the lease.

        Raises:
            LeaseLost: another process took over, and would not close this row.
        """
        noted = connection.execute(_NOTE, {"works_on": history_id, "held_by": self._token})
        if noted.rowcount != 1:
            raise LeaseLost(_LOST)

    def confirm(self, connection: Connection) -> None:
        """Proves inside the transaction of `connection` that the lease is still held, and keeps it so until it commits.

        Raises:
            LeaseLost: another process took over.
        """
        touched = connection.execute(_TOUCH, {"held_by": self._token})
        if touched.rowcount != 1:
            raise LeaseLost(_LOST)

    def stop(self) -> None:
        """Ends the heartbeat: what is not released dies within the minute, and is closed by the next holder."""
        self._over.set()
        self._beating.join()

    def release(self, connection: Connection) -> None:
        """Gives the lease back in the given transaction; a lease that another process holds is left alone."""
        connection.execute(delete(leases).where(leases.c.token == self._token))

    def give_back(self) -> None:
        """Stops, and releases the lease by itself: what was done under it is committed, or has an error of its own.

        Where the database is away the lease dies within the minute. A connection that was cut is tried once more.
        """
        self.stop()
        for _ in range(2):
            with suppress(SQLAlchemyError):
                with self._engine.begin() as connection:
                    self.release(connection)
                return

    def _beat_until_over(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            try:
                with self._engine.begin() as connection:
                    self.confirm(connection)
            except LeaseLost:
                return  # the next transaction of the sync finds out by itself
            except SQLAlchemyError:
                continue  # the database may be back for the next beat
            if self._on_beat is not None:
                self._on_beat()


@dataclass(frozen=True, slots=True)
class _Held:
    """A lease whose holder is dead. `why`: what the history of its run is to say."""

    organization: str
    run_id: str
    history_id: int | None
    why: str


def close_interrupted(engine: Engine) -> list[str]:
    """Closes the history rows of every dead lease and drops the lease; the runs that it was, for their orchestrator.

    Readers call it: where there is none it only reads, and where nothing can be written a dead one stays as it is.
    """
    with engine.connect() as connection:
        if not _dead(connection, locked=False) or not _may_write(connection):
            return []
    with engine.begin() as connection:
        dead = _dead(connection, locked=True)
        for held in dead:
            _bury(connection, held)
    return [held.run_id for held in dead]


def release_over(engine: Engine, over: Mapping[str, str]) -> None:
    """Ends leases as `close_interrupted` does, of runs that are over for their orchestrator, processes alive or not.

    One that lives finds out before it writes anything more (`LeaseLost`).

    Args:
        over: run → what its history is to say of its end.
    """
    wanted = select(leases.c.organization, leases.c.dagster_run_id, leases.c.history_id)
    with engine.begin() as connection:
        for held in connection.execute(
            wanted.where(leases.c.dagster_run_id.in_(over)).with_for_update(skip_locked=True)
        ).all():
            _bury(connection, _Held(*held, over[held.dagster_run_id]))


@contextmanager
def _claiming(engine: Engine, organization: str) -> Iterator[Connection]:
    """A transaction that may write a lease on `organization`, a dead one having been buried.

    Raises:
        SyncInProgress: a living process holds it, is about to take it, or writes under it.
    """
    try:
        with engine.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'"))
            make_free(connection, organization)
            yield connection
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in HELD:
            raise
        with engine.connect() as connection:
            raise in_progress(connection, leases.c.organization == organization) from None


def make_free(connection: Connection, organization: str) -> None:
    """Buries a dead lease on `organization`; raises where a living one is found."""
    found = connection.execute(
        select(leases.c.history_id, is_silent(), leases.c.holder, leases.c.dagster_run_id)
        .where(leases.c.organization == organization)
        .with_for_update()
    ).one_or_none()
    if found is None:
        return
    history_id, silent, holder, run_id = found
    if not silent and not process_is_gone(holder):
        raise in_progress(connection, leases.c.organization == organization)
    _bury(connection, _Held(organization, run_id, history_id, _why_dead(holder)))


def _dead(connection: Connection, *, locked: bool) -> Sequence[_Held]:
    wanted = select(
        leases.c.organization, leases.c.dagster_run_id, leases.c.history_id, is_silent(), leases.c.holder
    ).order_by(leases.c.organization)
    rows = connection.execute(wanted.with_for_update(skip_locked=True) if locked else wanted)
    return [
        _Held(organization, run_id, history_id, _why_dead(holder))
        for organization, run_id, history_id, silent, holder in rows
        if silent or process_is_gone(holder)
    ]


def _may_write(connection: Connection) -> bool:
    """Neither a standby, nor a read-only database, nor a user who may read alone."""
    needed = [(leases.name, "UPDATE"), (leases.name, "DELETE")]
    needed += [(sync_history.name, "UPDATE"), (sync_requests.name, "UPDATE")]
    privileges = [func.has_table_privilege(name, privilege) for name, privilege in needed]
    return bool(connection.scalar(select(and_(func.current_setting("transaction_read_only") == "off", *privileges))))


def _why_dead(holder: str) -> str:
    return INTERRUPTED if process_is_gone(holder) else SILENT


def _bury(connection: Connection, held: _Held) -> None:
    connection.execute(
        update(sync_history)
        .where(sync_history.c.dagster_run_id == held.run_id, sync_history.c.status == "in_progress")
        .values(status="failed", error_message=held.why, completed_at=text("timezone('utc', clock_timestamp())"))
    )
    # A preview has no history: its request, which is ended by who finds it without a lease, says why. One that its own
    # process is ending at this moment, if that lives, is left to it: it waits for this lease's row in turn.
    row = sync_requests.c
    started = select(row.id).where(row.dagster_run_id == held.run_id, row.status == "started")
    connection.execute(
        update(sync_requests)
        .where(row.id.in_(started.with_for_update(skip_locked=True).scalar_subquery()))
        .values(error=held.why)
    )
    connection.execute(delete(leases).where(leases.c.organization == held.organization))
    _log.warning("lease buried", buried_run_id=held.run_id, history_id=held.history_id)


def is_silent() -> ColumnElement[bool]:
    """Whether a lease was not touched for a minute, by the database's clock.

    A touch that lies ahead is of before that clock was put back: a holder that lives touches it anew within seconds.
    """
    now, lately = func.clock_timestamp(), timedelta(seconds=DEAD_AFTER_SECONDS)
    return ~leases.c.heartbeat_at.between(now - lately, now + lately)
