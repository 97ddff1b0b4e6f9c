"""`twizzit up` beside a stand-in of a cluster: each run is a Job, whose pod is a process as the manifests say."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from tests.support.cluster_api import Cluster, ClusterApi, Fault
from tests.support.cluster_node import Pod
from tests.support.runs_elsewhere import RunsElsewhere, environment_of, synced_clubs, up_elsewhere

MANIFESTS = Path(__file__).parents[2] / "deploy" / "kubernetes"
CONFIGURATION = ("configuration.yaml", "launcher.yaml")
NAMESPACE = "clubs"
LAUNCHER = "twizzit-launcher"
_PATIENCE = 600  # of a sync with a silent Twizzit; the faults are cleared before
# Looks more often than ours, and has no token of a pod: it is no pod that asks.
_OVERLAY = {
    "run_launcher": {"config": {"load_incluster_config": False}},
    "run_monitoring": {"poll_interval_seconds": 2},
}


@dataclass
class RunsInCluster(RunsElsewhere):
    """`up`, and a cluster in which its runs are Jobs."""

    cluster: Cluster
    api: ClusterApi = field(init=False)

    def fault(self, kind: int | str, method: str = "POST", *, times: int = 1, seconds: float = 0) -> None:
        """The next requests of that method meet this."""
        self.cluster.faults.extend(Fault(kind, method, seconds) for _ in range(times))

    def pod(self, credential_id: int) -> Pod:
        """The pod of the sync that is under way for a credential."""
        return self.cluster.pod_of(self.run_of(credential_id))

    def silent_syncs(self, *credential_ids: int) -> list[Pod]:
        """A sync of each is under way, whose Twizzit is silent until its faults are cleared; their pods."""
        self.simulator.faults.arm("slow", path="/groups", seconds=_PATIENCE, times=None)
        for credential_id in credential_ids:
            self.ask("teams", credential_id)
        wanted = "SELECT credential_id FROM twizzit_leases WHERE history_id IS NOT NULL"
        self.up_to(lambda: len(self.rows(wanted)) == len(credential_ids), "syncs under way", 150)
        return [self.pod(each) for each in credential_ids]

    def stuck_sync(self, credential_id: int) -> Pod:
        """A sync whose pod waits for its image; others may start again."""
        self.cluster.holding = "ImagePullBackOff"
        before = len(self.cluster.pods)
        self.ask("teams", credential_id)
        self.up_to(lambda: len(self.cluster.pods) > before, "a pod", 60)
        self.cluster.holding = None
        return list(self.cluster.pods.values())[-1]

    def as_if_started(self, run_id: str, minutes: int) -> None:
        """Dagster's log says that the run was on its way so long before."""
        aged = (
            "UPDATE dagster.event_logs SET timestamp = timestamp - make_interval(mins => :minutes) WHERE run_id = :id"
        )
        with self.database.engine.begin() as connection:
            connection.execute(text(aged), {"minutes": minutes, "id": run_id})

    def events(self, run_id: str) -> str:
        """Everything that Dagster's log of a run says."""
        found = self.rows("SELECT event FROM dagster.event_logs WHERE run_id = :id ORDER BY id", id=run_id)
        return "\n".join(row.event for row in found)


@contextmanager
def cluster_at_work(folder: Path, new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[RunsInCluster]:
    """Everything started; at the end nothing of it is left."""
    pytest.importorskip("dagster_k8s", reason="the extra kubernetes is not installed")
    with ExitStack() as stack:
        url = stack.enter_context(new_database())
        database, simulator = stack.enter_context(synced_clubs(folder, url))
        given = {**environment_of(url, "kubernetes"), "TWIZZIT_REQUEST_TIMEOUT": str(_PATIENCE)}
        cluster = Cluster(NAMESPACE, folder / "pods", *as_applied(given))
        stack.callback(cluster.end)
        api = ClusterApi(cluster)
        api.start()
        stack.callback(api.stop)
        environment = {
            **given,
            **{name: value for name, value in _data_of(*CONFIGURATION).items() if name != "TWIZZIT_HOME"},
            "TWIZZIT_RUN_NAMESPACE": NAMESPACE,
            "TWIZZIT_DAGSTER_OVERLAY": _written(folder / "overlay.yaml", _OVERLAY),
            "KUBECONFIG": _written(folder / "kubeconfig", kubeconfig(api.port)),
        }
        machines = RunsInCluster(folder, database, simulator, environment, cluster)
        machines.api = api
        stack.enter_context(up_elsewhere(machines))
        yield machines


def as_applied(given: Mapping[str, str]) -> tuple[dict[str, Any], set[str], dict[tuple[str, str], dict[str, str]]]:
    """Rights, service accounts, ConfigMaps and Secrets, as the manifests have them; the values are the test's."""
    access = list(yaml.safe_load_all((MANIFESTS / "base" / "access.yaml").read_text()))
    [role] = [each for each in access if each["kind"] == "Role"]
    [binding] = [each for each in access if each["kind"] == "RoleBinding"]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    rights = {subject["name"]: role["rules"] for subject in binding["subjects"]}
    accounts = {each["metadata"]["name"] for each in access if each["kind"] == "ServiceAccount"}
    secrets = {
        each["metadata"]["name"]: set(each["stringData"])
        for each in yaml.safe_load_all((MANIFESTS / "secret.example.yaml").read_text())
    }
    values = {**given, "DAGSTER_POSTGRES_URL": _of_dagster(given["TWIZZIT_DATABASE_URL"])}
    not_secret = {name: value for name, value in given.items() if name not in set().union(*secrets.values())}
    return (
        rights,
        accounts,
        {
            ("configMapRef", "twizzit"): {**not_secret, **_data_of(*CONFIGURATION)},
            **{
                ("secretRef", secret): {name: values[name] for name in names if name in values}
                for secret, names in secrets.items()
            },
        },
    )


def _of_dagster(url: str) -> str:
    scheme, _, rest = url.partition("://")
    joined = "&" if "?" in rest else "?"
    return f"{scheme.partition('+')[0]}+psycopg2://{rest}{joined}options=-csearch_path%3Ddagster"


def _data_of(*names: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        path = next(MANIFESTS.rglob(name))
        for document in yaml.safe_load_all(path.read_text()):
            if document["metadata"]["name"] == "twizzit":
                found |= document["data"]
    return found


def kubeconfig(port: int) -> dict[str, Any]:
    """By which the launcher reaches the API, as the account that the manifests give it."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": LAUNCHER, "user": {"token": LAUNCHER}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": LAUNCHER}}],
    }


def _written(path: Path, what: object) -> str:
    path.write_text(yaml.safe_dump(what))
    return str(path)
