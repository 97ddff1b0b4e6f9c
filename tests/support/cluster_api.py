"""A stand-in of the API of Kubernetes on loopback: Jobs, their pods, events, rights, and the faults of a real one.

It answers what `dagster-k8s` asks by the client of Kubernetes. A Job that it takes starts a process (`cluster_node`),
and what it says of Jobs and pods is what became of that process. Who asks is known by the token; what may be asked is
what the Role of deploy/kubernetes allows. Like the real one, it leaves the pods of a deleted Job alone, unless asked.
"""

import json
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.cluster_node import Pod

VERSION = "1.31"
_PATH = re.compile(
    r"/(?:api/v1|apis/batch/v1)/namespaces/(?P<namespace>[^/]+)/(?P<kind>jobs|pods|events)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<part>status|log))?)?"
)
_VERBS = {"POST": "create", "DELETE": "delete", "PATCH": "patch"}


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason = status, reason


@dataclass
class Fault:
    """What the next request of a method meets: a status, `lost` (done, and not answered), or `silent` for seconds."""

    kind: int | str
    method: str
    seconds: float = 0.0


@dataclass
class Cluster:
    """What is in it: one namespace, its objects, and what may be done by whom.

    Attributes:
        rights: of each token: the rules of its Role.
        accounts: the service accounts that there are.
        sources: the ConfigMaps and Secrets by (kind, name).
        holding: why pods do not start for now.
    """

    namespace: str
    folder: Path
    rights: Mapping[str, Collection[Mapping[str, Any]]]
    accounts: Collection[str]
    sources: Mapping[tuple[str, str], Mapping[str, str]]
    holding: str | None = None
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, token: str, method: str, target: str, body: Mapping[str, Any]) -> Any:
        """What a request gets: an object, or a text. Raises Refused."""
        split = urlsplit(target)
        found = _PATH.fullmatch(split.path)
        if found is None:
            raise Refused(404, "NotFound", f"no such path: {split.path}")
        self.asked.append((method, split.path))
        asked, query = found.groupdict(), parse_qs(split.query)
        self._may(token, method, asked)
        if asked["namespace"] != self.namespace:
            raise Refused(404, "NotFound", f'namespaces "{asked["namespace"]}" not found')
        with self.lock:
            if method == "POST" and asked["kind"] == "jobs":
                return self._make(body)
            if method == "DELETE":
                return self._delete(asked, query, body)
            if asked["name"] is None:
                return self._list(asked["kind"], query)
            return self._get(asked)

    def pod_of(self, run_id: str) -> Pod:
        """The pod of a run."""
        return next(pod for pod in self.pods.values() if pod.job == f"dagster-run-{run_id}")

    def end(self) -> None:
        """Nothing that it started goes on."""
        for pod in self.pods.values():
            pod.end(grace=0)

    def delete_job(self, name: str) -> None:
        """As `kubectl delete job`: its pods are asked to end."""
        with self.lock:
            self._delete({"kind": "jobs", "name": name}, {"propagationPolicy": ["Background"]}, {})

    def _may(self, token: str, method: str, asked: Mapping[str, str | None]) -> None:
        if token not in self.rights:
            raise Refused(401, "Unauthorized", "Unauthorized")
        resource = "/".join(filter(None, (asked["kind"], asked["part"])))
        verb = _VERBS.get(method, "get" if asked["name"] else "list")
        group = "batch" if asked["kind"] == "jobs" else ""
        for rule in self.rights[token]:
            if group in rule["apiGroups"] and resource in rule["resources"] and verb in rule["verbs"]:
                return
        raise Refused(403, "Forbidden", f'{resource} is forbidden: "{token}" cannot {verb} in {asked["namespace"]}')

    def _make(self, body: Mapping[str, Any]) -> dict[str, Any]:
        import kubernetes_validate

        try:
            kubernetes_validate.validate(dict(body), VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            raise Refused(422, "Invalid", str(error)) from None
        name = body["metadata"]["name"]
        if name in self.jobs:
            raise Refused(409, "AlreadyExists", f'jobs.batch "{name}" already exists')
        now = datetime.now(UTC).isoformat()
        metadata = {**body["metadata"], "namespace": self.namespace, "uid": name, "creationTimestamp": now}
        self.jobs[name] = {**body, "metadata": metadata, "began": now}
        self._make_pod(name, body["spec"]["template"]["spec"])
        return self._job(name)

    def _make_pod(self, job: str, spec: Mapping[str, Any]) -> None:
        account = spec.get("serviceAccountName", "default")
        if account not in self.accounts:
            self._event(job, "FailedCreate", f"error looking up service account {self.namespace}/{account}: not found")
            return
        pod = Pod(f"{job}-x", job, self.namespace, spec, self.folder / job, {})
        self.pods[pod.name] = pod
        pod.waiting = self.holding
        try:
            pod.variables = self._variables(spec["containers"][0])
        except KeyError as error:
            pod.waiting = "CreateContainerConfigError"
            self._event(pod.name, "Failed", f"Error: {error.args[0]} not found")
        if pod.waiting is None:
            pod.start()
        elif pod.waiting == self.holding:
            self._event(pod.name, "Failed", f"Error: {self.holding}")

    def _variables(self, container: Mapping[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in container.get("envFrom", ()):
            for kind in ("configMapRef", "secretRef"):
                if kind in source:
                    found |= self.sources[kind, source[kind]["name"]]
        return found | {each["name"]: each["value"] for each in container.get("env", ())}

    def _event(self, name: str, reason: str, message: str) -> None:
        self.events.append(
            {
                "metadata": {"name": f"{name}.{len(self.events)}", "namespace": self.namespace},
                "involvedObject": {"name": name},
                "type": "Warning",
                "reason": reason,
                "message": message,
            }
        )

    def _delete(self, asked: Mapping[str, Any], query: Mapping[str, list[str]], body: Mapping[str, Any]) -> Any:
        kept: Mapping[str, object] = self.jobs if asked["kind"] == "jobs" else self.pods
        if asked["name"] not in kept:
            raise Refused(404, "NotFound", f'{asked["kind"]} "{asked["name"]}" not found')
        if asked["kind"] == "jobs":
            del self.jobs[asked["name"]]
            policy = query.get("propagationPolicy", [body.get("propagationPolicy", "Orphan")])[0]
            ended = [pod for pod in self.pods.values() if pod.job == asked["name"] and policy != "Orphan"]
        else:
            ended = [self.pods[asked["name"]]]
        for pod in ended:
            pod.end_later()
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    def _list(self, kind: str, query: Mapping[str, list[str]]) -> dict[str, Any]:
        field_name, _, wanted = query.get("fieldSelector", [""])[0].partition("=")
        labels = dict(each.split("=") for each in query.get("labelSelector", [""])[0].split(",") if each)
        if kind == "events":
            items = [event for event in self.events if event["involvedObject"]["name"] == wanted]
        elif kind == "jobs":
            items = [self._job(name) for name in self.jobs]
        else:
            items = [self._pod(pod) for pod in self.pods.values()]
        if field_name == "metadata.name":
            items = [each for each in items if each["metadata"]["name"] == wanted]
        items = [each for each in items if labels.items() <= each["metadata"].get("labels", {}).items()]
        return {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}

    def _get(self, asked: Mapping[str, Any]) -> Any:
        name = asked["name"]
        if asked["kind"] == "jobs" and name in self.jobs:
            return self._job(name)
        if asked["kind"] == "pods" and name in self.pods:
            pod = self.pods[name]
            return pod.log.read_text(errors="replace") if asked["part"] == "log" else self._pod(pod)
        raise Refused(404, "NotFound", f'{asked["kind"]} "{name}" not found')

    def _job(self, name: str) -> dict[str, Any]:
        made = self.jobs[name]
        phases = [pod.phase for pod in self.pods.values() if pod.job == name]
        counts = {
            "active": sum(phase in ("Pending", "Running") for phase in phases),
            "succeeded": phases.count("Succeeded"),
            "failed": phases.count("Failed"),
        }
        status = {"startTime": made["began"], **{word: number for word, number in counts.items() if number}}
        return {**{key: value for key, value in made.items() if key != "began"}, "status": status}

    def _pod(self, pod: Pod) -> dict[str, Any]:
        return {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": {"name": pod.name, "namespace": self.namespace, "labels": {"job-name": pod.job}},
            "spec": pod.spec,
            "status": {"phase": pod.phase, "containerStatuses": [pod.state()]},
        }


@dataclass
class ClusterApi:
    """The cluster's API on a port; it may be away for a while."""

    cluster: Cluster
    port: int = 0
    server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Listens, on the port that it had before."""
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self.cluster))
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, args=[0.05], daemon=True).start()

    def stop(self) -> None:
        """Nothing listens any more."""
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Connections are refused meanwhile."""
        self.stop()
        try:
            yield
        finally:
            self.start()


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            with cluster.lock:
                fault = next((each for each in cluster.faults if each.method == self.command), None)
                if fault is not None:
                    cluster.faults.remove(fault)
            if fault is not None and fault.kind == "silent":
                time.sleep(fault.seconds)
                return
            if fault is not None and isinstance(fault.kind, int):
                self._send(fault.kind, _status(fault.kind, "Fault", "a fault of the test"))
                return
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            try:
                found = cluster.answer(token, self.command, self.path, body or {})
            except Refused as refused:
                self._send(refused.status, _status(refused.status, refused.reason, str(refused)))
                return
            if fault is None:
                self._send(200, found)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815

        def _send(self, status: int, found: Any) -> None:
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "1")
            self.send_header("Content-Type", "text/plain" if isinstance(found, str) else "application/json")
            self.end_headers()
            self.wfile.write((found if isinstance(found, str) else json.dumps(found)).encode())

        def log_message(self, *_: object) -> None:
            """Nothing reads it."""

    return Handler


def _status(code: int, reason: str, message: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }
