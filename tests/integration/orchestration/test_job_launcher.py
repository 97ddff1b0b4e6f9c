"""The launcher of Jobs against the API of a cluster: busy, away, silent, refusing, and what it says of a run."""

import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin

from tests.support.cluster_api import Cluster, ClusterApi, Fault
from tests.support.cluster_at_work import LAUNCHER, as_applied, kubeconfig
from twizzit_pipeline.errors import ClusterRefused, ClusterUnavailable
from twizzit_pipeline.orchestration.dagster_private import LaunchRunContext, WorkerStatus
from twizzit_pipeline.orchestration.instance.launchers import launcher_of
from twizzit_pipeline.settings import load_settings

pytestmark = pytest.mark.skipif(find_spec("dagster_k8s") is None, reason="the extra kubernetes is not installed")
NAMESPACE = "clubs"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ClusterApi]:
    """A cluster that is full: pods wait for room, and nothing is started."""
    cluster = Cluster(NAMESPACE, tmp_path / "pods", *as_applied({"TWIZZIT_DATABASE_URL": "postgresql://u@db/x"}))
    cluster.holding = "ContainerCreating"
    found = ClusterApi(cluster)
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """With files, as a launcher asks for its reference; each test has a run of its own in it."""
    with dg.DagsterInstance.local_temp() as found:
        yield found


@pytest.fixture
def launcher(api: ClusterApi, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As the daemon has it, but for the way to the API; it waits less."""
    monkeypatch.setattr("dagster_k8s.client.time.sleep", lambda _: None)
    return made(api, instance, tmp_path)


def made(api: ClusterApi, instance: dg.DagsterInstance, folder: Path, namespace: str = NAMESPACE) -> Any:
    from twizzit_pipeline.orchestration.instance.job_launcher import JobLauncher

    settings = load_settings(
        _env_file=None,
        database_url="postgresql://u@db/x",
        run_launcher="kubernetes",
        run_image="registry.example.org/twizzit:1",
        run_namespace=namespace,
    )
    configured = launcher_of(settings)
    assert configured is not None
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(kubeconfig(api.port)))
    way = {"load_incluster_config": False, "kubeconfig_file": str(file)}
    found = JobLauncher(**configured["config"] | way)
    found.register_instance(instance)
    return found


@pytest.fixture
def run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    pointer = ModuleCodePointer("twizzit_pipeline.definitions", "defs")
    repository = RepositoryPythonOrigin("python", pointer, entry_point=["python", "-m", "dagster"])
    origin = JobPythonOrigin("sync_all", repository)
    started = dg.DagsterRunStatus.STARTED
    return instance.add_run(dg.DagsterRun("sync_all", job_code_origin=origin, status=started))


def launch(launcher: Any, run: dg.DagsterRun) -> None:
    launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))


@pytest.mark.parametrize("faults", [[429, 503, "lost"], ["lost"], [429, 429]])
def test_a_busy_api_and_one_whose_answer_is_lost_get_a_job(
    api: ClusterApi, launcher: Any, run: dg.DagsterRun, faults: list[int | str]
) -> None:
    api.cluster.faults.extend([Fault(each, "POST") for each in faults])
    launch(launcher, run)
    [job] = api.cluster.jobs.values()
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/component"] == "run_worker", "deploy/kubernetes/egress.yaml selects by it"
    pod = job["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "twizzit-runs"
    assert pod["automountServiceAccountToken"] is False
    [container] = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]
    assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            403,
            r"refused the Job of this run in the namespace clubs \(403 Forbidden\): may the daemon's",
        ),
        (422, r"\(422 Unprocessable (Entity|Content)\): its reason stands in the events of the run"),
    ],
)
def test_an_api_that_refuses_is_one_line_that_says_what_to_do(
    api: ClusterApi, launcher: Any, run: dg.DagsterRun, fault: int, said: str
) -> None:
    api.cluster.faults.append(Fault(fault, "POST"))
    with pytest.raises(ClusterRefused, match=said) as caught:
        launch(launcher, run)
    assert "a fault of the test" not in str(caught.value), "an answer may hold anything"
    assert api.cluster.jobs == {}


def test_another_namespace_is_none_of_the_launchers(
    api: ClusterApi, instance: dg.DagsterInstance, run: dg.DagsterRun, tmp_path: Path
) -> None:
    with pytest.raises(ClusterRefused, match=r"in the namespace other \(404 Not Found\).*TWIZZIT_RUN_NAMESPACE"):
        launch(made(api, instance, tmp_path, "other"), run)


@pytest.mark.parametrize("fault", [409, 500, 503])
def test_an_api_that_fails_four_times_is_unavailable(
    api: ClusterApi, launcher: Any, run: dg.DagsterRun, fault: int
) -> None:
    api.cluster.faults.extend([Fault(fault, "POST")] * 4)
    with pytest.raises(ClusterUnavailable, match=rf"was not able to make the Job .* \({fault} "):
        launch(launcher, run)


def test_an_api_that_is_away_says_nothing_of_a_run(api: ClusterApi, launcher: Any, run: dg.DagsterRun) -> None:
    launch(launcher, run)
    with api.away():
        assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
        with pytest.raises(ClusterUnavailable, match="could not be reached"):
            launch(launcher, run)
    api.cluster.faults.extend([Fault(500, "GET")] * 4)
    assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING


def test_an_api_that_is_silent_is_not_waited_for(
    api: ClusterApi, launcher: Any, run: dg.DagsterRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch(launcher, run)
    monkeypatch.setattr("twizzit_pipeline.orchestration.instance.job_launcher._SILENT_SECONDS", 0.2)
    api.cluster.faults.extend([Fault("silent", "GET", seconds=20)] * 8)
    began = time.monotonic()
    assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
    assert time.monotonic() - began < 15


def test_a_job_that_is_gone_or_has_failed_says_so(api: ClusterApi, launcher: Any, run: dg.DagsterRun) -> None:
    launch(launcher, run)
    [pod] = api.cluster.pods.values()
    pod.reason = "Evicted"
    assert launcher.check_run_worker_health(run).status is WorkerStatus.FAILED
    api.cluster.delete_job(pod.job)
    assert launcher.check_run_worker_health(run).status is WorkerStatus.UNKNOWN


def test_ending_a_run_deletes_its_job_and_its_pod(
    api: ClusterApi, instance: dg.DagsterInstance, launcher: Any, run: dg.DagsterRun
) -> None:
    launch(launcher, run)
    assert launcher.terminate(run.run_id)
    [name] = api.cluster.pods
    deleted = [path for method, path in api.cluster.asked if method == "DELETE"]
    assert [path.rpartition("/")[2] for path in deleted] == [name.removesuffix("-x"), name]
    assert LAUNCHER in api.cluster.rights
