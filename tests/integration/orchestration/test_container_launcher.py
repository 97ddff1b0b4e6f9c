"""The launcher of containers against the API of Docker: away for a moment, refusing, and what it says of a run."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin

from tests.support.container_api import IMAGE, Engine, engine_at_work
from twizzit_pipeline.errors import ContainerRefused, ContainersUnavailable
from twizzit_pipeline.orchestration.dagster_private import LaunchRunContext, WorkerStatus
from twizzit_pipeline.orchestration.instance.launchers import launcher_of
from twizzit_pipeline.settings import Settings, load_settings

pytestmark = pytest.mark.skipif(find_spec("dagster_docker") is None, reason="the extra docker is not installed")
LAUNCHER = "twizzit_pipeline.orchestration.instance.container_launcher"
HERE = "/srv/checkout/.venv/bin/python"
DATABASE = "postgresql://u:hush@db.example/x"


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """With files, as a launcher asks for its reference; each test has a run of its own in it."""
    with dg.DagsterInstance.local_temp() as found:
        yield found


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The API that the environment names; tries come at once."""
    monkeypatch.setattr(f"{LAUNCHER}._PAUSE_SECONDS", 0.0)
    with engine_at_work() as (found, address):
        monkeypatch.setenv("DOCKER_HOST", address)
        yield found


def launcher_with(instance: dg.DagsterInstance) -> Any:
    from twizzit_pipeline.orchestration.instance.container_launcher import ContainerLauncher

    settings = load_settings(_env_file=None, database_url=DATABASE, run_launcher="docker", run_image=IMAGE)
    configured = launcher_of(settings)
    assert configured is not None
    found = ContainerLauncher(**configured["config"])
    found.register_instance(instance)
    return found


@pytest.fixture
def launcher(engine: Engine, instance: dg.DagsterInstance) -> Any:
    """As the daemon has it."""
    return launcher_with(instance)


@pytest.fixture
def run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    pointer = ModuleCodePointer("twizzit_pipeline.definitions", "defs")
    repository = RepositoryPythonOrigin(HERE, pointer, entry_point=[HERE, "-m", "dagster"])
    origin = JobPythonOrigin("sync_all", repository)
    return instance.add_run(dg.DagsterRun("sync_all", job_code_origin=origin, status=dg.DagsterRunStatus.STARTED))


def launch(launcher: Any, run: dg.DagsterRun) -> None:
    launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))


def again(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    """The run with the tags that it has by now."""
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found


def test_a_container_has_every_setting_of_a_run_and_no_other_secret(
    engine: Engine, launcher: Any, run: dg.DagsterRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "TWIZZIT_DATABASE_URL": DATABASE,
        "DAGSTER_POSTGRES_URL": "postgresql+psycopg2://u:hush@db.example/x?options=-csearch_path%3Ddagster",
        "TWIZZIT_ENCRYPTION_KEY": "0" * 64,
        "TWIZZIT_ENCRYPTION_KEY_PREVIOUS": "1" * 64,
        "TWIZZIT_REQUEST_TIMEOUT": "7",
        "TWIZZIT_DEPARTURE_SHARE": "0.5",
    }
    for name, value in {**given, "JWT_SECRET": "s" * 32, "TWIZZIT_SMTP_PASSWORD": "p", "TWIZZIT_HOME": "/srv"}.items():
        monkeypatch.setenv(name, value)
    launch(launcher, run)
    [made] = engine.containers.values()
    assert made["State"]["Status"] == "running"
    variables = dict(each.split("=", 1) for each in made["Config"]["Env"])
    assert {name: variables[name] for name in given} == given
    assert set(variables) - set(given) == {"DAGSTER_RUN_JOB_NAME"}
    assert "hush" not in " ".join(made["Config"]["Cmd"])


def test_a_run_starts_with_the_python_of_its_image(engine: Engine, launcher: Any, run: dg.DagsterRun) -> None:
    launch(launcher, run)
    [made] = engine.containers.values()
    assert made["Config"]["Cmd"][:5] == ["python", "-m", "dagster", "api", "execute_run"]
    assert run.run_id in made["Config"]["Cmd"][5]


def test_a_container_may_do_nothing_but_its_run(engine: Engine, launcher: Any, run: dg.DagsterRun) -> None:
    launch(launcher, run)
    [made] = engine.containers.values()
    may = made["Config"]["HostConfig"]
    assert (may["ReadonlyRootfs"], may["CapDrop"], may["SecurityOpt"]) == (True, ["ALL"], ["no-new-privileges"])
    assert may["Memory"] == 2 * 2**30
    assert set(may["Tmpfs"]) == {"/tmp"}


def test_every_secret_is_one_that_a_run_needs_or_is_kept_from_it() -> None:
    from twizzit_pipeline.orchestration.instance.container_launcher import NOT_FOR_RUNS

    secrets = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    needed = {"database_url", "dagster_postgres_url", "encryption_key", "encryption_key_previous"}
    assert secrets - NOT_FOR_RUNS == needed
    assert set(Settings.model_fields) >= NOT_FOR_RUNS


@pytest.mark.parametrize(
    "faults",
    [
        [("create", "lost")],
        [("create", "late")],
        [("create", "cut"), ("create", "cut")],
        [("start", "lost")],
        [("start", "cut")],
        [("look", "cut"), ("create", "lost"), ("start", "lost")],
    ],
)
def test_an_api_whose_answer_is_lost_makes_one_container(
    engine: Engine, launcher: Any, instance: dg.DagsterInstance, run: dg.DagsterRun, faults: list[tuple[str, str]]
) -> None:
    engine.faults.extend(faults)
    launch(launcher, run)
    assert engine.states() == ["running"]
    assert launcher.check_run_worker_health(again(instance, run)).status is WorkerStatus.RUNNING


def test_an_api_that_is_away_is_one_line_and_says_nothing_of_a_run(
    engine: Engine, launcher: Any, instance: dg.DagsterInstance, run: dg.DagsterRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch(launcher, run)
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    assert launcher.check_run_worker_health(again(instance, run)).status is WorkerStatus.RUNNING
    for asked in (lambda: launch(launcher, run), lambda: launcher.terminate(run.run_id)):
        with pytest.raises(ContainersUnavailable, match=r"could not be reached \(DOCKER_HOST.*to its socket\?$"):
            asked()
    assert again(instance, run).status is dg.DagsterRunStatus.STARTED, "nothing was said of it"


def test_an_image_that_is_missing_is_one_line(engine: Engine, launcher: Any, run: dg.DagsterRun) -> None:
    from twizzit_pipeline.orchestration.instance.container_launcher import has_image

    engine.images.clear()
    with pytest.raises(ContainerRefused, match=rf"^There is no image {IMAGE} where the containers are") as caught:
        launch(launcher, run)
    assert "password" not in str(caught.value), "an answer may hold anything"
    assert not has_image(IMAGE)


def test_a_container_that_cannot_be_started_is_not_left_behind(
    engine: Engine, launcher: Any, run: dg.DagsterRun
) -> None:
    engine.faults.append(("start", 500))
    with pytest.raises(ContainerRefused, match=r"could not be started \(500\): its reason stands in the events"):
        launch(launcher, run)
    assert engine.states() == []


def test_a_container_that_died_fails_its_run_and_says_how(
    engine: Engine, launcher: Any, instance: dg.DagsterInstance, run: dg.DagsterRun
) -> None:
    launch(launcher, run)
    [made] = engine.containers.values()
    made["State"] = {"Status": "exited", "ExitCode": 137, "OOMKilled": True}
    assert launcher.check_run_worker_health(again(instance, run)).status is WorkerStatus.FAILED
    said = launcher.get_run_worker_debug_info(run)
    assert said.splitlines() == [
        f"The container dagster-run-{run.run_id} is exited, with exit code 137, as it needed more memory than it may "
        "have. It printed last:",
        "psycopg.OperationalError: no way to db.example",
    ]
    assert "printed" not in launcher.get_run_worker_debug_info(run, include_container_logs=False)


def test_a_launch_removes_containers_of_runs_that_are_over_and_no_other(
    engine: Engine, launcher: Any, instance: dg.DagsterInstance, run: dg.DagsterRun
) -> None:
    over = instance.add_run(dg.DagsterRun("sync_all", status=dg.DagsterRunStatus.SUCCESS))
    under_way = instance.add_run(dg.DagsterRun("sync_all", status=dg.DagsterRunStatus.STARTED))
    engine.made(over.run_id, "exited", ExitCode=0)
    engine.made(instance.add_run(dg.DagsterRun("sync_all", status=dg.DagsterRunStatus.FAILURE)).run_id, "created")
    kept = [engine.made(under_way.run_id, "exited", ExitCode=1), engine.made("of-another-database", "exited")]
    launch(launcher, run)
    left = list(engine.containers.values())
    assert [each for each in left if each["State"]["Status"] == "exited"] == kept
    assert len(left) == 3


@pytest.mark.parametrize("status", [409, 500])
def test_a_launch_removes_containers_whose_removal_was_interrupted(
    engine: Engine, launcher: Any, instance: dg.DagsterInstance, run: dg.DagsterRun, status: int
) -> None:
    """Docker calls one dead whose removal its own end interrupted, podman removing; one that stays keeps no other."""
    for state in ("dead", "dead", "removing", "running"):
        over = instance.add_run(dg.DagsterRun("sync_all", status=dg.DagsterRunStatus.SUCCESS))
        engine.made(over.run_id, state)
    next(iter(engine.containers.values()))["Unremovable"] = status
    launch(launcher, run)
    assert sorted(engine.states()) == ["dead", "running", "running"]


def test_a_run_that_is_ended_has_its_container_asked_to_end(
    engine: Engine, launcher: Any, instance: dg.DagsterInstance, run: dg.DagsterRun
) -> None:
    launch(launcher, run)
    assert launcher.terminate(run.run_id)
    assert engine.asked[-1].endswith("/stop?t=30"), "time to close its history"
    assert engine.states() == ["exited"]
    assert again(instance, run).status is dg.DagsterRunStatus.CANCELING
