"""The homes of embedded servers as tests see them, and other processes that use such a server."""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from tests.support.sync_process import FORKS
from twizzit_pipeline.errors import EmbeddedServerFailed
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.embedded.cluster import Cluster
from twizzit_pipeline.storage.embedded.postmaster import read_postmaster
from twizzit_pipeline.storage.engine import Database, open_database

# Variables that are meant for others, and must not reach a server.
OTHERS = {
    "TWIZZIT_ENCRYPTION_KEY": "cafe" * 16,
    "PGPORT": "1",
    "PGDATA": "/nowhere",
    "PGHOST": "nowhere",
    "PGUSER": "x",
    "PGDATABASE": "y",
    "PGHOSTADDR": "127.0.0.1",
    "PGSERVICE": "nowhere",
    "PGOPTIONS": "-cnothing",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGTARGETSESSIONATTRS": "read-only",
    "PGCHANNELBINDING": "require",
}


def settings_of(home: Path) -> Settings:
    return load_settings(_env_file=None, home=home)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def began_at(database: Database) -> str:
    with database.engine.connect() as connection:
        return str(connection.scalar(text("SELECT pg_postmaster_start_time()")))


def postmaster_of(home: Path) -> psutil.Process:
    running = read_postmaster(home / "postgres")
    assert running is not None
    return psutil.Process(running.pid)


def socket_folder_of(home: Path) -> Path:
    running = read_postmaster(home / "postgres")
    assert running is not None
    return running.socket_folder


def copied(home: Path, to: Path) -> Path:
    """A copy of a home whose server is stopped. Each file has the owner that it had: root may have to run the server as
    another user, who must own the data.
    """
    shutil.copytree(home, to)
    for path in home.rglob("*"):
        there = path.lstat()
        os.chown(to / path.relative_to(home), there.st_uid, there.st_gid, follow_symlinks=False)
    return to


def moved(home: Path, to: Path) -> Path:
    to.parent.mkdir(parents=True)
    return home.rename(to)


def is_running(home: Path) -> bool:
    return Cluster(home).reachable() is not None


def initdb_runs_in(home: Path) -> bool:
    arguments = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return any(str(home / "postgres.new-") in argument for line in arguments for argument in line)


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _use(home: Path, line: "Connection[str | bool, str | bool]") -> None:
    """What another process does: use the database of `home`, say when its server began, and go on when asked."""
    again = True
    while again:
        with open_database(settings_of(home)) as database:
            line.send(began_at(database))
            again = bool(line.recv())


@dataclass(frozen=True)
class User:
    """Another process that uses a database."""

    process: BaseProcess
    line: "Connection[str | bool, str | bool]"

    def started_at(self) -> str:
        """When its server began, as soon as it has one."""
        assert self.line.poll(30)
        return str(self.line.recv())

    def go_on(self, *, again: bool = False) -> None:
        """It leaves the database, and comes again or ends."""
        self.line.send(again)

    def end(self) -> None:
        self.go_on()
        self.process.join()
        assert self.process.exitcode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


@contextmanager
def user_process(home: Path) -> Iterator[User]:
    """Another process that uses the database of `home` until it is asked to go on, or killed."""
    here, there = FORKS.Pipe()
    process = FORKS.Process(target=_use, args=(home, there))
    with here, there:
        process.start()
        there.close()
        try:
            yield User(process, here)
        finally:
            process.kill()
            process.join()
            process.close()


def refusal_of(home: Path) -> str:
    """The one line that says why no server starts there."""
    with pytest.raises(EmbeddedServerFailed) as caught, open_database(settings_of(home)):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)
