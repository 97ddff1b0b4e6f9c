"""The launcher of containers against podman's real API: what it takes, how a container ends, what is left of it."""

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin

from tests.support.podman_service import IMAGE, Podman, podman_at_work
from twizzit_pipeline.errors import ContainerRefused
from twizzit_pipeline.orchestration.dagster_private import LaunchRunContext, WorkerStatus
from twizzit_pipeline.orchestration.instance.launchers import launcher_of
from twizzit_pipeline.settings import load_settings

pytestmark = pytest.mark.skipif(find_spec("dagster_docker") is None, reason="the extra docker is not installed")
NETWORK = {"network_mode": "none"}
POINTER = ModuleCodePointer("twizzit_pipeline.definitions", "defs")
ORIGIN = JobPythonOrigin(
    "sync_all", RepositoryPythonOrigin("/srv/python", POINTER, entry_point=["/srv/python", "-m", "dagster"])
)


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    with podman_at_work() as found:
        yield found


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp() as found:
        yield found


@pytest.fixture
def launcher(podman: Podman, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As the daemon has it, in no network."""
    monkeypatch.setenv("DOCKER_HOST", podman.address)
    monkeypatch.setenv("TWIZZIT_RUN_SECONDS", "77")
    return launcher_with(IMAGE, instance)


def launcher_with(image: str, instance: dg.DagsterInstance) -> Any:
    from twizzit_pipeline.orchestration.instance.container_launcher import ContainerLauncher

    settings = load_settings(_env_file=None, database_url="postgresql://u@db/x", run_launcher="docker", run_image=image)
    configured = launcher_of(settings)
    assert configured is not None
    kwargs = configured["config"]["container_kwargs"] | NETWORK
    found = ContainerLauncher(**configured["config"] | {"container_kwargs": kwargs})
    found.register_instance(instance)
    return found


@pytest.fixture
def begun(launcher: Any, instance: dg.DagsterInstance, podman: Podman) -> Callable[[], dg.DagsterRun]:
    """Starts a run, and waits until its container says so."""

    def start() -> dg.DagsterRun:
        made = instance.add_run(dg.DagsterRun("sync_all", job_code_origin=ORIGIN, status=dg.DagsterRunStatus.STARTED))
        launcher.launch_run(LaunchRunContext(dagster_run=made, workspace=None))
        until = time.monotonic() + 60
        while "began" not in podman("logs", name_of(made)).stdout:
            assert time.monotonic() < until, podman("ps", "--all").stdout
            time.sleep(0.1)
        found = instance.get_run_by_id(made.run_id)
        assert found is not None
        return found

    return start


def name_of(run: dg.DagsterRun) -> str:
    return f"dagster-run-{run.run_id}"


def inspected(podman: Podman, run: dg.DagsterRun, what: str) -> str:
    return podman("inspect", name_of(run), "--format", what).stdout.strip()


def _said_by_the_kernel(podman: Podman, run: dg.DagsterRun) -> list[str]:
    """What the run's process may do."""
    status = podman(
        "exec", name_of(run), "sh", "-c", "while read -r name value; do echo $name $value; done </proc/1/status"
    )
    return status.stdout.splitlines()


def test_a_killed_container_fails_its_run_and_goes_with_the_next_launch_which_ends_when_it_is_asked(
    podman: Podman, launcher: Any, begun: Callable[[], dg.DagsterRun], instance: dg.DagsterInstance
) -> None:
    killed = begun()
    podman("kill", "--signal=KILL", name_of(killed))
    assert podman("wait", name_of(killed)).stdout == "137\n"
    assert launcher.check_run_worker_health(killed).status is WorkerStatus.FAILED
    instance.report_run_failed(killed)

    run = begun()
    assert podman("ps", "--all", "--format", "{{.Names}}").stdout.split() == [name_of(run)]
    assert podman("logs", name_of(run)).stdout == "began: api execute_run\n"
    assert launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
    assert_without_rights(podman, run)

    assert launcher.terminate(run.run_id)
    assert inspected(podman, run, "{{.State.Status}} {{.State.ExitCode}}") == "exited 0", "it was not killed"
    assert podman("logs", name_of(run)).stdout.endswith("asked to end\n")
    said = launcher.get_run_worker_debug_info(run)
    assert said.startswith(f"The container {name_of(run)} is exited, with exit code 0. It printed last:\nbegan")


def assert_without_rights(podman: Podman, run: dg.DagsterRun) -> None:
    may = "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.Memory}}"
    assert inspected(podman, run, may) == f"10001 true {2 * 2**30}"
    assert set(_said_by_the_kernel(podman, run)) >= {"CapEff: 0000000000000000", "NoNewPrivs: 1", "Seccomp: 2"}
    assert "TWIZZIT_RUN_SECONDS=77" in inspected(podman, run, "{{.Config.Env}}")


@pytest.mark.usefixtures("launcher")
def test_a_missing_image_is_one_line_and_leaves_nothing(podman: Podman, instance: dg.DagsterInstance) -> None:
    elsewhere = launcher_with("localhost:9/nothing:1", instance)
    run = instance.add_run(dg.DagsterRun("sync_all", job_code_origin=ORIGIN))
    with pytest.raises(ContainerRefused, match=r"^There is no image localhost:9/nothing:1 where the containers are"):
        elsewhere.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
    assert name_of(run) not in podman("ps", "--all", "--format", "{{.Names}}").stdout
