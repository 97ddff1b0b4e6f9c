"""The places of runs: servers that hang, or are slow, keep no other club from syncing in time."""

import time

import dagster as dg
import pytest
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from sqlalchemy import text

from tests.support.hostile_server import HostileServer
from tests.support.orchestrator import Orchestrator, orchestrated
from twizzit_pipeline.credentials import store
from twizzit_pipeline.runs import history

pytestmark = pytest.mark.dagster_tables

SMALL = {"clubs": 1, "teams": 1, "players_per_team": 2}

QUEUED = dg.DagsterRunStatus.QUEUED
SLOW = {"twizzit/lane": "slow"}
FIRST = {"twizzit/lane": "first", "twizzit/longest_seconds": "900", "dagster/max_runtime": "960"}
QUICK = {"twizzit/longest_seconds": "300", "dagster/max_runtime": "360"}


def lane(wanted: dg.RunRequest) -> dict[str, str]:
    return {name: value for name, value in wanted.tags.items() if name in SLOW | QUICK}


def next_ones(orchestrator: Orchestrator) -> list[str]:
    """What the daemon would begin now, by the real dagster.yaml."""
    with QueuedRunCoordinatorDaemon(interval_seconds=5) as daemon:
        config = orchestrator.instance.get_concurrency_config()
        return [run.run_id for run in daemon._get_runs_to_dequeue(orchestrator.instance, config, None)]


def test_clubs_whose_syncs_last_have_one_place_together(orchestrator: Orchestrator) -> None:
    """Six of them were due long before the three that are quick."""
    hanging = [orchestrator.credential(organization_name=f"Hanging {place}") for place in range(6)]
    victims = [orchestrator.credential(organization_name=f"Victim {place}") for place in range(3)]
    for credential_id in hanging:
        orchestrator.has_synced(credential_id, 124, status="failed")
        orchestrator.switch_on(credential_id, next_sync_at=text("timezone('utc', now()) - interval '1 day'"))
    for credential_id in victims:
        orchestrator.has_synced(credential_id, 7, status="partial_success")
        orchestrator.switch_on(credential_id, next_sync_at=text("timezone('utc', now()) - interval '1 minute'"))
    line = orchestrator.tick()
    assert [lane(run) for run in line] == [SLOW] * 2 + [QUICK] * 3, "no more slow ones wait than will begin soon"
    queued = [orchestrator.waiting_run(run, QUEUED) for run in line]
    assert next_ones(orchestrator) == [*queued[2:], queued[0]]
    for run_id in next_ones(orchestrator):
        run = orchestrator.instance.get_run_by_id(run_id)
        assert run is not None
        orchestrator.instance.report_dagster_event(
            dg.DagsterEvent(event_type_value="PIPELINE_START", job_name=run.job_name), run_id
        )
    victim = orchestrator.instance.get_run_by_id(queued[2])
    assert victim is not None
    orchestrator.instance.report_run_failed(victim)
    assert next_ones(orchestrator) == [], "its place stays free for another one that is quick"


def test_a_first_sync_of_a_login_that_worked_waits_for_no_stranger_that_hangs(orchestrator: Orchestrator) -> None:
    """Three were never verified, or slow; of two that were verified, the first one has the place."""
    strangers = [orchestrator.credential(organization_name=f"Stranger {place}") for place in range(3)]
    orchestrator.has_synced(strangers[0], 124, status="failed")
    store.mark_verified(orchestrator.engine, strangers[0])
    for credential_id in strangers:
        orchestrator.switch_on(credential_id, next_sync_at=text("timezone('utc', now()) - interval '1 day'"))
    queued = [orchestrator.waiting_run(run, QUEUED) for run in orchestrator.tick()]
    verified = [orchestrator.credential(organization_name=f"New {place}") for place in range(2)]
    for credential_id in verified:
        store.mark_verified(orchestrator.engine, credential_id)
        orchestrator.ask(credential_id, "teams")
    line = orchestrator.tick()
    assert [lane(run) for run in line] == [FIRST, FIRST]
    asked = [orchestrator.waiting_run(run, QUEUED) for run in line]
    assert next_ones(orchestrator) == [asked[0], queued[1]]


def test_clubs_whose_syncs_go_well_come_before_those_that_fail_quickly(orchestrator: Orchestrator) -> None:
    """Those that fail find a quick place only where no other one wants it."""
    failing = [orchestrator.credential(organization_name=f"Failing {place}") for place in range(6)]
    victim = orchestrator.credential(organization_name="Victim")
    long_ago = text("timezone('utc', now()) - interval '1 day'")
    for credential_id in failing:
        orchestrator.has_synced(credential_id, 2, status="failed")
        orchestrator.switch_on(credential_id, next_sync_at=long_ago, consecutive_failures=1)
    orchestrator.has_synced(victim, 7, status="partial_success")
    orchestrator.switch_on(victim, next_sync_at=text("timezone('utc', now()) - interval '1 second'"))
    line = orchestrator.tick()
    assert [lane(run) for run in line] == [QUICK] * 5, "no more that fail wait than will begin soon"
    assert [run.tags["dagster/priority"] for run in line] == ["0"] * 4 + ["1"]
    queued = [orchestrator.waiting_run(run, QUEUED) for run in line]
    assert next_ones(orchestrator) == [queued[4], *queued[:3]]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ([], SLOW),
        ([(5.0, "success")], QUICK),
        ([(5.0, "failed")], QUICK),
        ([(31.0, "failed")], SLOW),
        ([(89.0, "success")], QUICK),
        ([(91.0, "success")], SLOW),
        ([(5.0, "success"), (300.0, "success")], QUICK),
        ([(300.0, "success"), (5.0, "success")], SLOW),
    ],
    ids=[
        "never synced",
        "quick",
        "fails at once",
        "one call that hung",
        "just quick",
        "just slow",
        "quick again",
        "slow now",
    ],
)
def test_a_place_follows_from_how_long_the_last_sync_took(
    orchestrator: Orchestrator, before: list[tuple[float, str]], expected: dict[str, str]
) -> None:
    """`before`: the newest first."""
    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id)
    for place, (seconds, status) in enumerate(before):
        orchestrator.has_synced(credential_id, seconds, ago=60 * (place + 1), status=status)
    (wanted,) = orchestrator.tick()
    assert lane(wanted) == expected
    assert wanted.tags["dagster/priority"] == ("0" if before and expected == SLOW else "1")
    request = orchestrator.ask(credential_id, "teams")
    (wanted,) = orchestrator.tick()
    assert (wanted.tags["twizzit/request"], lane(wanted)) == (str(request.id), expected)


def test_a_run_of_the_slow_lane_calls_a_silent_server_once(orchestrator: Orchestrator) -> None:
    """Then it has failed, within the time of one call, and the place is free."""
    with HostileServer(lambda _connection: time.sleep(30)) as server:
        credential_id = orchestrator.credential(api_endpoint=server.url)
        orchestrator.switch_on(credential_id)
        hasty = {"request_timeout": 4.0, "retry_seconds": 60.0}
        with orchestrated(orchestrator.settings, orchestrator.database, orchestrator.simulator, **hasty) as other:
            (wanted,) = other.tick()
            result = other.run(wanted)
        assert [request.split()[1].split(b"?")[0] for request in server.requests] == [
            b"/v2/api/authenticate",
            b"/v2/api/organizations",
        ]
    assert not result.success
    rows = history.for_run(orchestrator.engine, result.run_id)
    assert {(row.status, row.error_message) for row in rows} == {
        ("failed", "/organizations gave no answer in time: try again later")
    }


@pytest.mark.parametrize("verified", [False, True])
def test_a_server_that_fails_keeps_no_place_of_a_lane_between_tries(orchestrator: Orchestrator, verified: bool) -> None:
    """It fails at once with what may pass, so that a quick club's run would wait for minutes and ask again."""
    credential_id = orchestrator.credential()
    if verified:
        store.mark_verified(orchestrator.engine, credential_id)
    orchestrator.switch_on(credential_id, sync_players=False, sync_competitions=False)
    fault = orchestrator.simulator.faults.arm("error_503", path="/groups", times=100)
    hasty = {"retry_attempts": 2, "retry_seconds": 2.0, "step_retry_seconds": 0.05}
    with orchestrated(orchestrator.settings, orchestrator.database, orchestrator.simulator, **hasty) as other:
        (wanted,) = other.tick()
        assert lane(wanted) == (FIRST if verified else SLOW)
        result = other.run(wanted)
    assert not result.success
    assert [event.step_key for event in result.all_events if event.is_step_up_for_retry] == []
    assert fault.met == 2, "two tries of the client, once"
