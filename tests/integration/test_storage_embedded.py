"""The embedded server: its life among processes that come, go and are killed, and the folders that it lives in."""

import os
import shutil
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import make_url, text

from tests.integration.sync_process import FORKS
from twizzit_pipeline.errors import EmbeddedServerFailed
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.binaries import ordinary_user
from twizzit_pipeline.storage.cluster import Cluster
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.postmaster import processes_in, read_postmaster

_OTHERS = {
    "TWIZZIT_ENCRYPTION_KEY": "cafe" * 16,
    "PGPORT": "1",
    "PGDATA": "/nowhere",
    "PGHOST": "nowhere",
    "PGUSER": "x",
    "PGDATABASE": "y",
}


def _settings(home: Path) -> Settings:
    return load_settings(_env_file=None, home=home)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def _started_at(database: Database) -> str:
    with database.engine.connect() as connection:
        return str(connection.scalar(text("SELECT pg_postmaster_start_time()")))


def _postmaster(home: Path) -> psutil.Process:
    running = read_postmaster(home / "postgres")
    assert running is not None
    return psutil.Process(running.pid)


def _socket_folder(home: Path) -> Path:
    running = read_postmaster(home / "postgres")
    assert running is not None
    return running.socket_folder


def _moved(home: Path, to: Path) -> Path:
    to.parent.mkdir(parents=True)
    return home.rename(to)


def _is_running(home: Path) -> bool:
    return Cluster(home).reachable() is not None


def _initdb_runs_in(home: Path) -> bool:
    arguments = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return any(str(home / "postgres.new-") in argument for line in arguments for argument in line)


def _until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _use(home: Path, line: "Connection[str | bool, str | bool]") -> None:
    """What another process does: use the database of `home`, say when its server began, and go on when it is told."""
    again = True
    while again:
        with open_database(_settings(home)) as database:
            line.send(_started_at(database))
            again = bool(line.recv())


@dataclass(frozen=True)
class _User:
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
def _user_process(home: Path) -> Iterator[_User]:
    """Another process that uses the database of `home` until it is told to go on, or killed."""
    here, there = FORKS.Pipe()
    process = FORKS.Process(target=_use, args=(home, there))
    with here, there:
        process.start()
        there.close()
        try:
            yield _User(process, here)
        finally:
            process.kill()
            process.join()
            process.close()


@pytest.fixture(scope="session")
def _homes(_server_home: Path) -> Path:
    """Where these tests have their homes: in memory, as the server of all tests."""
    folder = _server_home / "homes"
    folder.mkdir()
    return folder


@pytest.fixture
def above(_homes: Path) -> Iterator[Path]:
    """A folder for homes; what a broken test leaves running in them is ended."""
    folder = Path(tempfile.mkdtemp(dir=_homes))
    yield folder
    for data in folder.rglob("postgres"):
        for pid in processes_in(data):
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
    shutil.rmtree(folder)


@pytest.fixture
def new_home(above: Path) -> Path:
    """A home folder that nobody has made yet."""
    return above / "home"


@pytest.fixture(scope="session")
def _used_home(_homes: Path) -> Path:
    """A home folder whose server has run and was stopped."""
    folder = _homes / "used"
    with open_database(_settings(folder)):
        pass
    return folder


@pytest.fixture
def home(_used_home: Path, new_home: Path) -> Path:
    """A home folder whose server has run and was stopped: a copy, for a first start takes four times as long."""
    shutil.copytree(_used_home, new_home)
    return new_home


@pytest.fixture(scope="session")
def running(_used_home: Path, _homes: Path) -> Iterator[Path]:
    """The home of a server that runs, for tests that only look at it; others' variables were set at its start."""
    folder = _homes / "running"
    shutil.copytree(_used_home, folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _OTHERS.items():
            patch.setenv(name, value)
        with open_database(_settings(folder)):
            patch.undo()
            yield folder


# --- first and second start -------------------------------------------------------------------------------------------


def test_the_first_start_makes_everything_and_the_end_stops_it(new_home: Path) -> None:
    with open_database(_settings(new_home)) as database:
        assert make_url(database.url.get_secret_value()).database == "twizzit"
        assert _is_running(new_home)
    assert not _is_running(new_home)
    assert processes_in(new_home / "postgres") == []
    assert sorted(path.name for path in new_home.iterdir()) == [
        "postgres",
        "postgres.lock",
        "postgres.log",
        "postgres.start.lock",
        "run",
    ]


def test_data_outlives_the_server_and_the_second_start_is_quick(home: Path) -> None:
    with open_database(_settings(home)) as database, database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 'é' AS value"))
    begun = time.monotonic()
    with open_database(_settings(home)) as database, database.engine.connect() as connection:
        assert time.monotonic() - begun < 5
        assert connection.scalar(text("SELECT value FROM kept")) == "é"


def test_the_server_listens_on_no_tcp_port(running: Path) -> None:
    with open_database(_settings(running)) as database:
        kinds = {connection.family.name for connection in _postmaster(running).net_connections(kind="inet")}
        assert kinds == set()
        with database.engine.connect() as connection:
            assert connection.scalar(text("SHOW listen_addresses")) == ""


def test_writes_are_durable(running: Path) -> None:
    with open_database(_settings(running)) as database, database.engine.connect() as connection:
        assert [connection.scalar(text(f"SHOW {name}")) for name in ("fsync", "synchronous_commit")] == ["on", "on"]


def test_people_in_statements_do_not_reach_the_log(running: Path) -> None:
    with open_database(_settings(running)) as database:
        for statement in ("CREATE TABLE people (name text UNIQUE)", "INSERT INTO people VALUES ('Annelies')"):
            with database.engine.begin() as connection:
                connection.execute(text(statement))
        with pytest.raises(Exception, match="people_name_key"), database.engine.begin() as connection:
            connection.execute(text("INSERT INTO people VALUES ('Annelies')"))
    log = (running / "postgres.log").read_text(encoding="utf-8")
    assert "people_name_key" in log
    assert "Annelies" not in log


def test_two_homes_do_not_interfere(home: Path, running: Path) -> None:
    with open_database(_settings(running)) as b:
        with open_database(_settings(home)) as a:
            with a.engine.begin() as connection:
                connection.execute(text("CREATE TABLE only_a ()"))
            with b.engine.connect() as connection:
                assert connection.scalar(text("SELECT to_regclass('only_a')")) is None
            assert _postmaster(home).pid != _postmaster(running).pid
        assert not _is_running(home)
        assert _is_running(running)
        assert _started_at(b)


def test_the_server_inherits_no_secret(running: Path) -> None:
    assert not [name for name in _postmaster(running).environ() if name.startswith("TWIZZIT_")]


def test_a_server_of_other_variables_is_not_ours(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were there when it started, and are there when it is looked for."""
    for name, value in _OTHERS.items():
        monkeypatch.setenv(name, value)
    with open_database(load_settings(_env_file=None, home=running, encryption_key=None)) as database:
        assert _started_at(database)
        assert _postmaster(running).environ().keys() & _OTHERS.keys() <= {"PGDATA"}


# --- several users ----------------------------------------------------------------------------------------------------


def test_one_process_may_open_it_several_times(home: Path) -> None:
    with open_database(_settings(home)) as outer:
        with open_database(_settings(home)) as inner:
            assert _started_at(inner) == _started_at(outer)
        assert _is_running(home)
        assert _started_at(outer)
    assert not _is_running(home)


def test_threads_share_it(new_home: Path) -> None:
    seen: list[str] = []
    together = threading.Barrier(4)

    def use() -> None:
        with open_database(_settings(new_home)) as database:
            together.wait(timeout=30)
            seen.append(_started_at(database))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert not _is_running(new_home)


def test_processes_share_it_and_the_last_one_stops_it(new_home: Path) -> None:
    with _user_process(new_home) as first, _user_process(new_home) as second:
        assert first.started_at() == second.started_at()
        first.end()
        assert _is_running(new_home)
        second.end()
        assert not _is_running(new_home)


def test_who_comes_while_another_stops_it_gets_a_server(home: Path) -> None:
    with _user_process(home) as other:
        for _ in range(3):
            assert other.started_at()
            other.go_on(again=True)
            with open_database(_settings(home)) as database:
                assert _started_at(database)


def test_ctrl_c_at_the_terminal_does_not_reach_the_server(running: Path) -> None:
    assert os.getsid(_postmaster(running).pid) != os.getsid(0)


# --- killed -----------------------------------------------------------------------------------------------------------


def test_after_a_killed_user_the_next_one_takes_over_and_stops_it(home: Path) -> None:
    with _user_process(home) as killed:
        started = killed.started_at()
        killed.kill()
    assert _is_running(home)
    with open_database(_settings(home)) as database:
        assert _started_at(database) == started
    assert not _is_running(home)


def test_a_killed_user_does_not_take_the_server_from_others(home: Path) -> None:
    with open_database(_settings(home)) as database:
        with _user_process(home) as killed:
            assert killed.started_at()
            killed.kill()
        assert _started_at(database)
    assert not _is_running(home)


def test_after_a_killed_server_committed_rows_are_there(home: Path) -> None:
    with open_database(_settings(home)) as database:
        with database.engine.begin() as connection:
            connection.execute(text("CREATE TABLE kept AS SELECT 1 AS value"))
        _postmaster(home).send_signal(signal.SIGKILL)
        _until(lambda: not _is_running(home))
        with open_database(_settings(home)) as again, again.engine.connect() as connection:
            assert connection.scalar(text("SELECT value FROM kept")) == 1
    assert processes_in(home / "postgres") == []


def test_a_process_id_that_is_now_somebody_elses_stops_nobody(home: Path) -> None:
    lines = [str(os.getpid()), str(home / "postgres"), "0", "5432", str(home / "run"), "", "1 1", "ready"]
    (home / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with open_database(_settings(home)) as database:
        assert _started_at(database)


def test_half_of_a_first_start_is_made_anew(new_home: Path) -> None:
    with _user_process(new_home) as killed:
        _until(lambda: any((folder / "base").exists() for folder in new_home.glob("postgres.new-*")))
        killed.kill()
    assert not (new_home / "postgres").exists()
    with open_database(_settings(new_home)) as database:
        assert _started_at(database)
    # The killed one's initdb may still have been at work.
    _until(lambda: not _initdb_runs_in(new_home))
    with open_database(_settings(new_home)):
        assert list(new_home.glob("postgres.new-*")) == []


def test_a_server_killed_before_its_database_was_made_gets_one(home: Path) -> None:
    folder = Cluster(home).start()
    with psycopg.connect(host=str(folder), user="twizzit", dbname="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE twizzit")
    with open_database(_settings(home)) as database:
        assert _started_at(database)


# --- folders ----------------------------------------------------------------------------------------------------------


def test_no_folder_above_changes_and_ours_are_private(above: Path) -> None:
    between = above / "b"  # short names: of a long path the socket would live elsewhere
    between.mkdir(mode=0o751)
    before = [(folder.stat().st_mode, folder.stat().st_uid) for folder in (above, between)]
    assert _mode(above) == 0o700
    home = between / "h"
    with open_database(_settings(home)):
        assert [(folder.stat().st_mode, folder.stat().st_uid) for folder in (above, between)] == before
        assert [_mode(folder) for folder in (home, home / "postgres", home / "run")] == [0o700] * 3
        assert _mode(home / "run" / ".s.PGSQL.5432") == 0o700
        assert [_mode(home / name) for name in ("postgres.log", "postgres.lock", "postgres.start.lock")] == [0o600] * 3
        assert {path.lstat().st_uid for path in home.rglob("*")} == {os.geteuid()}


def test_a_home_that_was_there_keeps_its_mode(home: Path) -> None:
    home.chmod(0o755)
    (home / "run").chmod(0o755)
    with open_database(_settings(home)):
        assert _mode(home) == 0o755
        assert _mode(home / "run") == 0o700


@pytest.mark.parametrize("name", ['it\'s "so" $HOME `id` back\\slash é⚽ 100%', "a,b:c"])
def test_any_name_of_a_home_will_do(above: Path, name: str) -> None:
    with open_database(_settings(above / name)) as database:
        assert _started_at(database)
    assert not _is_running(above / name)


def test_a_path_too_long_for_a_socket_gets_a_private_folder_elsewhere(home: Path, above: Path) -> None:
    home = _moved(home, above / ("long" * 20) / ("longer" * 20))
    with open_database(_settings(home)) as database:
        folder = _socket_folder(home)
        assert _mode(folder) == 0o700
        assert folder.stat().st_uid == os.geteuid()
        with open_database(_settings(home)) as again:
            assert _started_at(again) == _started_at(database)
        _postmaster(home).send_signal(signal.SIGKILL)
        _until(lambda: not _is_running(home))
        with open_database(_settings(home)):
            assert _socket_folder(home) == folder, "its users find the next server where the killed one was"
            assert _mode(folder) == 0o700
            assert _started_at(database)
    assert not _is_running(home)
    assert not folder.exists()


def test_a_socket_folder_that_somebody_took_meanwhile_is_not_used(home: Path, above: Path) -> None:
    home = _moved(home, above / ("long" * 20) / ("longer" * 20))
    with open_database(_settings(home)):
        folder = _socket_folder(home)
        _postmaster(home).send_signal(signal.SIGKILL)
        _until(lambda: not _is_running(home))
        shutil.rmtree(folder)
        folder.symlink_to(above)
        try:
            with open_database(_settings(home)) as database:
                assert _started_at(database)
                assert _socket_folder(home) != folder
        finally:
            folder.unlink()


def test_a_relative_home_means_the_working_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.parent)
    with open_database(_settings(Path(home.name))):
        assert _is_running(home)


# --- one line when it cannot be ---------------------------------------------------------------------------------------


def _refused(home: Path) -> str:
    with pytest.raises(EmbeddedServerFailed) as caught, open_database(_settings(home)):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_home_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("", encoding="utf-8")
    assert "Not a directory" in _refused(tmp_path / "home")


def test_a_home_with_a_line_break_is_one_line(tmp_path: Path) -> None:
    assert "line break" in _refused(tmp_path / "a\nb")


def test_data_of_another_version_says_what_to_do(home: Path) -> None:
    (home / "postgres" / "PG_VERSION").write_text("9\n", encoding="ascii")
    assert "was made by PostgreSQL 9, and this installation brings 16 and 18: move the folder" in _refused(home)


def test_a_damaged_configuration_names_the_complaint_and_the_log(home: Path) -> None:
    with (home / "postgres" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("max_connections = 'none'\n")
    said = _refused(home)
    assert "configuration file" in said
    assert str(home / "postgres.log") in said


def test_a_failed_start_leaves_nothing_behind(home: Path) -> None:
    configuration = home / "postgres" / "postgresql.conf"
    good = configuration.read_text(encoding="utf-8")
    configuration.write_text(f"{good}\nmax_connections = 'none'\n", encoding="utf-8")
    _refused(home)
    configuration.write_text(good, encoding="utf-8")
    with open_database(_settings(home)) as database:
        assert _started_at(database)


# --- root -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def only_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Root, on a machine that has the named programs and no others."""
    if os.geteuid() != 0:
        pytest.skip("an ordinary user needs none of this")

    def leave(*names: str) -> None:
        folder = tmp_path / "programs"
        folder.mkdir()
        for name in names:
            found = shutil.which(name)
            assert found is not None
            (folder / name).symlink_to(found)
        monkeypatch.setenv("PATH", str(folder))
        ordinary_user.cache_clear()

    yield leave
    ordinary_user.cache_clear()


def test_without_namespaces_root_runs_it_as_nobody_in_folders_of_its_own(
    only_programs: Callable[..., None], above: Path
) -> None:
    only_programs("setpriv", "true", "sh")
    private = above / "private"
    private.mkdir(mode=0o700)
    home = private / "home"
    for _ in range(2):
        with open_database(_settings(home)) as database:
            assert _started_at(database)
            assert _postmaster(home).uids().real == 65534
            assert [(path.stat().st_uid, _mode(path)) for path in (private, home, home / "run")] == [(0, 0o700)] * 3
            assert _mode(home / "postgres") == 0o700
        assert not _is_running(home)


def test_root_who_can_become_nobody_is_told_what_to_do(only_programs: Callable[..., None], home: Path) -> None:
    only_programs()
    assert "run as an ordinary user, or set TWIZZIT_DATABASE_URL" in _refused(home)


def test_data_of_another_user_is_refused(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give folders away")
    os.chown(home / "postgres", 12345, -1)
    assert "belongs to another user (uid 12345): run as that user" in _refused(home)
