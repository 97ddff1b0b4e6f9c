"""Runs on other machines: Redis and two workers, of which each part dies once; every sync ends, and says truly how."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.support.runs_elsewhere import CLUBS
from tests.support.workers_at_work import Fleet, fleet_at_work
from twizzit_pipeline.runs.lease import INTERRUPTIONS
from twizzit_pipeline.runs.troubles import STOPPED

pytestmark = pytest.mark.timeout(900)

KINDS = ("teams", "players", "competitions", "teams")


@pytest.fixture(scope="module")
def workers_at_work(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[Fleet]:
    with fleet_at_work(tmp_path_factory.mktemp("workers"), new_database) as fleet:
        yield fleet


@pytest.fixture
def fleet(workers_at_work: Fleet) -> Fleet:
    """Everything is in order, and both workers are there."""
    workers_at_work.simulator.faults.clear()
    workers_at_work.in_order()
    assert {name: worker.poll() for name, worker in workers_at_work.workers.items()} == dict.fromkeys(("near", "far"))
    return workers_at_work


def test_twenty_syncs_end_well_on_two_machines(fleet: Fleet) -> None:
    after = fleet.last()
    for kind in KINDS:
        for credential_id in range(1, CLUBS + 1):
            fleet.ask(kind, credential_id)
        fleet.in_order()
    ended = fleet.ended_after(after)
    # competitions have two rows, one of them for the matches
    assert len(ended) == CLUBS * (len(KINDS) + 1)
    assert {(status, run) for _, status, _, run in ended} <= {("success", "SUCCESS"), ("partial_success", "SUCCESS")}


def test_a_process_of_a_worker_that_is_killed_fails_its_sync_and_the_next_one_comes(fleet: Fleet) -> None:
    after = fleet.last()
    _, pid = fleet.slow_sync(1)
    os.kill(pid, signal.SIGKILL)
    fleet.in_order()
    [(credential_id, status, said, run)] = fleet.ended_after(after)
    assert (credential_id, status, run) == (1, "failed", "FAILURE")
    assert said in INTERRUPTIONS  # by whether it was the worker of this machine
    fleet.syncs_again(1)


def test_a_whole_worker_that_is_killed_leaves_its_work_to_the_other(fleet: Fleet) -> None:
    after = fleet.last()
    name, _ = fleet.slow_sync(2)
    fleet.kill_worker(name)
    fleet.simulator.faults.clear()
    fleet.ask("teams", 3)  # before it is noticed
    fleet.in_order()
    ended = dict.fromkeys(fleet.ended_after(after))
    assert any((2, "failed", said, "FAILURE") in ended for said in INTERRUPTIONS)
    assert {(status, run) for credential_id, status, _, run in ended if credential_id == 3} <= {
        ("success", "SUCCESS"),
        ("partial_success", "SUCCESS"),
    }
    fleet.syncs_again(2)
    fleet.start_worker(name)


def test_a_broker_that_is_killed_harms_no_run_and_is_found_again(fleet: Fleet) -> None:
    after = fleet.last()
    fleet.slow_sync(4, seconds=8)
    fleet.broker.kill()
    fleet.broker.wait(10)
    fleet.up_to(lambda: fleet.ended_after(after)[0][1] != "in_progress", "the sync's end", 60)
    [(_, status, _, _)] = fleet.ended_after(after)
    assert status in ("success", "partial_success")
    after, asked = fleet.last(), fleet.ask("teams", 1)
    wanted = "SELECT status, error FROM twizzit_sync_requests WHERE id = :id"
    fleet.up_to(lambda: fleet.rows(wanted, id=asked)[0].error, "the launch that fails", 90)
    [waits] = fleet.rows(wanted, id=asked)
    assert waits.status == "queued"
    assert "The broker of TWIZZIT_BROKER_URL cannot be reached" in waits.error
    fleet.start_broker()
    fleet.in_order()
    [over] = fleet.rows(wanted, id=asked)
    assert (over.status in ("success", "partial_success"), over.error) == (True, None)
    assert [(each[0], each[1]) for each in fleet.ended_after(after)] == [(1, over.status)], "no failure in the history"
    fleet.syncs_again(4)


def test_a_run_that_is_terminated_in_the_ui_ends_and_so_does_its_history(fleet: Fleet) -> None:
    after = fleet.last()
    fleet.slow_sync(5)
    fleet.terminate(fleet.run_of(5))
    fleet.in_order()
    [(_, status, said, run)] = fleet.ended_after(after)
    assert (status, said) == ("failed", STOPPED)
    assert run in ("FAILURE", "CANCELED")  # dagster-celery's says the former
    fleet.syncs_again(5)


def test_a_sync_that_waits_behind_another_can_be_cancelled(fleet: Fleet) -> None:
    after = fleet.last()
    fleet.slow_sync(1, seconds=15)
    waiting = fleet.ask("players", 1)
    fleet.cancel(waiting)
    fleet.in_order()
    assert [entry[0] for entry in fleet.ended_after(after)] == [1], "the one under way alone"
