"""Steps that are retried: with Dagster's own executor, against a Twizzit that fails for a while."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from tests.support.orchestrator import Orchestrator, orchestrated
from twizzit_pipeline.orchestration.launch import run_job
from twizzit_pipeline.runs import history
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

Orchestrate = Callable[..., Orchestrator]


@pytest.fixture
def clubs(simulate: Callable[..., SimulatorServer]) -> SimulatorServer:
    return simulate(clubs=1, teams=2, players_per_team=3, other_contacts=2)


@pytest.fixture
def orchestrator(settings: Settings, database: Database, clubs: SimulatorServer) -> Iterator[Orchestrator]:
    hasty = {"retry_attempts": 2, "retry_seconds": 2.0, "step_retry_seconds": 0.05}
    with orchestrated(settings, database, clubs, **hasty) as found:
        yield found


def quick_club(orchestrator: Orchestrator) -> int:
    """A credential whose runs are of no lane: those of a lane try no step again (test_run_places)."""
    credential_id = orchestrator.credential()
    orchestrator.has_synced(credential_id, 5)
    return credential_id


def retried(result: dg.ExecuteInProcessResult) -> list[str]:
    return [str(event.step_key) for event in result.all_events if event.is_step_up_for_retry]


def test_what_outlasts_the_http_retries_is_gone_at_the_retry_of_the_step(orchestrator: Orchestrator) -> None:
    credential_id = quick_club(orchestrator)
    orchestrator.switch_on(credential_id, sync_competitions=False)
    (wanted,) = orchestrator.tick()
    fault = orchestrator.simulator.faults.arm("error_503", path="/contacts", times=4)
    result = orchestrator.run(wanted)
    assert result.success
    assert fault.met == 4, "two attempts of each call, in two attempts of the step"
    assert retried(result) == ["twizzit_players"] * 2
    rows = {row.sync_type: row for row in history.for_run(orchestrator.engine, result.run_id)}
    assert len(history.for_run(orchestrator.engine, result.run_id)) == 2, "one row for each entity, for all attempts"
    assert rows["players"].error_message is None or "503" not in rows["players"].error_message
    assert sum(int(row.details["calls"]) for row in rows.values()) == orchestrator.simulator.calls.total
    assert orchestrator.simulator.calls.of("/authenticate") == 1, "one session for the whole run"
    assert orchestrator.planned(credential_id).consecutive_failures == 0


def test_a_request_that_a_retry_carries_out_has_not_failed(orchestrator: Orchestrator) -> None:
    request = orchestrator.ask(quick_club(orchestrator), "teams")
    (wanted,) = orchestrator.tick()
    orchestrator.simulator.faults.arm("error_503", path="/groups", times=2)
    result = orchestrator.run(wanted)
    assert retried(result) == ["twizzit_teams"]
    over = orchestrator.get(request)
    assert over.status in ("success", "partial_success")
    assert over.error is None


def test_what_stays_fails_after_the_last_retry_in_one_line(orchestrator: Orchestrator) -> None:
    credential_id = quick_club(orchestrator)
    orchestrator.switch_on(credential_id, sync_competitions=False)
    (wanted,) = orchestrator.tick()
    fault = orchestrator.simulator.faults.arm("error_503", path="/groups", times=None)
    result = orchestrator.run(wanted)
    assert not result.success
    assert fault.met == 3 * 2
    assert retried(result) == ["twizzit_teams"] * 2
    (failure,) = (event.step_failure_data for event in result.all_events if event.is_step_failure)
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.metadata["error"].value == "ServiceUnavailable"
    (row,) = history.for_run(orchestrator.engine, result.run_id)
    assert row.status == "failed"
    assert str(row.error_message) == failure.user_failure_data.description
    kept = orchestrator.instance.all_logs(
        result.run_id, of_type={dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.STEP_UP_FOR_RETRY}
    )
    errors = [getattr(event.get_dagster_event().event_specific_data, "error", None) for event in kept]
    assert [(error.message, list(error.stack), error.cause) for error in errors if error is not None] == [
        (row.error_message, [], None)
    ] * 3, "Dagster's UI shows each attempt in one line, and no traceback"
    assert orchestrator.planned(credential_id).consecutive_failures == 1, "a run fails once"


def test_the_ceiling_of_calls_holds_over_all_retries(orchestrator: Orchestrator) -> None:
    with orchestrated(
        orchestrator.settings, orchestrator.database, orchestrator.simulator, call_ceiling=6, requests_per_second=1000.0
    ) as limited:
        limited.switch_on(quick_club(limited), sync_players=False, sync_competitions=False)
        (wanted,) = limited.tick()
        limited.simulator.faults.arm("error_503", path="/groups", times=None)
        result = limited.run(wanted)
    assert limited.simulator.calls.total == 6
    (failure,) = (event.step_failure_data for event in result.all_events if event.is_step_failure)
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.metadata["error"].value == "CallBudgetSpent"


def test_a_spent_quota_is_not_retried(orchestrator: Orchestrator) -> None:
    credential_id = quick_club(orchestrator)
    orchestrator.switch_on(credential_id, sync_players=False, sync_competitions=False)
    (wanted,) = orchestrator.tick()
    fault = orchestrator.simulator.faults.arm("quota", path="/groups", times=None)
    result = orchestrator.run(wanted)
    assert (retried(result), fault.met) == ([], 1)
    assert orchestrator.planned(credential_id).paused_until is not None
    orchestrator.switch_on(credential_id, next_sync_at=None)
    assert orchestrator.tick() == []


def test_a_terminal_does_not_wait(orchestrator: Orchestrator) -> None:
    fault = orchestrator.simulator.faults.arm("error_503", path="/groups", times=None)
    result = run_job(
        orchestrator.settings.model_copy(update={"step_retry_seconds": 60.0}),
        orchestrator.database,
        job_name="sync_teams",
        credential_id=orchestrator.credential(),
        season=orchestrator.season,
    )
    assert (result.error, fault.met) == ("ServiceUnavailable", 2)


def test_a_run_that_waits_ends_when_it_is_interrupted(orchestrator: Orchestrator) -> None:
    with orchestrated(
        orchestrator.settings, orchestrator.database, orchestrator.simulator, step_retry_seconds=60.0
    ) as patient:
        credential_id = quick_club(patient)
        patient.switch_on(credential_id, sync_players=False, sync_competitions=False)
        (wanted,) = patient.tick()
        fault = patient.simulator.faults.arm("error_503", path="/groups", times=None)

        def end() -> None:
            while fault.met < 2:
                time.sleep(0.05)
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGTERM)

        before = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        ending = threading.Thread(target=end)
        ending.start()
        began = time.monotonic()
        try:
            result = patient.run(wanted)
        finally:
            ending.join()
            signal.signal(signal.SIGTERM, before)
        assert time.monotonic() - began < 20
        assert not result.success
        (row,) = history.for_run(patient.engine, result.run_id)
        assert row.status == "failed"
        assert "503" in str(row.error_message)
        assert patient.tick() == [], "its lease is given back, and it is planned anew"
        assert patient.planned(credential_id).consecutive_failures == 1
