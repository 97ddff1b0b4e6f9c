"""The values for Dagster's own Helm chart: they say what this package's own dagster.yaml says."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type

from twizzit_pipeline.orchestration.instance.configuration import configuration_text
from twizzit_pipeline.settings import load_settings

VALUES: dict[str, Any] = yaml.safe_load((Path(__file__).parents[3] / "deploy" / "helm" / "values.yaml").read_text())
IMAGE = "registry.example.org/twizzit:0.2.0"


@pytest.fixture
def ours() -> dict[str, Any]:
    """The dagster.yaml of the same settings."""
    settings = load_settings(
        _env_file=None,
        database_url="postgresql://u@db/x",
        run_launcher="kubernetes",
        run_image=IMAGE,
        run_namespace="twizzit",
        concurrent_runs=16,
    )
    return dict(yaml.safe_load(configuration_text(settings)))


def test_runs_are_the_same_jobs(ours: dict[str, Any]) -> None:
    launcher = VALUES["runLauncher"]["config"]["customRunLauncher"]
    password = {"postgres_password_secret": VALUES["global"]["postgresqlSecretName"]}
    assert launcher == ours["run_launcher"] | {"config": ours["run_launcher"]["config"] | password}


def test_dagster_takes_the_launcher_of_the_chart() -> None:
    job_launcher = pytest.importorskip("twizzit_pipeline.orchestration.instance.job_launcher")
    found = VALUES["runLauncher"]["config"]["customRunLauncher"]["config"]
    checked = process_config(resolve_to_config_type(job_launcher.JobLauncher.config_type()), found)
    assert checked.success, checked.errors


def test_the_queue_and_the_monitoring_are_the_same(ours: dict[str, Any]) -> None:
    daemon = VALUES["dagsterDaemon"]
    queue = daemon["runCoordinator"]["config"]["queuedRunCoordinator"]
    runs = ours["concurrency"]["runs"]
    assert queue["maxConcurrentRuns"] == runs["max_concurrent_runs"]
    assert queue["tagConcurrencyLimits"] == runs["tag_concurrency_limits"]
    own = ours["run_coordinator"]["config"]
    assert queue["dequeueIntervalSeconds"] == own["dequeue_interval_seconds"]
    assert (queue["dequeueUseThreads"], queue["dequeueNumWorkers"]) == (True, own["dequeue_num_workers"])
    for name in ("sensors", "schedules"):
        assert daemon[name] == {"useThreads": True, "numWorkers": 4, "numSubmitWorkers": 8}
        assert ours[name] == {"use_threads": True, "num_workers": 4, "num_submit_workers": 8}
    monitoring = daemon["runMonitoring"]
    assert monitoring["pollIntervalSeconds"] == ours["run_monitoring"]["poll_interval_seconds"]
    assert monitoring["startTimeoutSeconds"] == ours["run_monitoring"]["start_timeout_seconds"]


def test_every_part_has_our_image_and_our_settings() -> None:
    [code] = VALUES["dagster-user-deployments"]["deployments"]
    for part in (code, VALUES["dagsterDaemon"], VALUES["dagsterWebserver"]):
        assert f"{part['image']['repository']}:{part['image']['tag']}" == IMAGE
        assert part["envConfigMaps"] == part["envSecrets"] == [{"name": "twizzit"}]
