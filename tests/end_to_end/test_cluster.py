"""Runs as Jobs of Kubernetes, on a stand-in of its API: each part fails once, and every sync ends truly."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.support.cluster_at_work import NAMESPACE, RunsInCluster, cluster_at_work
from twizzit_pipeline.orchestration.sensors.unstarted import NEVER_BEGAN
from twizzit_pipeline.runs.lease import INTERRUPTED
from twizzit_pipeline.runs.troubles import STOPPED

pytestmark = pytest.mark.timeout(900)

AWAY_SECONDS = 5  # two looks of Dagster's monitoring, and more


@pytest.fixture(scope="module")
def cluster_at(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[RunsInCluster]:
    with cluster_at_work(tmp_path_factory.mktemp("cluster"), new_database) as machines:
        yield machines


@pytest.fixture
def machines(cluster_at: RunsInCluster) -> Iterator[RunsInCluster]:
    """No fault is armed, before and afterwards."""
    yield cluster_at
    cluster_at.simulator.faults.clear()
    cluster_at.cluster.faults.clear()


def test_pods_that_die_fail_their_sync_alone_and_an_api_that_is_away_fails_none(machines: RunsInCluster) -> None:
    after = machines.last()
    killed, terminated, deleted, _ = machines.silent_syncs(1, 2, 3, 4)
    runs = {each: machines.run_of(each) for each in (1, 2, 3, 4)}
    waiting = machines.ask("players", 4)

    with machines.api.away():
        machines.cancel(waiting)
        time.sleep(AWAY_SECONDS)
    assert [status for _, status, _, _ in machines.ended_after(after)] == ["in_progress"] * 4
    assert {run for _, _, _, run in machines.ended_after(after)} == {"STARTED"}, "nothing was said of them meanwhile"

    killed.kill("OOMKilled")
    machines.terminate(runs[2])
    machines.cluster.delete_job(deleted.job)
    assert machines.end_of(1, after) == ("failed", INTERRUPTED, "FAILURE")
    assert "OOMKilled" in machines.events(runs[1])
    assert machines.end_of(2, after) == ("failed", STOPPED, "CANCELED")
    assert machines.end_of(3, after) == ("failed", STOPPED, "FAILURE")
    ended = (killed, terminated, deleted)
    machines.up_to(lambda: all(pod.phase != "Running" for pod in ended), "the end of the pods", 150)

    machines.simulator.faults.clear()
    end = machines.end_of(4, after)
    assert _well(end), end


def test_a_pod_that_never_starts_fails_its_sync_and_does_nothing_when_it_starts_later(
    machines: RunsInCluster,
) -> None:
    stuck = machines.stuck_sync(5)
    run_id = stuck.job.removeprefix("dagster-run-")
    machines.as_if_started(run_id, 10)
    status, said, run = machines.end_of(5, 0)
    assert (status, run) == ("failed", "FAILURE")
    assert said.startswith(NEVER_BEGAN)
    assert "ImagePullBackOff" in machines.events(run_id)

    after = machines.last()
    stuck.start()
    machines.up_to(lambda: stuck.phase != "Running", "the end of the pod", 150)
    assert not [each for each in machines.ended_after(after) if each[0] == 5]


def test_an_api_that_fails_for_a_moment_delays_a_sync_and_one_that_refuses_fails_it(machines: RunsInCluster) -> None:
    """These are the next syncs of those that failed before, too."""
    after = machines.last()
    for fault in (500, 429, "lost", 403):
        machines.fault(fault)
    for credential_id in (1, 2, 3, 5):
        machines.ask("teams", credential_id)
    ends = [machines.end_of(each, after) for each in (1, 2, 3, 5)]
    refused = [end for end in ends if not _well(end)]
    assert [(status, run) for status, _, run in refused] == [("failed", "FAILURE")], ends
    assert f"Kubernetes refused the Job of this run in the namespace {NAMESPACE} (403 Forbidden)" in refused[0][1]


def _well(end: tuple[str, str, str]) -> bool:
    status, _, run = end
    return status in ("success", "partial_success") and run == "SUCCESS"
