"""The values for Dagster's own Helm chart: they say what this package's own dagster.yaml says."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type

from twizzit_pipeline.orchestration.instance.configuration import configuration_text
from twizzit_pipeline.settings import load_settings

VALUES: dict[str, Any] = yaml.safe_load((Path(__file__).parents[3] / "deploy" / "helm" / "values.yaml").read_text())
IMAGE = f"registry.example.org/twizzit:{version('twizzit-pipeline')}"


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


def test_the_instance_is_the_same(ours: dict[str, Any]) -> None:
    """What the chart writes by itself is apart from what it takes as it is, as no key may stand there twice."""
    daemon = VALUES["dagsterDaemon"]
    of_the_chart = {"storage", "run_launcher", "compute_logs", "sensors", "schedules", "python_logs", "telemetry"}
    assert VALUES["additionalInstanceConfig"] == {key: ours[key] for key in ours if key not in of_the_chart}
    for name in ("runCoordinator", "runMonitoring", "runRetries"):
        assert daemon[name] == {"enabled": False}
    for name in ("sensors", "schedules"):
        assert daemon[name] == {"useThreads": True, "numWorkers": 4, "numSubmitWorkers": 8}
        assert ours[name] == {"use_threads": True, "num_workers": 4, "num_submit_workers": 8}
    assert VALUES["pythonLogs"]["managedPythonLoggers"] == ours["python_logs"]["managed_python_loggers"]
    assert VALUES["computeLogManager"]["type"] == ours["compute_logs"]["class"]
    assert VALUES["telemetry"] == ours["telemetry"]


def test_a_job_keeps_its_own_account_and_the_chart_makes_none() -> None:
    """The code server's configuration goes into each of its runs otherwise, its account with it."""
    [code] = VALUES["dagster-user-deployments"]["deployments"]
    assert code["includeConfigInLaunchedRuns"] == {"enabled": False}
    assert VALUES["serviceAccount"] == {"create": False}
    assert VALUES["rbacEnabled"] is False


def test_every_part_may_do_as_little_as_the_pods_of_our_manifests() -> None:
    path = Path(__file__).parents[3] / "deploy" / "kubernetes" / "base" / "daemon.yaml"
    pod = yaml.safe_load(path.read_text())["spec"]["template"]["spec"]
    [container] = pod["containers"]
    for part in parts():
        assert part["podSecurityContext"] == pod["securityContext"]
        assert part["securityContext"] == container["securityContext"]
        assert part["volumes"][0] in pod["volumes"]
        assert part["volumeMounts"][0] in container["volumeMounts"]
    webserver = VALUES["dagsterWebserver"]
    assert webserver["service"]["port"] == webserver["readinessProbe"]["httpGet"]["port"] > 1023


def parts() -> list[dict[str, Any]]:
    [code] = VALUES["dagster-user-deployments"]["deployments"]
    return [code, VALUES["dagsterDaemon"], VALUES["dagsterWebserver"]]


def test_every_part_has_our_image_and_our_settings() -> None:
    for part in parts():
        assert f"{part['image']['repository']}:{part['image']['tag']}" == IMAGE
        assert part["envConfigMaps"] == part["envSecrets"] == [{"name": "twizzit"}]
