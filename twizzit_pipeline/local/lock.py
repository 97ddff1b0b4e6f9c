"""One `twizzit up` (or `dagster dev`) at a time: for a home folder by a lock on a file, for a database by one in it.

The kernel, and PostgreSQL, drop the locks of a process that is gone: nothing has to be cleaned up after one.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from twizzit_pipeline.errors import AlreadyUp, DatabaseUnavailable, SettingsError
from twizzit_pipeline.settings.os_errors import why_refused
from twizzit_pipeline.storage.held import STAY_OPEN

FILE = "up.lock"
GUARDIAN = "guardian"
UP, DAGSTER_DEV, DEMO = "up", "dagster dev", "demo"

# Any number, as long as no other program on the same database takes it.
_DATABASE_LOCK = int.from_bytes(b"twizitup", "big")
_TAKE = text("SELECT pg_try_advisory_xact_lock(:key) AS taken, pg_backend_pid() AS session")
_END = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = :session")
_LONGEST_CONTENT = 40
_CLEANING_SECONDS = 40.0


@contextmanager
def only_one(home: Path, role: str = UP) -> Iterator[None]:
    """Holds `up.lock` of the home folder, which says whose it is; the folder is made where there is none.

    Demos may stand beside each other, and beside nothing else.

    Who cleans up after an `up` that was killed (`GUARDIAN`) is waited for.

    Raises:
        AlreadyUp: another process holds it.
        SettingsError: the folder cannot be written.
    """
    path = home / FILE
    try:
        if not home.exists():
            home.mkdir(mode=0o700, parents=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(f"TWIZZIT_HOME: {path} cannot be written: {why_refused(error)}") from None
    try:
        _lock(descriptor, home, fcntl.LOCK_SH if role == DEMO else fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {role}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, home: Path, kind: int) -> None:
    until = time.monotonic() + _CLEANING_SECONDS
    while not _locked(descriptor, home, kind):
        pid, _, role = os.pread(descriptor, _LONGEST_CONTENT, 0).decode(errors="replace").partition(" ")
        if role != GUARDIAN or time.monotonic() > until:
            raise AlreadyUp(
                f"`twizzit {role or UP}` (process {pid or 'unknown'}) works with {home}: stop that one first, or set "
                "another TWIZZIT_HOME"
            )
        time.sleep(0.1)


def _locked(descriptor: int, home: Path, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            return False
        raise SettingsError(f"TWIZZIT_HOME: {home} does not support locks: {error.strerror or error}") from None
    return True


class DatabaseLock:
    """The lock in the database, held by a connection of its own; for two homes on one database of yours.

    A context manager that takes the lock and gives it back. It is one transaction that stays open, and sees and holds
    nothing else: behind a pooler a session is not ours for longer than that.

    Two of Dagster's daemons on one instance would both start what is due.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._session: int | None = None

    def __enter__(self) -> Self:
        self.hold()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def hold(self) -> None:
        """Takes the lock, or makes sure that it is still held; takes it anew where the connection was lost.

        Raises:
            AlreadyUp: another process holds it.
            SQLAlchemyError: the database does not answer.
            DatabaseUnavailable: it has not yet ended the session of a connection that was lost.
        """
        if self._connection is not None:
            try:
                self._connection.execute(text("SELECT 1"))
                return
            except SQLAlchemyError:
                self.release()
        connection = self._engine.connect().execution_options(isolation_level="READ COMMITTED")
        try:
            connection.execute(STAY_OPEN)
            found = connection.execute(_TAKE, {"key": _DATABASE_LOCK}).one()
            if not found.taken:
                if connection.scalars(_END, {"session": self._session}).all():
                    raise DatabaseUnavailable("The database still has the session of a connection that was lost")
                raise AlreadyUp("`twizzit up` or `twizzit dagster dev` works on this database: stop that one first")
        except BaseException:
            connection.close()
            raise
        self._connection, self._session = connection, found.session

    def release(self) -> None:
        """Gives the lock back; nothing happens if it is not held."""
        if self._connection is None:
            return
        # By a word of ours where the server still listens: it ends a session some moments after we hang up. And not
        # back into the pool: a session that lives on would keep a lock that it could not give back.
        with suppress(SQLAlchemyError):
            self._connection.rollback()
        self._connection.invalidate()
        self._connection.close()
        self._connection = None
