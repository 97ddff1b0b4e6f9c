"""The launcher that makes each run a Job of Kubernetes: Dagster's own, made to bear an API that is away for a moment.

What belongs here: what a launch and a look at a run's health do where the API of Kubernetes is busy, silent, away or
refuses. Dagster's launcher waits without an end for one that is silent, gives up at once where one is busy, fails a run
whose Job was made where the answer was lost, and takes a run for dead where the API could not be asked about it.
"""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import urllib3
from dagster_k8s import K8sRunLauncher
from dagster_k8s.client import (
    DagsterK8sAPIRetryLimitExceeded,
    DagsterK8sUnrecoverableAPIError,
    DagsterKubernetesClient,
    PatchedApiClient,
)
from kubernetes.client import BatchV1Api, CoreV1Api
from kubernetes.client.rest import ApiException

from twizzit_pipeline import logs
from twizzit_pipeline.errors import ClusterRefused, ClusterUnavailable
from twizzit_pipeline.orchestration.dagster_private import CheckRunHealthResult, LaunchRunContext, WorkerStatus

_SILENT_SECONDS = 10
_BUSY_TRIES = 10
_MOST_BUSY_SECONDS = 10.0
_DagsterErrors = (DagsterK8sAPIRetryLimitExceeded, DagsterK8sUnrecoverableAPIError)
# A conflict passes: a quota that was being changed meanwhile.
_PASSING = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.CONFLICT)
_WHAT_TO_DO: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "look at the service account's token of the daemon",
    HTTPStatus.FORBIDDEN: "may the daemon's service account make Jobs there (deploy/kubernetes/base/access.yaml), and "
    "is a quota of the namespace used up?",
    HTTPStatus.NOT_FOUND: "is there such a namespace? TWIZZIT_RUN_NAMESPACE names it",
}
_log = logs.logger(__name__)


class PatientClient(PatchedApiClient):
    """Waits a bounded time for each answer, and comes again where the API is busy (429), when that says so."""

    def request(self, method: str, url: str, **more: Any) -> Any:
        """As the client's own."""
        more["_request_timeout"] = more.get("_request_timeout") or _SILENT_SECONDS
        for tries_left in range(_BUSY_TRIES - 1, -1, -1):
            try:
                return super().request(method, url, **more)
            except ApiException as error:
                if error.status != HTTPStatus.TOO_MANY_REQUESTS or not tries_left:
                    raise
                time.sleep(_asked_to_wait(error))
        raise AssertionError


class JobLauncher(K8sRunLauncher):
    """Each run a Job; its configuration is that of Dagster's `K8sRunLauncher`."""

    def __init__(self, **configuration: Any) -> None:
        super().__init__(**configuration)
        client = PatientClient()
        made: Any = DagsterKubernetesClient.production_client  # Dagster's has no types here
        self._api_client = made(BatchV1Api(client), CoreV1Api(client))

    def launch_run(self, context: LaunchRunContext) -> None:
        """Makes the Job.

        Raises:
            ClusterUnavailable: the API did not take it now, four times.
            ClusterRefused: the API does not take it.
        """
        try:
            super().launch_run(context)
        except _DagsterErrors as error:
            if not self._is_made(context.dagster_run.run_id, error.k8s_api_exception):
                raise self._in_words(error.k8s_api_exception) from error
            self._report_run_worker_created(context.dagster_run)
        except urllib3.exceptions.HTTPError as error:
            raise self._in_words(error) from error

    def check_run_worker_health(self, run: Any) -> CheckRunHealthResult:
        """What the Job says of the run.

        An API that does not answer says nothing of a run; the silence of its lease does, where it has died.
        """
        found: CheckRunHealthResult = super().check_run_worker_health(run)
        if found.status is not WorkerStatus.UNKNOWN or "could not be found" in str(found.msg):
            return found
        _log.warning("Kubernetes cannot be asked about a run", dagster_run_id=run.run_id)
        return CheckRunHealthResult(WorkerStatus.RUNNING, "The API of Kubernetes did not answer")

    def _is_made(self, run_id: str, error: Exception) -> bool:
        """Whether the Job is there: its name is the run's, so an earlier try made it, whose answer was lost."""
        if not isinstance(error, ApiException) or error.status != HTTPStatus.CONFLICT:
            return False
        name = f"dagster-run-{run_id}"
        return self._api_client.get_job_status(job_name=name, namespace=self.job_namespace) is not None

    def _in_words(self, error: Exception) -> ClusterRefused | ClusterUnavailable:
        """One line without the answer's text, which may hold anything; that stands in the run's events."""
        where = f"in the namespace {self.job_namespace}"
        if not isinstance(error, ApiException):
            return ClusterUnavailable(
                f"The API of Kubernetes could not be reached, so that no Job was made for this run {where}: "
                "look at the cluster; the sync comes again"
            )
        status = int(error.status or 0)
        said = f"({status} {_phrase(status)})"
        if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ClusterUnavailable(
                f"The API of Kubernetes was not able to make the Job of this run {where} {said}: look at the cluster; "
                "the sync comes again"
            )
        todo = _WHAT_TO_DO.get(status, "its reason stands in the events of the run, in Dagster's UI")
        return ClusterRefused(f"Kubernetes refused the Job of this run {where} {said}: {todo}")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in {each.value for each in HTTPStatus} else "unknown"


def _asked_to_wait(error: ApiException) -> float:
    """Seconds, of the header Retry-After; one where it holds no number."""
    said = (error.headers or {}).get("Retry-After", "")
    return min(float(said), _MOST_BUSY_SECONDS) if said.isdecimal() else 1.0
