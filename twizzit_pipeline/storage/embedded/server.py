"""The life of the embedded PostgreSQL: who uses it, who starts it, who stops it.

What belongs here: the locks. Files and processes of the server are in `cluster`.

Every process that uses the server holds a shared lock on `postgres.lock`. Starting and stopping happen under an
exclusive lock on `postgres.start.lock`. A process that leaves and can turn the shared lock into an exclusive one
without waiting was the last user, and stops the server. The kernel drops the locks of a killed process, so nothing
has to be cleaned up after one: a server that it left running is found and used by the next, which then stops it.
"""

import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from twizzit_pipeline.errors import EmbeddedServerFailed
from twizzit_pipeline.storage.embedded.cluster import DATABASE, FULL, PORT, USER, Cluster

_PATIENCE_SECONDS = 120.0


@dataclass
class _Use:
    """This process's use of one home's server: one lock, however many threads."""

    descriptor: int
    url: URL
    users: int = 1


_uses: dict[Path, _Use] = {}
_uses_lock = threading.Lock()


@contextmanager
def embedded_server(home: Path) -> Iterator[URL]:
    """The URL (`postgresql://`, no password) of the embedded server of `home`, which runs until the context ends.

    It starts where it does not run yet, and stops with its last user, in any process or thread.

    Raises:
        EmbeddedServerFailed: it did not start, in one line with the reason.
    """
    folder = _prepare(home)
    process = os.getpid()
    url = _enter(folder)
    try:
        yield url
    finally:
        # A forked child inherits this frame, but the use is its parent's.
        if os.getpid() == process:
            _leave(folder)


def _prepare(home: Path) -> Path:
    folder = Path(os.path.realpath(home))
    if any(not character.isprintable() for character in str(folder)):
        raise EmbeddedServerFailed("TWIZZIT_HOME holds a line break or another unprintable character: choose another")
    try:
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _failed(folder, error) from None
    return folder


def _enter(folder: Path) -> URL:
    with _uses_lock:
        try:
            with _start_lock(folder):
                use = _uses.get(folder)
                if use is not None:
                    use.url = _running(folder)
                    use.users += 1
                    return use.url
                descriptor = _open(folder / "postgres.lock")
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_SH)
                    _uses[folder] = _Use(descriptor, _running(folder))
                except BaseException:
                    os.close(descriptor)
                    raise
                return _uses[folder].url
        except OSError as error:
            raise _failed(folder, error) from None


def _leave(folder: Path) -> None:
    with _uses_lock:
        use = _uses[folder]
        use.users -= 1
        if use.users:
            return
        del _uses[folder]
        try:
            with _start_lock(folder):
                fcntl.flock(use.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Cluster(folder).stop()
        except OSError as error:
            # Another process uses the server still, or its folder was taken away under it.
            if error.errno not in {errno.EAGAIN, errno.EACCES, errno.ENOENT}:
                raise _failed(folder, error) from None
        finally:
            os.close(use.descriptor)


def _running(folder: Path) -> URL:
    cluster = Cluster(folder)
    socket_folder = cluster.reachable()
    if socket_folder is None:
        cluster.create()
        socket_folder = cluster.start()
    cluster.ensure_database(socket_folder)
    return URL.create(
        "postgresql", username=USER, database=DATABASE, query={"host": str(socket_folder), "port": str(PORT)}
    )


@contextmanager
def _start_lock(folder: Path) -> Iterator[None]:
    descriptor = _open(folder / "postgres.start.lock")
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedServerFailed(
                        f"Another process has been starting or stopping the PostgreSQL of {folder} for "
                        f"{_PATIENCE_SECONDS:.0f} s: see whether one hangs"
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _failed(folder: Path, error: OSError) -> EmbeddedServerFailed:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    todo = FULL if full else "set another TWIZZIT_HOME, or TWIZZIT_DATABASE_URL"
    return EmbeddedServerFailed(f"The embedded PostgreSQL cannot use {folder}: {error.strerror or error}; {todo}")
