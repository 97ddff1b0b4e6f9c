"""The manifests of deploy/kubernetes: each is one that Kubernetes takes, without privileges, and they fit together."""

import re
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from twizzit_pipeline.orchestration.instance.launchers import launcher_of
from twizzit_pipeline.settings import Settings, load_settings

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "kubernetes"
KUBERNETES = "1.31"
DOCUMENTS = {
    f"{path.relative_to(FOLDER)}#{number}": document
    for path in sorted(FOLDER.rglob("*.yaml"))
    if path.name not in ("kustomization.yaml", "without-workers.yaml", "without-autoscaler.yaml")
    for number, document in enumerate(yaml.safe_load_all(path.read_text(encoding="utf-8")))
}
SETTINGS = {"DAGSTER_POSTGRES_URL", "JWT_SECRET", *(f"TWIZZIT_{field.upper()}" for field in Settings.model_fields)}
PODS = {name: each for name, each in DOCUMENTS.items() if each["kind"] in ("Deployment", "Job")}


def named(kind: str, name: str) -> dict[str, Any]:
    found = [each for each in DOCUMENTS.values() if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return dict(found[0])


def valid(document: dict[str, Any]) -> None:
    import kubernetes_validate

    kubernetes_validate.validate(document, KUBERNETES, strict=True)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_kubernetes_takes_it(name: str) -> None:
    valid(DOCUMENTS[name])


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


def test_the_api_alone_gets_the_secret_of_tokens() -> None:
    assert "JWT_SECRET" not in named("Secret", "twizzit")["stringData"]
    assert named("Secret", "twizzit-api")["stringData"].keys() == {"JWT_SECRET"}
    for pod in PODS.values():
        sources = pod["spec"]["template"]["spec"]["containers"][0]["envFrom"]
        given = {source["secretRef"]["name"] for source in sources if "secretRef" in source}
        assert ("twizzit-api" in given) == (pod["metadata"]["name"] == "twizzit-api"), pod["metadata"]["name"]


def test_every_variable_is_a_setting_and_no_secret_stands_in_a_file() -> None:
    secret = named("Secret", "twizzit")["stringData"] | named("Secret", "twizzit-api")["stringData"]
    assert set(secret.values()) == {""}
    assert {*secret, *named("ConfigMap", "twizzit")["data"], *_of_jobs()} <= SETTINGS


def test_each_kustomization_names_every_file_beside_it() -> None:
    base = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())
    assert {*base["resources"], "kustomization.yaml"} == {path.name for path in (FOLDER / "base").iterdir()}
    jobs = yaml.safe_load((FOLDER / "jobs" / "kustomization.yaml").read_text())
    beside = {each["path"] for each in jobs["patches"]}
    assert beside | {"kustomization.yaml"} == {path.name for path in (FOLDER / "jobs").iterdir()}


@pytest.mark.parametrize("name", [name for name in PODS if PODS[name]["kind"] == "Deployment"])
def test_the_ports_of_a_pod_are_those_that_its_command_its_service_and_its_policy_name(name: str) -> None:
    found = PODS[name]
    [container] = found["spec"]["template"]["spec"]["containers"]
    ports = {each["name"]: each["containerPort"] for each in container.get("ports", [])}
    command = container["command"]
    said = [int(command[at + 1]) for at, word in enumerate(command) if word == "--port"]
    assert said == list(ports.values())
    part = found["metadata"]["name"]
    for each in DOCUMENTS.values():
        if each["kind"] == "Service" and each["metadata"]["name"] == part:
            assert [(port["port"], port["targetPort"]) for port in each["spec"]["ports"]] == [(said[0], "main")]
        if each["kind"] == "NetworkPolicy" and each["metadata"]["name"] == part:
            assert [port["port"] for rule in each["spec"]["ingress"] for port in rule["ports"]] == said
    for probe in ("readinessProbe", "livenessProbe"):
        asked = container.get(probe, {})
        assert {way.get("port") for way in (asked.get("tcpSocket"), asked.get("httpGet")) if way} <= set(ports)


EVERY, WEB, CODE, BROKER, CLUSTER, MAIL = (
    {"53/UDP", "53", "5432"},
    {"443"},
    {"4000"},
    {"6379"},
    {"443", "6443"},
    {"587"},
)
GOES_OUT = {
    "twizzit-migrate": EVERY,
    "twizzit-code": EVERY | WEB | MAIL,
    "twizzit-daemon": EVERY | CODE | BROKER | CLUSTER,
    "twizzit-ui": EVERY | CODE | BROKER | CLUSTER,
    "twizzit-api": EVERY | WEB,
    "twizzit-worker": EVERY | BROKER | WEB,
    "run_worker": EVERY | WEB,
}


def test_each_pod_goes_out_where_it_must_and_nowhere_else() -> None:
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in PODS.values()]
    labels.append({"app.kubernetes.io/name": "dagster", "app.kubernetes.io/component": "run_worker"})
    policies = [each["spec"] for name, each in DOCUMENTS.items() if name.startswith("egress.yaml")]
    assert all(each["policyTypes"] == ["Egress"] for each in policies)
    found = {
        one["app.kubernetes.io/component"]: {
            f"{port['port']}/{protocol}" if (protocol := port.get("protocol", "TCP")) != "TCP" else str(port["port"])
            for policy in policies
            if _selects(policy["podSelector"], one)
            for rule in policy["egress"]
            for port in rule["ports"]
        }
        for one in labels
    }
    assert found == GOES_OUT


def test_the_pods_that_may_make_jobs_alone_reach_the_api_of_kubernetes() -> None:
    """Of 443, all others reach public addresses only: no other pod, no cloud's metadata."""
    cluster = named("NetworkPolicy", "twizzit-out-cluster")["spec"]["podSelector"]
    for pod in PODS.values():
        template = pod["spec"]["template"]
        account = template["spec"]["serviceAccountName"]
        assert _selects(cluster, template["metadata"]["labels"]) == (account == "twizzit-launcher")
    for name in ("twizzit-out-web", "twizzit-out-runs"):
        rules = named("NetworkPolicy", name)["spec"]["egress"]
        [web] = [rule for rule in rules if {"port": 443} in rule["ports"]]
        refused = [ip_network(one) for to in web["to"] for one in to["ipBlock"]["except"]]
        for address in map(ip_address, ("10.0.0.1", "172.20.0.1", "192.168.1.1", "169.254.169.254", "fd00::1")):
            assert any(address in one for one in refused), address


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    listed = selector.get("matchExpressions", [])
    assert all(each["operator"] == "In" for each in listed)
    return wanted and all(labels.get(each["key"]) in each["values"] for each in listed)


def test_the_ui_and_the_daemon_find_the_code_server_where_it_listens() -> None:
    [server] = yaml.safe_load(named("ConfigMap", "twizzit-workspace")["data"]["workspace.yaml"])["load_from"]
    [port] = named("Service", "twizzit-code")["spec"]["ports"]
    assert (server["grpc_server"]["host"], server["grpc_server"]["port"]) == ("twizzit-code", port["port"])


def test_every_pod_has_the_image_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    image = f"registry.example.org/twizzit:{version}"
    found = {container["image"] for pod in PODS.values() for container in pod["spec"]["template"]["spec"]["containers"]}
    assert found | {_of_jobs()["TWIZZIT_RUN_IMAGE"]} == {image}
    [pinned] = yaml.safe_load((FOLDER / "base" / "kustomization.yaml").read_text())["images"]
    assert f"{pinned['name']}:{pinned['newTag']}" == image


@pytest.mark.parametrize("name", PODS)
def test_what_a_pod_refers_to_is_there(name: str) -> None:
    pod = PODS[name]["spec"]["template"]["spec"]
    named("ServiceAccount", pod["serviceAccountName"])
    for source in pod["containers"][0]["envFrom"]:
        for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if key in source:
                named(kind, source[key]["name"])
    for volume in pod["volumes"]:
        if "configMap" in volume:
            named("ConfigMap", volume["configMap"]["name"])


def test_the_image_and_the_runs_fit_the_manifests() -> None:
    """What the launcher refers to, and the user that the image is made for."""
    settings = load_settings(
        _env_file=None, database_url="postgresql://u@db/x", run_launcher="kubernetes", run_image="registry/x:1"
    )
    found = launcher_of(settings)
    assert found is not None
    configuration = found["config"]
    named("ServiceAccount", configuration["service_account_name"])
    assert [named("ConfigMap", each) for each in configuration["env_config_maps"]]
    assert [named("Secret", each) for each in configuration["env_secrets"]]
    pod = configuration["run_k8s_config"]["pod_spec_config"]["security_context"]
    container = (ROOT / "deploy" / "container" / "Containerfile").read_text()
    assert f"USER {pod['run_as_user']}\n" in container
    assert {each["spec"]["template"]["spec"]["securityContext"]["runAsUser"] for each in PODS.values()} == {
        pod["run_as_user"]
    }
    assert f"mkdir {configuration['dagster_home']}\n" in container


def test_every_variable_of_the_image_is_a_setting_or_the_systems() -> None:
    text = (ROOT / "deploy" / "container" / "Containerfile").read_text()
    block = re.search(r"^ENV ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    assert block is not None
    names = set(re.findall(r"(\w+)=", block[1]))
    assert names - SETTINGS == {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "HOME"}


def _of_jobs() -> dict[str, str]:
    found = yaml.safe_load((FOLDER / "jobs" / "launcher.yaml").read_text())
    return dict(found["data"])
