"""One data folder of the embedded PostgreSQL: made, started, looked at, stopped.

What belongs here: the files under a home folder, and the server as a process. Who may use it, and for how long, is
in `server`; every function that changes something expects the caller to hold its start lock.
"""

import contextlib
import os
import shutil
import stat
import tempfile
import time
from functools import cached_property
from pathlib import Path

import psycopg

from twizzit_pipeline.errors import EmbeddedServerFailed
from twizzit_pipeline.storage.embedded.binaries import (
    OrdinaryUser,
    complaint,
    offered_versions,
    ordinary_user,
    run_program,
)
from twizzit_pipeline.storage.embedded.postmaster import processes_in, read_postmaster

USER = "twizzit"
DATABASE = "twizzit"
PORT = 5432
FULL = "its disk is full: make room"

_OWN_SOCKET_FOLDER = "twizzit-"
# Linux allows 107 bytes and macOS 103 for the path of a socket.
_LONGEST_SOCKET_PATH = 103
_PATIENCE_SECONDS = 60
_LARGEST_LOG = 5_000_000
_LEAST_ROOM = 1_000_000  # bytes of its disk; PostgreSQL needs that for hardly more than a start
_WITHOUT_ROOM = ("No space left on device", "Disk quota exceeded")
_CONFIGURATION = "twizzit.conf"

# Statements and details of errors hold people's names, so the log gets neither.
_SETTINGS = f"""\
listen_addresses = ''
port = {PORT}
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 32MB
jit = off
log_checkpoints = off
log_error_verbosity = terse
log_min_error_statement = panic
"""


class Cluster:
    """The embedded PostgreSQL of one home folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "postgres"
        self.run = home / "run"
        self.log = home / "postgres.log"

    # --- looking ------------------------------------------------------------------------------------------------------

    def reachable(self) -> Path | None:
        """The socket folder of this cluster's server if it answers now, else None."""
        postmaster = read_postmaster(self.data)
        if postmaster is None or not postmaster.ready:
            return None
        try:
            with self._connect(postmaster.socket_folder, "postgres") as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return None
        same = row is not None and Path(str(row[0])).samefile(self.data)
        return postmaster.socket_folder if same else None

    # --- making -------------------------------------------------------------------------------------------------------

    def create(self) -> None:
        """Make the data folder, unless it is there.

        It is made aside and renamed, so that a process killed in between leaves no half of one.
        """
        for leftover in self.home.glob("postgres.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if self.data.exists():
            return
        aside = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self.home))
        try:
            self._initdb(aside)
            with (aside / "postgresql.conf").open("a", encoding="utf-8") as file:
                file.write(f"\ninclude = '{_CONFIGURATION}'\n")
            self._configure(aside, self.run)
            aside.rename(self.data)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise

    def _initdb(self, folder: Path) -> None:
        if folder.stat().st_uid != self._user.uid:
            os.chown(folder, self._user.uid, -1)
        result = run_program(
            self._user,
            self._binaries / "initdb",
            f"--pgdata={folder}",
            f"--username={USER}",
            # Only the owner can enter the 0700 folder of the socket; over TCP any user could connect.
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        )
        if result.returncode != 0:
            said = complaint(result.stdout)
            todo = FULL if _lacks_room(said) else "set another TWIZZIT_HOME, or TWIZZIT_DATABASE_URL"
            raise EmbeddedServerFailed(f"The embedded PostgreSQL could not make {self.data}: {said}; {todo}")

    def _configure(self, data: Path, socket_folder: Path) -> None:
        listed = str(socket_folder).replace('"', '""')
        quoted = f'"{listed}"'.replace("\\", "\\\\").replace("'", "''")
        file = data / _CONFIGURATION
        file.write_text(
            f"{_SETTINGS}unix_socket_directories = '{quoted}'\n", encoding="utf-8", errors="surrogateescape"
        )
        file.chmod(0o600)
        if file.stat().st_uid != self._user.uid:
            os.chown(file, self._user.uid, -1)

    # --- starting and stopping ----------------------------------------------------------------------------------------

    def start(self) -> Path:
        """Start the server and wait until it answers; the folder of its socket.

        Raises:
            EmbeddedServerFailed: it did not start; the message holds the log's first complaint and where the log is.
        """
        left = read_postmaster(self.data)
        folder = self._settle()
        if folder is not None:
            return folder
        folder = self._socket_folder(left.socket_folder if left is not None else None)
        self._configure(self.data, folder)
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.old"))
        said_before = self.log.stat().st_size if self.log.exists() else 0
        code = self._pg_ctl("start", "--wait", f"--timeout={_PATIENCE_SECONDS}")
        if code != 0 or self.reachable() is None:
            self._drop_socket_folder(folder)
            said = self._complaint(said_before)
            todo = FULL if _lacks_room(said) else "or set TWIZZIT_DATABASE_URL to a server of your own"
            raise EmbeddedServerFailed(f"The embedded PostgreSQL did not start: {said} (log: {self.log}); {todo}")
        return folder

    def stop(self) -> None:
        """Stop the server, open connections and all; nothing happens if it does not run."""
        postmaster = read_postmaster(self.data)
        # Without a look at the process the signal could reach another process that has the dead server's id now.
        if postmaster is not None and processes_in(self.data):
            self._pg_ctl("stop", "--wait", "--mode=fast")
            self._drop_socket_folder(postmaster.socket_folder)

    def _settle(self) -> Path | None:
        """Wait for a server that is on its way up or down, and tidy up after one that was killed.

        The children of a killed server need a moment to notice, and write to its files until then. What it leaves (the
        id of a process that another process may have by now) would keep the next one from starting.

        Returns:
            The socket folder of a server that came up after all.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while processes := processes_in(self.data):
            if (folder := self.reachable()) is not None:
                return folder
            if time.monotonic() > deadline:
                raise EmbeddedServerFailed(
                    f"A PostgreSQL in {self.data} runs and does not answer: {self._what_helps(processes)}"
                )
            time.sleep(0.1)
        if (left := read_postmaster(self.data)) is not None:
            self._drop_socket_folder(left.socket_folder)
        for remnant in (self.data / "postmaster.pid", *self.run.glob(f".s.PGSQL.{PORT}*")):
            remnant.unlink(missing_ok=True)
        return None

    def _what_helps(self, processes: list[int]) -> str:
        # A server without room neither lets a connection in nor stops; it does both by itself once there is some.
        if shutil.disk_usage(self.data).free < _LEAST_ROOM:
            return f"{FULL}, and it goes on by itself; no processes need be ended"
        return f"end its processes {processes}"

    def _pg_ctl(self, *arguments: str) -> int:
        # pg_ctl makes a shell command of a -D or -l that it is given; the environment and an open file need no quoting.
        descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            program = self._binaries / "pg_ctl"
            arguments = (*arguments, "--silent")
            return run_program(self._user, program, *arguments, output=descriptor, PGDATA=str(self.data)).returncode
        finally:
            os.close(descriptor)

    def _complaint(self, offset: int) -> str:
        with self.log.open("rb") as file:
            file.seek(offset)
            return complaint(file.read())

    @cached_property
    def _user(self) -> OrdinaryUser:
        """The owner of the data folder, now or once it is made."""
        try:
            return ordinary_user(self.data.stat().st_uid)
        except FileNotFoundError:
            return ordinary_user()

    @cached_property
    def _binaries(self) -> Path:
        """The programs of the version that made the data folder, else the newest of the wheel."""
        offered = offered_versions()
        try:
            wanted = int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            return offered[max(offered)]
        if wanted not in offered:
            here = " and ".join(str(version) for version in sorted(offered))
            raise EmbeddedServerFailed(
                f"{self.data} was made by PostgreSQL {wanted}, and this installation brings {here}: "
                "move the folder away, or dump it with the version that made it"
            )
        return offered[wanted]

    def ensure_database(self, socket_folder: Path) -> None:
        """Make the database unless it is there: its maker may have been killed between start and here."""
        with self._connect(socket_folder, "postgres") as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    @staticmethod
    def _connect(socket_folder: Path, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(socket_folder), port=PORT, user=USER, dbname=database, autocommit=True, connect_timeout=5
        )

    # --- the folder of the socket -------------------------------------------------------------------------------------

    def _socket_folder(self, before: Path | None = None) -> Path:
        """`run/`, or a fresh folder of ours where that path is too long for a socket or means something to libpq.

        After a server that was killed (`before` is its folder) it has the same name, so that its users find the next.
        """
        self.run.mkdir(mode=0o700, exist_ok=True)
        self.run.chmod(0o700)
        path = str(self.run / f".s.PGSQL.{PORT}")
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH and "," not in path and ":" not in path:
            return self.run
        if before is not None and before.name.startswith(_OWN_SOCKET_FOLDER):
            with contextlib.suppress(OSError):  # never one that is there: it may belong to another program
                before.mkdir(mode=0o700)
                return before
        return Path(tempfile.mkdtemp(prefix=_OWN_SOCKET_FOLDER, dir=_short_temporary_folder()))

    def _drop_socket_folder(self, folder: Path) -> None:
        if folder == self.run or not folder.name.startswith(_OWN_SOCKET_FOLDER):
            return
        try:
            state = folder.lstat()
            if stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid():
                for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
                    (folder / name).unlink(missing_ok=True)
                folder.rmdir()
        except OSError:
            return


def _lacks_room(said: str) -> bool:
    """Not by the room that is free: a server that lacks it for 16 MB of its log leaves the rest."""
    return any(words in said for words in _WITHOUT_ROOM)


def _short_temporary_folder() -> Path:
    usual = Path(tempfile.gettempdir())
    return usual if len(os.fsencode(usual)) < 70 else Path("/tmp")  # noqa: S108 - mkdtemp makes a 0700 folder in it
