"""`twizzit up --demo` as a user sees it: one start, from the first line to nothing being left."""

import signal
import socket
from pathlib import Path

import httpx
import psutil
from sqlalchemy import text

from tests.end_to_end.command_line import CommandLine
from tests.end_to_end.running_up import RunningUp, running_up
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.embedded import embedded_server
from twizzit_pipeline.storage.engine import open_database

CLUBS = {1: "KC Scheldedal", 2: "Korfbal 't Wilgenhof '78", 3: "Corfbal Sclessin-sur-Rhée"}


def test_everything_runs_from_one_command_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    with running_up(tmp_path / "home") as up:
        pids = up.pids()
        assert {"code", "ui", "daemon", "api", "simulator", "postgres"} <= set(pids)
        _answers_where_it_says(up)
        _three_clubs_sync_by_themselves(up)
        _a_second_one_is_refused(up)
        _is_stopped_in_the_middle_of_a_sync(up)
        assert not any(map(psutil.pid_exists, pids.values()))
    _nothing_is_half_done(tmp_path / "home")


def _answers_where_it_says(up: RunningUp) -> None:
    assert not any("\x1b" in line for line in up.lines), "plain text in a pipe"
    assert "dagster_webserver_version" in httpx.get(f"{up.urls['ui']}/server_info", trust_env=False).json()
    listed = up.ask("GET", "/credentials").json()["credentials"]
    assert {one["id"]: one["organizationName"] for one in listed} == CLUBS
    configured = [up.ask("GET", f"/sync/config/{number}").json()["config"] for number in CLUBS]
    assert [one["syncIntervalMinutes"] for one in configured] == [5, 10, 15]
    assert all(one["autoSyncEnabled"] for one in configured)
    logs = up.home / "logs"
    assert {log.name for log in logs.iterdir()} >= {f"{name}.log" for name in ("code", "ui", "daemon", "api")}
    assert {log.stat().st_mode & 0o777 for log in logs.iterdir()} == {0o600}


def _three_clubs_sync_by_themselves(up: RunningUp) -> None:
    for number, name in CLUBS.items():
        told = up.line(f"  {number} {name}, ", " created · ", seconds=120)
        assert (" · success · 8 teams, 96 players" if number == 2 else " · partial success · 8 of 9 teams, ") in told
        assert ("name_present" in told) == (number != 2), "why, if not success"
    up.line("notification · Twizzit: partial success: KC Scheldedal", seconds=60)


def _a_second_one_is_refused(up: RunningUp) -> None:
    refused = up.twizzit("up", "--ui-port", "0", "--api-port", "0")
    assert refused.code == 1
    assert refused.err.splitlines() == [
        f"Error: Another `twizzit up` (process {up.process.pid}) works with {up.home}: stop that one, or set another "
        "TWIZZIT_HOME"
    ]


def _is_stopped_in_the_middle_of_a_sync(up: RunningUp) -> None:
    slow = {"kind": "slow", "path": "/groups", "seconds": 120, "times": None}
    assert httpx.post(f"{up.urls['simulator']}/simulator/faults", json=slow, trust_env=False).is_success
    assert up.ask("POST", "/sync/teams/2?wait=0").status_code == 202
    up.until(lambda: _under_way(up.home), "a sync that waits for Twizzit", 60)
    said = len(up.lines)
    assert up.stop(signal.SIGTERM) == 0
    assert "Interrupting 1 run under way" in up.lines[said:]
    assert any("  2 Korfbal 't Wilgenhof '78, " in line and " · failed · " in line for line in up.lines[said:])
    assert up.lines[-1].startswith("Everything is stopped (")


def _under_way(home: Path) -> bool:
    with open_database(load_settings(_env_file=None, home=home)) as database, database.engine.connect() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM twizzit_leases WHERE history_id IS NOT NULL")))


def _nothing_is_half_done(home: Path) -> None:
    with embedded_server(home) as url:
        settings = load_settings(_env_file=None, home=home, database_url=url.render_as_string(hide_password=False))
        with open_database(settings) as database, database.engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM twizzit_leases")) == 0
            states = connection.execute(text("SELECT status, error_message FROM twizzit_sync_history")).all()
            assert {status for status, _ in states} == {"success", "partial_success", "failed"}
            assert [message for status, message in states if status == "failed"] == [
                "stopped: somebody ended the run before it was done"
            ]
            runs = connection.scalars(text("SELECT DISTINCT status FROM dagster.runs")).all()
            assert set(runs) == {"SUCCESS", "CANCELED"}


def test_a_port_in_use_is_one_line_before_anything_is_started(tmp_path: Path) -> None:
    twizzit = CommandLine(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        refused = twizzit("up", "--ui-port", port)
    assert (refused.code, refused.out) == (1, "")
    assert len(refused.err.splitlines()) == 1
    assert f"Dagster's UI cannot listen on 127.0.0.1:{port}" in refused.err
    assert [file.name for file in (tmp_path / ".twizzit").iterdir()] == ["up.lock"]
