"""`twizzit up --demo` as a user sees it, from its first line on; how it ends is in `test_up_stopped`."""

import socket
from pathlib import Path

import httpx
import pytest

from tests.support.command_line import CommandLine
from tests.support.running_up import RunningUp

pytestmark = pytest.mark.timeout(900)  # the first one waits for `up` and the demo's first syncs

CLUBS = {1: "KC Scheldedal", 2: "Korfbal 't Wilgenhof '78", 3: "Corfbal Sclessin-sur-Rhée"}


def test_everything_answers_where_it_says(demo_up: RunningUp) -> None:
    assert {"code", "ui", "daemon", "api", "simulator", "postgres"} <= set(demo_up.pids())
    assert not any("\x1b" in line for line in demo_up.lines), "plain text in a pipe"
    assert (
        "dagster_webserver_version"
        in httpx.get(f"{demo_up.urls['ui']}/server_info", trust_env=False, verify=False).json()
    )
    listed = demo_up.ask("GET", "/credentials").json()["credentials"]
    assert {one["id"]: one["organizationName"] for one in listed} == CLUBS
    logs = demo_up.home / "logs"
    assert {log.name for log in logs.iterdir()} >= {f"{name}.log" for name in ("code", "ui", "daemon", "api")}
    assert {log.stat().st_mode & 0o777 for log in logs.iterdir()} == {0o600}


def test_three_clubs_sync_by_themselves_and_what_was_rejected_is_shown(demo_up: RunningUp) -> None:
    configured = [demo_up.ask("GET", f"/sync/config/{number}").json()["config"] for number in CLUBS]
    assert [one["syncIntervalMinutes"] for one in configured] == [5, 10, 15]
    for number, name in CLUBS.items():
        line = demo_up.line(f"  {number} {name}, ", " created · ")
        wanted = "success · 8 teams, 98 players" if number == 2 else "partial success · 8 of 9 teams, "
        assert f" · {wanted}" in line
        assert ("name_present" in line) == (number != 2), "why, if not success"
    demo_up.line("notification · Twizzit: ", "partial success", "KC Scheldedal", seconds=90)
    assert "Warning: " not in (demo_up.home / "logs" / "code.log").read_text(encoding="utf-8")


def test_a_second_one_is_refused(demo_up: RunningUp) -> None:
    refused = demo_up.twizzit("up", "--ui-port", "0", "--api-port", "0")
    assert refused.code == 1
    assert refused.err.splitlines() == [
        f"Error: `twizzit up` (process {demo_up.process.pid}) works with {demo_up.home}: stop that one first, or set "
        "another TWIZZIT_HOME"
    ]
    for other in (("dagster", "dev"), ("demo",)):
        also = demo_up.twizzit(*other)
        assert (also.code, also.err.splitlines()) == (1, refused.err.splitlines())


def test_a_port_in_use_is_one_line_before_anything_is_started(tmp_path: Path) -> None:
    twizzit = CommandLine(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        refused = twizzit("up", "--ui-port", port)
    assert (refused.code, refused.out) == (1, "")
    assert len(refused.err.splitlines()) == 1
    assert f"Dagster's UI cannot listen on 127.0.0.1:{port}" in refused.err
    assert [file.name for file in (tmp_path / ".twizzit").iterdir()] == ["up.lock"]
