"""The embedded server: its first and its second start, what it reports and where, and what keeps it from starting."""

import errno
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import make_url, text

from tests.support.embedded_homes import OTHERS, began_at, is_running, postmaster_of, refusal_of, settings_of
from twizzit_pipeline.errors import EmbeddedServerFailed
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.embedded import cluster, server
from twizzit_pipeline.storage.embedded.postmaster import processes_in
from twizzit_pipeline.storage.engine import open_database


def test_the_first_start_makes_everything_and_the_end_stops_it(new_home: Path) -> None:
    with open_database(settings_of(new_home)) as database:
        assert make_url(database.url.get_secret_value()).database == "twizzit"
        assert is_running(new_home)
    assert not is_running(new_home)
    assert processes_in(new_home / "postgres") == []
    assert sorted(path.name for path in new_home.iterdir()) == [
        "postgres",
        "postgres.lock",
        "postgres.log",
        "postgres.start.lock",
        "run",
    ]


def test_data_outlives_the_server_and_the_second_start_is_quick(home: Path) -> None:
    with open_database(settings_of(home)) as database, database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 'é' AS value"))
    begun = time.monotonic()
    with open_database(settings_of(home)) as database, database.engine.connect() as connection:
        assert time.monotonic() - begun < 20
        assert connection.scalar(text("SELECT value FROM kept")) == "é"


def test_the_server_listens_on_no_tcp_port(running: Path) -> None:
    with open_database(settings_of(running)) as database:
        kinds = {connection.family.name for connection in postmaster_of(running).net_connections(kind="inet")}
        assert kinds == set()
        with database.engine.connect() as connection:
            assert connection.scalar(text("SHOW listen_addresses")) == ""


def test_writes_are_durable(running: Path) -> None:
    with open_database(settings_of(running)) as database, database.engine.connect() as connection:
        assert [connection.scalar(text(f"SHOW {name}")) for name in ("fsync", "synchronous_commit")] == ["on", "on"]


def test_people_in_statements_do_not_reach_the_log(running: Path) -> None:
    with open_database(settings_of(running)) as database:
        for statement in ("CREATE TABLE people (name text UNIQUE)", "INSERT INTO people VALUES ('Annelies')"):
            with database.engine.begin() as connection:
                connection.execute(text(statement))
        with pytest.raises(Exception, match="people_name_key"), database.engine.begin() as connection:
            connection.execute(text("INSERT INTO people VALUES ('Annelies')"))
    log = (running / "postgres.log").read_text(encoding="utf-8")
    assert "people_name_key" in log
    assert "Annelies" not in log


def test_two_homes_do_not_interfere(home: Path, running: Path) -> None:
    with open_database(settings_of(running)) as b:
        with open_database(settings_of(home)) as a:
            with a.engine.begin() as connection:
                connection.execute(text("CREATE TABLE only_a ()"))
            with b.engine.connect() as connection:
                assert connection.scalar(text("SELECT to_regclass('only_a')")) is None
            assert postmaster_of(home).pid != postmaster_of(running).pid
        assert not is_running(home)
        assert is_running(running)
        assert began_at(b)


def test_the_server_inherits_no_secret(running: Path) -> None:
    assert not [name for name in postmaster_of(running).environ() if name.startswith("TWIZZIT_")]


def test_a_server_of_other_variables_is_not_ours(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were there when it started, and are there when it is looked for."""
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    with open_database(load_settings(_env_file=None, home=running, encryption_key=None)) as database:
        assert began_at(database)
        assert postmaster_of(running).environ().keys() & OTHERS.keys() <= {"PGDATA"}


def test_a_home_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("", encoding="utf-8")
    assert "Not a directory" in refusal_of(tmp_path / "home")


def test_a_home_with_a_line_break_is_one_line(tmp_path: Path) -> None:
    assert "line break" in refusal_of(tmp_path / "a\nb")


def test_data_of_another_version_says_what_to_do(home: Path) -> None:
    (home / "postgres" / "PG_VERSION").write_text("9\n", encoding="ascii")
    assert "was made by PostgreSQL 9, and this installation brings 16 and 18: move the folder" in refusal_of(home)


def test_a_damaged_configuration_names_the_complaint_and_the_log(home: Path) -> None:
    with (home / "postgres" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("max_connections = 'none'\n")
    said = refusal_of(home)
    assert "configuration file" in said
    assert str(home / "postgres.log") in said


def test_a_start_that_lacks_room_says_so_whatever_is_free(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that could not make the next 16 MB of its log leaves some of them free."""

    def fails(self: cluster.Cluster, *_: str) -> int:
        said = 'LOG:  redo done\nFATAL:  could not write to file "pg_wal/xlogtemp.9": No space left on device\n'
        self.log.write_text(self.log.read_text(encoding="utf-8") + said, encoding="utf-8")
        return 1

    monkeypatch.setattr(cluster.Cluster, "_pg_ctl", fails)
    assert refusal_of(home).endswith(f"No space left on device (log: {home}/postgres.log); its disk is full: make room")


def test_a_home_on_a_full_disk_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(server, "_open", full)
    assert refusal_of(home).endswith("No space left on device; its disk is full: make room")


def test_a_failed_start_leaves_nothing_behind(home: Path) -> None:
    configuration = home / "postgres" / "postgresql.conf"
    good = configuration.read_text(encoding="utf-8")
    configuration.write_text(f"{good}\nmax_connections = 'none'\n", encoding="utf-8")
    refusal_of(home)
    configuration.write_text(good, encoding="utf-8")
    with open_database(settings_of(home)) as database:
        assert began_at(database)


@pytest.mark.parametrize(
    ("free", "helps"), [(0, "its disk is full: make room"), (500_000_000, r"end its processes \[4711\]")]
)
def test_a_server_that_does_not_answer_says_what_helps(
    home: Path, monkeypatch: pytest.MonkeyPatch, free: int, helps: str
) -> None:
    """On a full disk a server lets no connection in and does not stop, until there is room."""
    found = cluster.Cluster(home)
    found.data.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(cluster, "_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(cluster, "processes_in", lambda _: [4711])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr(found, "reachable", lambda: None)
    with pytest.raises(EmbeddedServerFailed, match=helps):
        found._settle()
