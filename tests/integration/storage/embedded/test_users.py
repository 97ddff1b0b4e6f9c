"""The embedded server among processes that come, go and are killed."""

import os
import signal
import threading
from pathlib import Path

import psycopg
from sqlalchemy import text

from tests.support.embedded_homes import (
    began_at,
    initdb_runs_in,
    is_running,
    postmaster_of,
    settings_of,
    user_process,
    wait_until,
)
from twizzit_pipeline.storage.embedded.cluster import Cluster
from twizzit_pipeline.storage.embedded.postmaster import processes_in
from twizzit_pipeline.storage.engine import open_database


def test_one_process_may_open_it_several_times(home: Path) -> None:
    with open_database(settings_of(home)) as outer:
        with open_database(settings_of(home)) as inner:
            assert began_at(inner) == began_at(outer)
        assert is_running(home)
        assert began_at(outer)
    assert not is_running(home)


def test_threads_share_it(new_home: Path) -> None:
    seen: list[str] = []
    together = threading.Barrier(4)

    def use() -> None:
        with open_database(settings_of(new_home)) as database:
            together.wait(timeout=30)
            seen.append(began_at(database))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert not is_running(new_home)


def test_processes_share_it_and_the_last_one_stops_it(new_home: Path) -> None:
    with user_process(new_home) as first, user_process(new_home) as second:
        assert first.started_at() == second.started_at()
        first.end()
        assert is_running(new_home)
        second.end()
        assert not is_running(new_home)


def test_who_comes_while_another_stops_it_gets_a_server(home: Path) -> None:
    with user_process(home) as other:
        for _ in range(3):
            assert other.started_at()
            other.go_on(again=True)
            with open_database(settings_of(home)) as database:
                assert began_at(database)


def test_ctrl_c_at_the_terminal_does_not_reach_the_server(running: Path) -> None:
    assert os.getsid(postmaster_of(running).pid) != os.getsid(0)


def test_after_a_killed_user_the_next_one_takes_over_and_stops_it(home: Path) -> None:
    with user_process(home) as killed:
        started = killed.started_at()
        killed.kill()
    assert is_running(home)
    with open_database(settings_of(home)) as database:
        assert began_at(database) == started
    assert not is_running(home)


def test_a_killed_user_does_not_take_the_server_from_others(home: Path) -> None:
    with open_database(settings_of(home)) as database:
        with user_process(home) as killed:
            assert killed.started_at()
            killed.kill()
        assert began_at(database)
    assert not is_running(home)


def test_after_a_killed_server_committed_rows_are_there(home: Path) -> None:
    with open_database(settings_of(home)) as database:
        with database.engine.begin() as connection:
            connection.execute(text("CREATE TABLE kept AS SELECT 1 AS value"))
        postmaster_of(home).send_signal(signal.SIGKILL)
        wait_until(lambda: not is_running(home))
        with open_database(settings_of(home)) as again, again.engine.connect() as connection:
            assert connection.scalar(text("SELECT value FROM kept")) == 1
    assert processes_in(home / "postgres") == []


def test_a_process_id_that_another_program_has_now_stops_no_process(home: Path) -> None:
    lines = [str(os.getpid()), str(home / "postgres"), "0", "5432", str(home / "run"), "", "1 1", "ready"]
    (home / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with open_database(settings_of(home)) as database:
        assert began_at(database)


def test_half_of_a_first_start_is_made_anew(new_home: Path) -> None:
    with user_process(new_home) as killed:
        wait_until(lambda: any((folder / "base").exists() for folder in new_home.glob("postgres.new-*")))
        killed.kill()
    assert not (new_home / "postgres").exists()
    with open_database(settings_of(new_home)) as database:
        assert began_at(database)
    # The killed one's initdb may still have been at work.
    wait_until(lambda: not initdb_runs_in(new_home))
    with open_database(settings_of(new_home)):
        assert list(new_home.glob("postgres.new-*")) == []


def test_a_server_killed_before_its_database_was_made_gets_one(home: Path) -> None:
    folder = Cluster(home).start()
    with psycopg.connect(host=str(folder), user="twizzit", dbname="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE twizzit")
    with open_database(settings_of(home)) as database:
        assert began_at(database)
