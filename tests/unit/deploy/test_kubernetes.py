"""The manifests of deploy/kubernetes: each is one that Kubernetes takes, without privileges, and they fit together."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from twizzit_pipeline.orchestration.instance.configuration import configuration_text
from twizzit_pipeline.settings import Settings, load_settings

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "kubernetes"
KUBERNETES = "1.31"
DOCUMENTS = {
    f"{path.relative_to(FOLDER)}#{number}": document
    for path in sorted(FOLDER.rglob("*.yaml"))
    if path.name not in ("kustomization.yaml", "dagster.yaml", "without-workers.yaml")
    for number, document in enumerate(yaml.safe_load_all(path.read_text(encoding="utf-8")))
}
PODS = {name: each for name, each in DOCUMENTS.items() if each["kind"] in ("Deployment", "Job")}


def named(kind: str, name: str) -> dict[str, Any]:
    found = [each for each in DOCUMENTS.values() if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return dict(found[0])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_kubernetes_takes_it(name: str) -> None:
    kubernetes_validate.validate(DOCUMENTS[name], KUBERNETES, strict=True)


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_no_privileges_and_writes_to_nothing_but_tmp(name: str) -> None:
    pod = PODS[name]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
        assert container["resources"]["limits"]["memory"]


def test_there_is_one_daemon_at_any_time() -> None:
    daemon = named("Deployment", "twizzit-daemon")["spec"]
    assert (daemon["replicas"], daemon["strategy"]) == (1, {"type": "Recreate"})


def test_the_autoscaler_alone_says_how_many_workers_there_are() -> None:
    assert "replicas" not in named("Deployment", "twizzit-worker")["spec"]
    target = named("HorizontalPodAutoscaler", "twizzit-worker")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", "twizzit-worker")


def test_every_variable_is_a_setting_and_no_secret_stands_in_a_file() -> None:
    fields = {"DAGSTER_POSTGRES_URL", "JWT_SECRET", *(f"TWIZZIT_{field.upper()}" for field in Settings.model_fields)}
    secret = named("Secret", "twizzit")["stringData"]
    assert set(secret.values()) == {""}
    assert {*secret, *named("ConfigMap", "twizzit")["data"]} <= fields


def test_each_kustomization_names_every_file_beside_it() -> None:
    base = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())
    assert {*base["resources"], "kustomization.yaml"} == {path.name for path in (FOLDER / "base").iterdir()}
    jobs = yaml.safe_load((FOLDER / "jobs" / "kustomization.yaml").read_text())
    beside = {*(each["path"] for each in jobs["patches"]), *jobs["configMapGenerator"][0]["files"]}
    assert beside | {"kustomization.yaml"} == {path.name for path in (FOLDER / "jobs").iterdir()}


def test_runs_in_jobs_find_the_dagster_yaml_of_these_settings(request: pytest.FixtureRequest) -> None:
    """Renewed by: pytest tests/unit/deploy --renew"""
    data = {**named("ConfigMap", "twizzit")["data"], **_of_jobs()}
    settings = load_settings(
        _env_file=None,
        database_url="postgresql://u@db/x",
        run_launcher="kubernetes",
        run_image=data["TWIZZIT_RUN_IMAGE"],
        concurrent_runs=data["TWIZZIT_CONCURRENT_RUNS"],
    )
    path = FOLDER / "jobs" / "dagster.yaml"
    if request.config.getoption("--renew"):
        path.write_text(configuration_text(settings), encoding="utf-8")
    assert path.read_text(encoding="utf-8") == configuration_text(settings)


def _of_jobs() -> dict[str, str]:
    found = yaml.safe_load((FOLDER / "jobs" / "launcher.yaml").read_text())
    return dict(found["data"])
