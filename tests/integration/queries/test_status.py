"""`twizzit status`, in this process: what it says of each credential, in how many queries, when it leaves with 1."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from typer.testing import CliRunner, Result

from tests.conftest import ENCRYPTION_KEY
from tests.support.monitored import add_calls, add_credential, add_run, beat, scene
from twizzit_pipeline.cli.app import whole
from twizzit_pipeline.queries import overview
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

Status = Callable[..., Result]


@pytest.fixture
def status(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Status:
    """``status("--json")`` on the test's own database."""
    assert settings.database_url is not None
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY", ENCRYPTION_KEY)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(whole(), ["status", *arguments], catch_exceptions=False)


def test_every_credential_has_a_line_and_the_bad_ones_say_what_to_do(database: Database, status: Status) -> None:
    scene(database)
    answer = status()
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    rows = {int(line.split()[0]): re.split(r"\s{2,}", line.strip()) for line in lines if re.match(r" [1-5] ", line)}
    assert rows == {
        1: ["1", "KC Noord", "ok", "40 min ago, ok", "in 19 min", "2/2", "0", "85/100"],
        2: ["2", "KC Oost", "failing", "5 min ago, failed", "in 7 h*", "0/1", "0", "0"],
        3: ["3", "KC Zuid", "partial", "3 min ago, partial", "–", "1/2", "2", "0"],
        4: ["4", "KC West", "late", "6 h ago, ok", "now", "2/2", "0", "0"],
        5: ["5", 'KC "Midden" vzw', "unsynced", "never", "–", "–", "0", "0"],
    }
    assert [int(line.split()[0]) for line in lines if re.match(r" [1-5] ", line)] == [
        2,
        4,
        3,
        5,
        1,
    ]  # the most urgent first
    assert lines[0] == "5 credentials: 2 red (needs attention now), 2 amber (have a look), 1 green (fine)"
    assert "2 credentials need attention:" in lines
    later = lines.index("* later than its interval:")
    assert lines[later + 1].startswith("  2: after failures the interval is doubled for each")
    said = answer.stdout
    assert "2 failing: 3 automatic syncs failed in a row; Twizzit does not accept the login" in said
    assert "Read why, and what helps: twizzit history 2; once that is done: twizzit sync 2" in said
    assert "4 late: no sync has succeeded for twice the interval, and no orchestrator starts the next one" in said
    assert re.search(r"players +3 +2 +1 +0 +93.33 %", said)
    assert re.search(r"teams +4 +3 +0 +1 +100.00 %", said)
    failures = said[said.index("Recent failures:") :]
    assert failures.index("credential 3, players of 2026-2027 (partial, 2 items failed)") < failures.index(
        "credential 2, teams of 2026-2027"
    )
    assert "Orchestrator: alive, last sign of life" in said
    assert "Requests: 0 waiting, 0 started; 0 syncs under way." in said


def test_as_json_it_is_data(database: Database, status: Status) -> None:
    scene(database)
    found = json.loads(status("--json").stdout)
    assert [(one["credential_id"], one["state"]) for one in found["credentials"]] == [
        (1, "ok"),
        (2, "failing"),
        (3, "partial"),
        (4, "late"),
        (5, "unsynced"),
    ]
    first = found["credentials"][0]
    assert (first["calls_this_month"], first["monthly_call_limit"], first["success_rate_pct"]) == (85, 100, 100.0)
    next_sync, now = (datetime.fromisoformat(when) for when in (first["next_sync_at"], found["at"]))
    assert timedelta(minutes=19) < next_sync - now <= timedelta(minutes=20)
    assert [one["late"] for one in found["credentials"]] == [False, True, False, True, False]
    assert {rate["sync_type"]: rate["total_syncs"] for rate in found["success_rate"]} == {"players": 3, "teams": 4}
    assert [one["credential_id"] for one in found["recent_failures"]] == [3, 2]
    assert all(one["needs_attention"] == one["needs_somebody"] for one in (found, *found["credentials"]))
    assert (found["orchestrator"]["alive"], found["orchestrator"]["missing"]) == (True, False)
    assert (found["needs_attention"], found["requests"]) == (True, {"queued": 0, "started": 0})


def test_check_exits_with_1_where_attention_is_needed(database: Database, status: Status) -> None:
    assert status("--check").exit_code == 0
    add_credential(
        database, "KC Noord", auto_sync_enabled=True, sync_competitions=False, next_sync_at=timedelta(minutes=20)
    )
    add_run(database, 1, timedelta(minutes=40), {"sync_type": "teams"}, {"sync_type": "players"})
    missing = status("--check")
    assert missing.exit_code == 1
    assert "Orchestrator: there never was one; syncs wait for it, start it: twizzit up" in missing.stdout
    beat(database, timedelta(seconds=5))
    assert status("--check").exit_code == 0
    add_run(database, 1, timedelta(minutes=1), {"sync_type": "teams", "status": "partial_success"})
    assert status("--check").exit_code == 0  # the data wait for a person, the syncs do not
    add_run(database, 1, timedelta(0), {"sync_type": "teams", "status": "failed"})
    assert status("--check", "--json").exit_code == 1
    assert status().exit_code == 0


def test_it_shows_those_in_a_state_or_one_club_alone(database: Database, status: Status) -> None:
    scene(database)
    listed = status("--state", "failing", "--state", "partial")
    ids = [int(line.split()[0]) for line in listed.stdout.splitlines() if re.match(r" ?[1-5]  KC", line)]
    assert ids == [2, 3]
    assert "The last 30 days" not in listed.stdout
    assert "None of 5 credentials is in that state." in status("--state", "paused").stdout
    assert [status("--check", "--state", one).exit_code for one in ("failing", "partial", "ok")] == [1, 0, 0]
    (one,) = json.loads(status("KC Zuid", "--json").stdout)["credentials"]
    assert (one["credential_id"], one["signal"]) == (3, "amber")
    said = status("2").stdout
    assert said.startswith("KC Oost (credential 2): failing, needs attention now\n")
    assert "3 automatic syncs failed in a row; Twizzit does not accept the login" in said
    assert re.search(r"Next sync: +in 7 h: after 3 failures in a row it comes every 8 h, until a sync succeeds", said)
    assert "KC Noord" not in said
    assert "credential 3" not in said
    assert [status(one, "--check").exit_code for one in ("1", "2")] == [0, 1]


def test_a_sync_under_way_hides_nothing_that_needs_attention(database: Database, status: Status) -> None:
    scene(database)
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO twizzit_leases (organization, token, credential_id, dagster_run_id, holder)"
                " VALUES ('x', gen_random_uuid(), 2, 'another', 'elsewhere|1')"
            )
        )
    said = status("2", "--check")
    assert said.exit_code == 1
    assert said.stdout.startswith("KC Oost (credential 2): running, needs attention now\n")
    assert "Twizzit does not accept the login (a sync is under way)" in said.stdout


def test_forty_clubs_fit_in_eighty_columns(database: Database, status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    from twizzit_pipeline.cli.commands import status as command

    scene(database)
    for number in range(35):
        name = f"Koninklijke Korfbalclub nummer {number} met een lange naam"
        automatic = {"auto_sync_enabled": True, "sync_competitions": False, "next_sync_at": timedelta(minutes=86)}
        club = add_credential(database, name, **automatic)
        add_run(database, club, timedelta(minutes=1), {"sync_type": "teams"}, {"sync_type": "players"})
        add_calls(database, club, 12_345)
    for width in (80, 100):
        made = Console(width=width, highlight=False, emoji=False, markup=False)
        monkeypatch.setattr(command, "console", lambda made=made: made)
        with made.capture() as captured:
            assert status().exit_code == 0
        lines = captured.get().splitlines()
        assert [line for line in lines if len(line) > width] == []
        ids = [int(line.split()[0]) for line in lines if re.match(r" ?\d+  (KC|Kon)", line)]
        assert sorted(ids) == list(range(1, 41))
        assert ids[:4] == [2, 4, 3, 5]
        assert "each credential has a minute of its own" in " ".join(" ".join(lines).split())


def test_without_credentials_it_says_how_to_begin(status: Status) -> None:
    said = status().stdout
    assert "No credential yet; add one: twizzit credentials add" in said
    assert "Orchestrator: there never was one." in said


@pytest.mark.parametrize("width", [80, 100])
def test_it_fits_the_terminal(database: Database, status: Status, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """Only the name gives way, and no line is longer than the terminal (or than people like to read)."""
    from rich.console import Console

    from twizzit_pipeline.cli.commands import status as command

    scene(database)
    add_credential(database, "Koninklijke Korfbalclub met een lange naam en een afdeling voor de jeugd vzw")
    made = Console(width=min(width, 100), highlight=False, emoji=False, markup=False)
    monkeypatch.setattr(command, "console", lambda: made)
    with made.capture() as captured:
        assert status().exit_code == 0
    said = captured.get()
    assert all(len(line) <= min(width, 100) for line in said.splitlines())
    assert all(word in said for word in ("40 min ago, ok", "3 min ago, partial", "85/100", "unsynced"))
    assert re.search(r"^ 6  Koninkl.*…  unsynced", said, re.MULTILINE)


def test_a_time_out_of_range_is_none(database: Database, status: Status) -> None:
    add_credential(database, "KC Noord", auto_sync_enabled=True)
    with database.engine.begin() as connection:
        connection.execute(
            text("UPDATE twizzit_sync_config SET next_sync_at = 'infinity', paused_until = '9999-01-01'")
        )
    (found,) = json.loads(status("--json").stdout)["credentials"]
    assert (found["next_sync_at"], found["paused_until"]) == (None, None)


def test_a_sync_whose_process_died_is_not_under_way(database: Database, status: Status) -> None:
    add_credential(database, "KC Noord")
    add_run(database, 1, timedelta(0), {"sync_type": "teams", "status": "in_progress", "completed_at": None})
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO twizzit_leases (organization, token, credential_id, dagster_run_id, holder, heartbeat_at)"
                " SELECT 'x', gen_random_uuid(), 1, dagster_run_id, 'elsewhere|1', now() - interval '2 min'"
                " FROM twizzit_sync_history"
            )
        )
    said = status().stdout
    assert "1 failing: interrupted: nothing was heard of the process for a minute" in said
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO twizzit_leases (organization, token, credential_id, dagster_run_id, holder)"
                " VALUES ('x', gen_random_uuid(), 1, 'another', 'elsewhere|1')"
            )
        )
    assert json.loads(status("--json").stdout)["credentials"][0]["state"] == "running"


def test_the_queries_are_as_many_for_a_thousand_credentials_as_for_one(database: Database) -> None:
    def queries() -> int:
        asked: list[str] = []

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            asked.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        seen = overview.read(database.engine, season_start="07-01")
        event.remove(database.engine, "before_cursor_execute", note)
        assert {one.state.value for one in seen.credentials} == {"unsynced"}
        return len(asked)

    add_credential(database, "KC Noord")
    alone = queries()
    assert alone <= 10
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv)"
                " SELECT 'Club ' || number, 'u', '00', '00' FROM generate_series(1, 1000) AS number"
            )
        )
    assert queries() == alone


def test_a_failed_sync_of_matches_is_called_so(database: Database, status: Status) -> None:
    """Both are of ShotSpot's type `competitions`: two lines said the same."""
    credential = add_credential(database, "KC Noord")
    failed = {"sync_type": "competitions", "status": "failed"}
    matches = {**failed, "details": {"season": "2026-2027", "entity": "matches"}}
    add_run(database, credential, timedelta(minutes=5), failed, matches)
    said = status().stdout
    assert "matches of 2026-2027 (failed" in said
    assert "competitions of 2026-2027 (failed" in said
    found = json.loads(status("--json").stdout)["recent_failures"]
    assert {(one["sync_type"], one["entity"]) for one in found} == {
        ("competitions", "matches"),
        ("competitions", "competitions"),
    }
