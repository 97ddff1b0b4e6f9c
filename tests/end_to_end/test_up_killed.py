"""What `twizzit up --demo` does by itself: syncs in time, one at a time for each credential, and order after a kill."""

import os
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Row

from tests.support.running_up import RunningUp
from twizzit_pipeline.runs.lease import INTERRUPTED

pytestmark = pytest.mark.timeout(900)  # the first one waits for `up` and the demo's first syncs

PATIENCE_SECONDS = 240
PUNCTUAL_SECONDS = 60  # a tick each 5 s, a look into the queue, and the start of a process on a machine that is busy
CREDENTIALS = (1, 2, 3)

HISTORY = """
    SELECT history.*, coalesce(details ->> 'entity', sync_type) AS entity, trigger.value AS trigger,
        pipeline_name AS job
    FROM twizzit_sync_history history
    LEFT JOIN dagster.runs ON runs.run_id = dagster_run_id
    LEFT JOIN dagster.run_tags trigger ON trigger.run_id = dagster_run_id AND trigger.key = 'twizzit/trigger'
    WHERE history.id > :after ORDER BY history.id
"""
OPEN = """
    SELECT 'history', id::text FROM twizzit_sync_history WHERE status = 'in_progress'
    UNION ALL SELECT 'lease', organization FROM twizzit_leases
    UNION ALL SELECT 'request', id::text FROM twizzit_sync_requests WHERE completed_at IS NULL
    UNION ALL SELECT 'run', run_id FROM dagster.runs WHERE status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED')
"""
ARRIVED = """
    SELECT (SELECT count(*) FROM clubs), (SELECT count(*) FROM teams), (SELECT count(*) FROM games),
        (SELECT count(*) FROM twizzit_team_mappings)
"""
UNDER_WAY = "SELECT FROM twizzit_leases WHERE history_id IS NOT NULL"
DUE = "UPDATE twizzit_sync_config SET next_sync_at = :due, last_sync_at = :long_ago WHERE credential_id = :id"


@pytest.fixture
def up(demo_up: RunningUp) -> RunningUp:
    """Nothing syncs, and nothing will by itself."""
    for number in CREDENTIALS:
        _configure(demo_up, number, autoSyncEnabled=False)
    _in_order(demo_up)
    return demo_up


def test_syncs_begin_when_their_configuration_says(up: RunningUp) -> None:
    after, now = _last(up), datetime.now(UTC).replace(tzinfo=None)
    _configure(up, 1, autoSyncEnabled=True)
    due = {1: now + timedelta(seconds=10), 2: now, 3: now}
    for number, moment in due.items():
        up.rows(DUE, due=moment, long_ago=now - timedelta(hours=1), id=number)
    # The second one is switched off. Of the third an hour is more than the new interval, and teams are all it wants.
    _configure(up, 3, autoSyncEnabled=True, syncIntervalMinutes=5, syncPlayers=False, syncCompetitions=False)

    ended = _ended(up, after, [*((1, kind) for kind in ("competitions", "matches", "players", "teams")), (3, "teams")])
    assert {row.trigger for row in ended} == {"schedule"}
    for row in ended:
        late = (row.started_at - due[row.credential_id]).total_seconds()
        assert 0 <= late < PUNCTUAL_SECONDS, f"{row.entity} of credential {row.credential_id}: {late} s"
    for number, longest in ((1, 5 * 1.5), (3, 5 * 1.5)):
        following = _configured(up, number)["nextSyncAt"]
        assert timedelta() < datetime.fromisoformat(following) - datetime.now(UTC) < timedelta(minutes=longest)
    _configure(up, 3, syncIntervalMinutes=15, syncPlayers=True, syncCompetitions=True)


def test_after_a_killed_run_and_a_killed_daemon_two_syncs_asked_for_at_once_wait_for_each_other(up: RunningUp) -> None:
    arrived, after, said = up.rows(ARRIVED), _last(up), len(up.lines)
    _slow_sync(up, seconds=60)
    os.kill(up.pids()["run"], signal.SIGKILL)
    line = up.line("  2 Korfbal 't Wilgenhof '78, ", " · failed · ", after=said)
    assert line.endswith(INTERRUPTED)
    _in_order(up)
    [killed] = up.rows(HISTORY, after=after)
    assert (killed.status, killed.error_message) == ("failed", INTERRUPTED)
    _forgive(up)

    os.kill(up.pids()["daemon"], signal.SIGKILL)
    with ThreadPoolExecutor() as pool:
        paths = [f"/sync/{kind}/2?queue=true&wait=0" for kind in ("teams", "players")]
        asked = list(pool.map(lambda path: up.ask("POST", path), paths))
    assert [answer.status_code for answer in asked] == [202, 202]
    assert "(killed by SIGKILL); starting it again in" in up.line("Dagster's daemon ended ", after=said)
    up.line("Dagster's daemon is back (", after=said)
    first, second = _ended(up, killed.id, [(2, "players"), (2, "teams")])
    assert (first.status, second.status, first.trigger, second.trigger) == ("success", "success", "request", "request")
    assert first.completed_at <= second.started_at
    assert {first.job, second.job} == {"sync_teams", "sync_players"}, "a run for each, in either order"
    assert up.rows(ARRIVED) == arrived


def test_a_killed_database_comes_back_and_so_does_everything_else(up: RunningUp) -> None:
    arrived, after, said = up.rows(ARRIVED), _last(up), len(up.lines)
    _slow_sync(up, seconds=10)
    os.kill(up.pids()["postgres"], signal.SIGKILL)
    up.line("PostgreSQL ended; starting it again", after=said)
    up.line("PostgreSQL is back (", after=said)
    _forgive(up)
    _in_order(up)
    assert up.ask("POST", "/sync/teams/2?queue=true&wait=0").status_code == 202
    *_, following = _ended(up, after, [(2, "teams"), (2, "teams")])
    assert following.status == "success"
    assert up.rows(ARRIVED) == arrived
    assert up.process.poll() is None


def _configure(up: RunningUp, number: int, **wanted: object) -> None:
    assert up.ask("PUT", f"/sync/config/{number}", wanted).is_success


def _configured(up: RunningUp, number: int) -> dict[str, Any]:
    return dict(up.ask("GET", f"/sync/config/{number}").json()["config"])


def _last(up: RunningUp) -> int:
    return int(up.rows("SELECT max(id) FROM twizzit_sync_history")[0][0])


def _in_order(up: RunningUp) -> None:
    """Nothing is half done any more: no row in progress, no lease, no request that waits, no run that has no end."""
    up.until(lambda: not up.rows(OPEN), "everything closed", PATIENCE_SECONDS)


def _ended(up: RunningUp, after: int, kinds: list[tuple[int, str]]) -> Sequence[Row[Any]]:
    """The history after that row, when it has rows of these credentials and kinds, in order, and all is over."""

    def seen() -> list[tuple[int, str]]:
        return sorted((row.credential_id, row.entity) for row in up.rows(HISTORY, after=after))

    up.until(lambda: seen() == kinds, f"the history of {kinds}", PATIENCE_SECONDS)
    _in_order(up)
    return up.rows(HISTORY, after=after)


def _slow_sync(up: RunningUp, *, seconds: float) -> None:
    """A sync of teams is under way, and Twizzit makes it wait for so long."""
    fault = {"kind": "slow", "path": "/groups", "seconds": seconds, "times": 1}
    assert httpx.post(f"{up.urls['simulator']}/simulator/faults", json=fault, trust_env=False, verify=False).is_success
    assert up.ask("POST", "/sync/teams/2?wait=0").status_code == 202
    up.until(lambda: up.rows(UNDER_WAY), "a sync", PATIENCE_SECONDS)


def _forgive(up: RunningUp) -> None:
    assert httpx.delete(f"{up.urls['simulator']}/simulator/faults", trust_env=False, verify=False).is_success
