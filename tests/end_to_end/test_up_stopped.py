"""The end of `twizzit up --demo`. This module runs after all others that use it, because it ends it."""

import signal

import httpx
import psutil
import pytest

from tests.support.running_up import RunningUp
from twizzit_pipeline.local.leftovers import lives


@pytest.mark.timeout(900)
def test_stopped_in_the_middle_of_a_sync_it_leaves_no_process_and_nothing_half_done(demo_up: RunningUp) -> None:
    slow = {"kind": "slow", "path": "/groups", "seconds": 120, "times": None}
    assert httpx.post(
        f"{demo_up.urls['simulator']}/simulator/faults", json=slow, trust_env=False, verify=False
    ).is_success
    assert demo_up.ask("POST", "/sync/teams/2?queue=true&wait=0").status_code == 202
    leased = "SELECT FROM twizzit_leases WHERE history_id IS NOT NULL AND credential_id = 2"
    demo_up.until(lambda: demo_up.rows(leased), "a sync that waits for Twizzit", 90)
    processes = {name: psutil.Process(pid) for name, pid in demo_up.pids().items()}
    said = len(demo_up.lines)
    assert {"run", "code", "ui", "daemon", "api", "simulator", "postgres"} <= set(processes)

    assert demo_up.stop(signal.SIGTERM) == 0
    assert "Interrupting 1 run under way" in demo_up.lines[said:]
    assert any("  2 Korfbal 't Wilgenhof '78, " in line and " · failed · " in line for line in demo_up.lines[said:])
    assert demo_up.lines[-1].startswith("Everything is stopped (")
    assert [name for name, process in processes.items() if lives(process)] == []

    # The database is started once more to be asked.
    assert demo_up.rows("SELECT FROM twizzit_leases") == []
    assert demo_up.rows("SELECT FROM twizzit_sync_history WHERE status = 'in_progress'") == []
    [last] = demo_up.rows("SELECT status, error_message FROM twizzit_sync_history ORDER BY id DESC LIMIT 1")
    assert tuple(last) == ("failed", "stopped: the run was ended before it was done")
    statuses = {status for (status,) in demo_up.rows("SELECT DISTINCT status FROM dagster.runs")}
    assert {"SUCCESS", "CANCELED"} <= statuses <= {"SUCCESS", "CANCELED", "FAILURE"}
