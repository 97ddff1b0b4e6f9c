"""One `up` at a time, and nothing left of one that was killed."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from twizzit_pipeline.errors import AlreadyUp, DatabaseUnavailable, SettingsError
from twizzit_pipeline.local import leftovers
from twizzit_pipeline.local.lock import DAGSTER_DEV, DEMO, DatabaseLock, only_one
from twizzit_pipeline.local.ports import taken_for
from twizzit_pipeline.local.postgres import EmbeddedPostgres
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.embedded.postmaster import read_postmaster
from twizzit_pipeline.storage.engine import Database, open_database

PYTHON = (sys.executable, "-S", "-E", "-c")
STAYS = "import time; time.sleep(60)"
# A parent that starts a child, says its id, and stays or dies.
PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-E", "-c", {STAYS!r}], start_new_session=True)
print(child.pid, flush=True)
if sys.argv[1] == "stay": time.sleep(60)
"""
# An `up` in small: one child that reacts to SIGINT and one that does not, under the lock and the guardian.
UP = """
import os, signal, subprocess, sys, time
from pathlib import Path
from twizzit_pipeline.local.guarding import guarded
from twizzit_pipeline.local.leftovers import MARK
from twizzit_pipeline.local.lock import only_one
home = Path(sys.argv[1])
deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
with only_one(home), guarded(home):
    for code in ("import time; time.sleep(60)", deaf):
        child = subprocess.Popen([sys.executable, "-S", "-E", "-c", code], env={**os.environ, MARK: str(home)})
        print(child.pid, flush=True)
    time.sleep(float(sys.argv[2]))
"""


def is_there(pid: int) -> bool:
    try:
        return leftovers.lives(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def until_gone(pids: list[int], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while any(map(is_there, pids)):
        assert time.monotonic() < until, pids
        time.sleep(0.05)


@pytest.fixture
def parent(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Marked for the home `tmp_path`; it has died, and its child lives on, in a session of its own."""
    environment = {**os.environ, leftovers.MARK: str(tmp_path)}
    with subprocess.Popen([*PYTHON, PARENT, "die"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        yield process


def test_what_was_started_is_found_though_its_parent_has_died(parent: "subprocess.Popen[str]", tmp_path: Path) -> None:
    assert parent.stdout is not None
    orphan = int(parent.stdout.readline())
    parent.wait(10)
    assert [process.pid for process in leftovers.marked(tmp_path)] == [orphan]
    assert leftovers.marked(tmp_path / "other") == []
    assert leftovers.end(leftovers.marked(tmp_path), 10) == 0, "it reacted to the interrupt"
    until_gone([orphan])
    assert leftovers.marked(tmp_path) == []


def test_a_killed_up_leaves_no_process(tmp_path: Path) -> None:
    up = subprocess.Popen([sys.executable, "-c", UP, str(tmp_path), "60"], stdout=subprocess.PIPE, text=True)
    assert up.stdout is not None
    pids = [int(up.stdout.readline()) for _ in range(2)]
    (guardian,) = (child.pid for child in psutil.Process(up.pid).children() if child.pid not in pids)
    # The one that does not react is killed later: the guardian's patience is cut short here by a second interrupt.
    up.kill()
    up.wait(10)
    up.stdout.close()
    until_gone(pids[:1])
    os.kill(pids[1], signal.SIGKILL)
    until_gone([guardian])
    with only_one(tmp_path):
        assert leftovers.marked(tmp_path) == []


def test_an_up_that_ended_leaves_no_guardian(tmp_path: Path) -> None:
    up = subprocess.Popen([sys.executable, "-c", UP, str(tmp_path), "0.2"], stdout=subprocess.PIPE, text=True)
    assert up.stdout is not None
    pids = [int(up.stdout.readline()) for _ in range(2)]
    (guardian,) = (child.pid for child in psutil.Process(up.pid).children() if child.pid not in pids)
    assert up.wait(10) == 0
    up.stdout.close()
    assert not is_there(guardian)
    leftovers.end(leftovers.marked(tmp_path), 0)


def test_a_second_up_of_a_home_is_refused_by_name(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    said = rf"^`twizzit up` \(process {os.getpid()}\) works with {home}: stop that one first, or set another "
    with only_one(home), pytest.raises(AlreadyUp, match=said), only_one(home):
        pytest.fail("two of them")
    with only_one(home):
        assert home.stat().st_mode & 0o777 == 0o700
        assert (home / "up.lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("first", "second"), [("up", DAGSTER_DEV), (DAGSTER_DEV, "up"), ("up", DEMO), (DEMO, "up"), (DAGSTER_DEV, DEMO)]
)
def test_what_would_disturb_another_on_one_home_is_refused_in_a_line_that_names_it(
    tmp_path: Path, first: str, second: str
) -> None:
    said = rf"^`twizzit {first}` \(process {os.getpid()}\) works with "
    with only_one(tmp_path, first), pytest.raises(AlreadyUp, match=said), only_one(tmp_path, second):
        pytest.fail("two of them")


def test_demos_stand_beside_each_other(tmp_path: Path) -> None:
    with only_one(tmp_path, DEMO), only_one(tmp_path, DEMO):
        pass


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = r"^TWIZZIT_HOME: .* cannot be written: Not a directory$"
    with pytest.raises(SettingsError, match=said), only_one(tmp_path / "file" / "home"):
        pytest.fail("there is no such folder")


# --- the lock in the database -----------------------------------------------------------------------------------------


def test_one_up_holds_a_database(database: Database) -> None:
    with DatabaseLock(database.engine) as first:
        first.hold()
        other = DatabaseLock(database.engine)
        with pytest.raises(AlreadyUp, match="works on this database"):
            other.hold()
    with other:
        other.hold()


def test_the_lock_is_taken_anew_when_its_connection_was_lost(database: Database) -> None:
    outside = create_engine(database.url.get_secret_value(), isolation_level="AUTOCOMMIT")
    mine = (
        "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_locks WHERE locktype = 'advisory' AND "
        "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with DatabaseLock(database.engine) as lock, outside.connect() as connection:
        assert connection.scalar(text(mine)) == 1
        lock.hold()
        with pytest.raises(AlreadyUp):
            DatabaseLock(database.engine).hold()
        assert connection.scalar(text(mine)) == 1
        usurper = DatabaseLock(outside)
        usurper.hold()
        with pytest.raises(AlreadyUp):
            lock.hold()
        usurper.release()
    outside.dispose()


def test_the_lock_outlasts_the_databases_limits_for_open_transactions(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    limits = text("SELECT '-c' || name || '=100' FROM pg_settings WHERE name ~ '^(idle_in_)?transaction.*_timeout$'")
    with database.engine.connect() as connection:
        options = " ".join(connection.scalars(limits))
    url = make_url(database_url).update_query_dict({"options": options}).render_as_string(hide_password=False)
    with (
        open_database(load_settings(_env_file=None, home=tmp_path, database_url=url)) as limited,
        DatabaseLock(limited.engine),
    ):
        later = limited.engine.connect()
        session = psutil.Process(later.scalar(text("SELECT pg_backend_pid()")))
        session.wait(60)  # the limits count: they ended a transaction that began after the lock's
        later.invalidate()
        with pytest.raises(AlreadyUp):
            DatabaseLock(limited.engine).hold()


def test_its_own_session_that_the_server_has_not_ended_yet_is_recognized(database: Database) -> None:
    made: list[psycopg.Connection] = []
    url = database.url.get_secret_value().replace("postgresql+psycopg:", "postgresql:")

    def connect() -> psycopg.Connection:
        made.append(psycopg.connect(url))
        return made[-1]

    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    with DatabaseLock(engine) as lock:
        session = psutil.Process(made[0].info.backend_pid)
        session.suspend()
        try:
            made[0].close()
            with pytest.raises(DatabaseUnavailable, match="session of a connection that was lost"):
                lock.hold()
        finally:
            session.resume()
        session.wait(10)
        lock.hold()
        with pytest.raises(AlreadyUp):
            DatabaseLock(database.engine).hold()


# --- ports ------------------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_reported_with_the_option_that_helps() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"^Dagster's UI cannot listen on 127.0.0.1:{port} .* with --ui-port"):
            taken_for("Dagster's UI", "127.0.0.1", port, "--ui-port")
    assert taken_for("Dagster's UI", "127.0.0.1", port, "--ui-port") == port
    assert taken_for("Dagster's UI", "127.0.0.1", 0, "--ui-port") > 1023


@pytest.mark.parametrize("host", ["256.0.0.1", "192.0.2.1"], ids=["no address", "of another machine"])
def test_an_address_of_no_machine_is_reported(host: str) -> None:
    with pytest.raises(
        SettingsError, match=rf"^{re.escape(host)} is no address of this machine: choose another for the API$"
    ):
        taken_for("the API", host, 0, "--api-port")


# --- the embedded server ----------------------------------------------------------------------------------------------


def test_a_killed_postgresql_is_back_at_the_same_address(tmp_path: Path) -> None:
    said: list[str] = []
    with open_database(load_settings(_env_file=None, home=tmp_path)) as database:
        postgres = EmbeddedPostgres(tmp_path, said.append)
        postgres.look()
        running = read_postmaster(tmp_path / "postgres")
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
        until = time.monotonic() + 30
        while len(said) < 2:
            assert time.monotonic() < until, said
            postgres.look()
            time.sleep(0.05)
        with database.engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
        postgres.look()
        assert said[0] == "PostgreSQL ended; starting it again"
        assert said[1].startswith("PostgreSQL is back (")
        assert len(said) == 2
    assert read_postmaster(tmp_path / "postgres") is None
