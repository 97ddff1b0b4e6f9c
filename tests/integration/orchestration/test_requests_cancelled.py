"""Requests that are cancelled, before their run, in the queue and while it begins."""

from typing import Any

import dagster as dg
import pytest
from sqlalchemy import text

from tests.support.orchestrator import COACH, Orchestrator, run_key
from tests.support.sync_world import SyncWorld
from twizzit_pipeline.errors import RequestCancelled
from twizzit_pipeline.runs import history
from twizzit_pipeline.scheduling.cancelling import cancel
from twizzit_pipeline.sync.entities.teams import scan_teams

pytestmark = pytest.mark.dagster_tables

SMALL = {"clubs": 3, "teams": 2, "players_per_team": 3, "other_contacts": 2}


def test_a_run_cancelled_in_the_queue_fails_its_request(orchestrator: Orchestrator) -> None:
    request = orchestrator.ask(orchestrator.credential())
    (wanted,) = orchestrator.tick()
    orchestrator.waiting_run(wanted, dg.DagsterRunStatus.CANCELED)
    assert orchestrator.tick() == []
    over = orchestrator.get(request)
    assert (over.status, over.error) == ("failed", "The run ended before the sync began")


def test_a_request_cancelled_before_its_turn_makes_no_run(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    first = orchestrator.ask(credential_id, "teams")
    second = orchestrator.ask(credential_id, "competitions")
    cancel(orchestrator.engine, first.id, actor=COACH)
    assert [run.run_key for run in orchestrator.tick()] == [run_key(second)]


def test_a_run_whose_request_is_cancelled_while_it_is_emitted_does_nothing(orchestrator: Orchestrator) -> None:
    """The tick has taken the request, and Dagster makes the run: the person was first all the same."""
    credential_id = orchestrator.credential()
    request = orchestrator.ask(credential_id, "teams")
    (wanted,) = orchestrator.tick()
    over = cancel(orchestrator.engine, request.id, actor=COACH)
    calls = orchestrator.simulator.calls.total
    result = orchestrator.run(wanted)
    assert not result.success
    assert "was cancelled before the sync began" in str(result.all_events)
    assert orchestrator.simulator.calls.total == calls
    assert history.for_run(orchestrator.engine, result.run_id) == []
    assert orchestrator.get(request) == over
    run = orchestrator.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags["twizzit/outcome"] == "cancelled"
    assert orchestrator.tick() == []
    again = orchestrator.ask(credential_id)
    assert [run.run_key for run in orchestrator.tick()] == [run_key(again)]


def test_a_run_that_looked_before_its_request_was_cancelled_does_nothing_either(orchestrator: Orchestrator) -> None:
    """Between its look and its start, while it takes the lease: the same row decides."""
    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id, next_sync_at=text("now() + interval '1 hour'"))
    request, before = orchestrator.ask(credential_id), orchestrator.planned(credential_id)
    world = SyncWorld(orchestrator.settings, orchestrator.database, orchestrator.simulator)
    with (
        pytest.raises(RequestCancelled),
        world.session(credential_id, orchestrator.season, run_id="run-1", request_id=request.id) as session,
    ):
        over = cancel(orchestrator.engine, request.id, actor=COACH)
        scan_teams(session)
    assert orchestrator.get(request) == over
    assert history.for_run(orchestrator.engine, "run-1") == []
    assert orchestrator.simulator.calls.total == 0
    assert orchestrator.planned(credential_id) == before, "no failure, and nothing is due otherwise"
    with orchestrator.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM twizzit_leases")) == 0


def test_ctrl_c_of_a_sync_by_hand_gives_back_the_request_that_it_carried_out(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    request = orchestrator.ask(credential_id)
    world = SyncWorld(orchestrator.settings, orchestrator.database, orchestrator.simulator)

    def interrupted(trigger: str) -> None:
        kept: dict[str, Any] = {"run_id": f"by-{trigger}", "request_id": request.id, "trigger": trigger}
        with (
            pytest.raises(KeyboardInterrupt),
            world.session(credential_id, orchestrator.season, **kept) as session,
            session.recording("teams"),
        ):
            assert orchestrator.get(request).status == "started"
            raise KeyboardInterrupt

    interrupted("cli")
    back = orchestrator.get(request)
    assert (back.status, back.attempt, back.claimed_at) == ("queued", 2, None)
    assert [run.run_key for run in orchestrator.tick()] == [run_key(request, attempt=2)]
    interrupted("request")
    assert orchestrator.get(request).status == "failed", "its own run was ended, and is not made again"


def test_a_run_in_the_queue_whose_request_is_cancelled_is_taken_out(orchestrator: Orchestrator) -> None:
    one, other = orchestrator.credential(0), orchestrator.credential(1)
    request, elsewhere = orchestrator.ask(one), orchestrator.ask(other)
    runs = [orchestrator.waiting_run(run, dg.DagsterRunStatus.QUEUED) for run in orchestrator.tick()]
    cancel(orchestrator.engine, request.id, actor=COACH)
    assert orchestrator.tick() == []
    found = [orchestrator.instance.get_run_by_id(run_id) for run_id in runs]
    assert [run.status for run in found if run] == [dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.QUEUED]
    assert [run.tags.get("twizzit/outcome") for run in found if run] == ["cancelled", None]
    assert orchestrator.get(request).status == "cancelled"
    assert orchestrator.get(elsewhere).status == "queued"
    again = orchestrator.ask(one)
    assert [run.run_key for run in orchestrator.tick()] == [run_key(again)]
