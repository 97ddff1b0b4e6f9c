"""The launcher that makes each run a container: Dagster's own, made to bear an API that is away for a moment.

What belongs here: what a launch, a look at a run's health and the end of a run do, asked of the API of Docker or
podman. Dagster's launcher starts a run with the Python of the machine that asks, by its path, which no image has. It
passes on no setting but those that are named one by one, leaves a container behind that was made and could not be
started, and has nothing to say of one that ended before its run began.

A container that has ended stays until the next launch, so that its reason can be read; then it is removed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import docker
from dagster_docker import DockerRunLauncher
from dagster_docker.container_context import DockerContainerContext
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from requests import RequestException

from twizzit_pipeline import logs
from twizzit_pipeline.errors import ContainerRefused, ContainersUnavailable
from twizzit_pipeline.orchestration.dagster_private import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from twizzit_pipeline.settings.environment import given_variables

CONTAINER_TAG, IMAGE_TAG, RUN_LABEL = "docker/container_id", "docker/image", "dagster/run_id"
_TRIES, _PAUSE_SECONDS = 4, 5.0
_SILENT_SECONDS = 30
# How long one that was asked for already may be in the making: Docker answers when it has copied what the image needs.
_MAKING_SECONDS = 90.0
_DAGSTER = ("python", "-m", "dagster")
_LAST_LINES = 20
_UNSTARTED = ("created", "configured", "initialized")  # the last two are podman's
# Those that were made after their launch had given up too, and those whose removal was interrupted: Docker calls them
# dead, podman removing.
_OVER = (*_UNSTARTED, "exited", "stopped", "dead", "removing")
# An answer that never came; `APIError` is a `RequestException` as well.
_FAULTS = (DockerException, RequestException)
_log = logs.logger(__name__)
# That of the launcher's call which is under way in this thread: Dagster's own methods open one each, and close none.
_open: ContextVar[Any] = ContextVar("client")

# What a run has no use for: folders of the machine that starts it, and what the API, the UI, the mail and the
# notifications need, with their secrets.
NOT_FOR_RUNS = frozenset(
    {
        "allowed_origins",
        "api_host",
        "api_live_per_minute",
        "api_port",
        "api_syncs_per_hour",
        "api_verifications_per_minute",
        "broker_url",
        "dagster_overlay",
        "home",
        "jwt_secret",
        "notify_email_from",
        "notify_email_to",
        "notify_urls",
        "notify_webhook_url",
        "pages_url",
        "smtp_host",
        "smtp_password",
        "smtp_port",
        "smtp_security",
        "smtp_username",
        "ui_origins",
        "ui_read_only",
    }
)


class ContainerLauncher(DockerRunLauncher):
    """Each run a container; its configuration is that of Dagster's `DockerRunLauncher`."""

    def get_container_context(self, dagster_run: Any) -> DockerContainerContext:
        """Dagster's, with our settings, and with a name by which a container is found again."""
        variables = [f"{name}={value}" for name, value in given_variables(besides=NOT_FOR_RUNS).items()]
        ours = DockerContainerContext(env_vars=variables, container_kwargs={"name": _name(dagster_run.run_id)})
        found: DockerContainerContext = super().get_container_context(dagster_run)
        made: DockerContainerContext = ours.merge(found)
        return made

    def launch_run(self, context: LaunchRunContext) -> None:
        """Makes the container and starts it; one that is there already is started, and is not made twice.

        Raises:
            ContainersUnavailable: the API could not be reached, four times.
            ContainerRefused: it does not make such a container, or there is no such image.
        """
        for tries_left in range(_TRIES - 1, -1, -1):
            try:
                with _client() as client:
                    self._launch(client, context)
                return
            except _FAULTS as error:
                if tries_left and _may_pass(error):
                    time.sleep(_PAUSE_SECONDS)
                    continue
                self._remove_unstarted(context.dagster_run.run_id)
                raise self._in_words(error) from error

    def _launch(self, client: Any, context: LaunchRunContext) -> None:
        run = context.dagster_run
        found = _by_name(client, run.run_id)
        if found is None:
            self._remove_ended(client)
            try:
                super().launch_run(context)
                return
            except APIError as error:
                found = _made_by_now(client, run.run_id) if error.status_code == HTTPStatus.CONFLICT else None
                if found is None:
                    raise
        if found.status in _UNSTARTED:
            self._instance.add_run_tags(run.run_id, {CONTAINER_TAG: found.id, IMAGE_TAG: str(self.image)})
            found.start()

    def _launch_container_with_command(self, run: Any, docker_image: str, command: list[str]) -> None:
        """With the image's own Python. What stands before `api` is how this machine starts Dagster."""
        start: Any = super()._launch_container_with_command  # Dagster's has no types here
        start(run, docker_image, [*_DAGSTER, *command[command.index("api") :]])

    def check_run_worker_health(self, run: Any) -> CheckRunHealthResult:
        """What the container says of the run.

        An API that does not answer says nothing of a run; the silence of its lease does, where it has died.
        """
        try:
            with _client():
                found: CheckRunHealthResult = super().check_run_worker_health(run)
                return found
        except _FAULTS as error:
            _log.warning(
                "the containers cannot be asked about a run", dagster_run_id=run.run_id, reason=type(error).__name__
            )
            return CheckRunHealthResult(WorkerStatus.RUNNING, "The API of the containers did not answer")

    def get_run_worker_debug_info(self, run: Any, include_container_logs: bool | None = True) -> str | None:
        """How the container ended, and what it printed last; None where it is not there."""
        with _client() as client:
            found = _by_name(client, run.run_id)
            return None if found is None else _how_it_is(found, with_logs=bool(include_container_logs))

    def terminate(self, run_id: str) -> bool:
        """Asks the container to end, and ends it after its `stop_timeout`.

        Raises:
            ContainersUnavailable, ContainerRefused: it was not reached; nothing is said of the run.
        """
        try:
            with _client() as client:
                client.ping()
                end: Any = super().terminate  # Dagster's has no types here
                return bool(end(run_id))
        except _FAULTS as error:
            raise self._in_words(error) from error

    def _get_client(self, container_context: DockerContainerContext) -> Any:
        client, registry = _open.get(), container_context.registry
        if registry:
            client.login(registry=registry["url"], username=registry["username"], password=registry["password"])
        return client

    def _remove_ended(self, client: Any) -> None:
        """Those of runs of this database that are over; what cannot be removed now waits for the next launch."""
        try:  # the states are looked at here: each of the two APIs refuses to be asked for those that it has not
            found = client.containers.list(all=True, filters={"label": RUN_LABEL}, sparse=True)
        except APIError as error:
            _warn_of_containers(error)
            return
        for container in found:
            if container.status not in _OVER:
                continue
            run = self._instance.get_run_by_id(container.attrs["Labels"].get(RUN_LABEL, ""))
            if run is None or not run.is_finished:
                continue
            try:
                container.remove()
            except NotFound:  # another launch was first
                continue
            except APIError as error:  # one that cannot go keeps no other
                if error.status_code != HTTPStatus.CONFLICT:  # else another launch removes it at this moment
                    _warn_of_containers(error)

    def _remove_unstarted(self, run_id: str) -> None:
        with suppress(*_FAULTS), _client() as client:
            found = _by_name(client, run_id)
            if found is not None and found.status in _UNSTARTED:
                found.remove(force=True)

    def _in_words(self, error: Exception) -> ContainerRefused | ContainersUnavailable:
        """One line without the answer's text, which may hold anything; that stands in the run's events."""
        if _may_pass(error):
            return ContainersUnavailable(
                "The API of Docker or podman could not be reached (DOCKER_HOST, /var/run/docker.sock unless set): is "
                "its service running, and may this user write to its socket?"
            )
        if isinstance(error, ImageNotFound) or self._lacks_image():
            return ContainerRefused(
                f"There is no image {self.image} where the containers are, and it could not be pulled: build or pull "
                "it there, or correct TWIZZIT_RUN_IMAGE"
            )
        status = getattr(error, "status_code", None) or type(error).__name__
        return ContainerRefused(
            f"The container of this run could not be started ({status}): its reason stands in the events of the run, "
            "in Dagster's UI"
        )

    def _lacks_image(self) -> bool:
        """Where that cannot be asked either, it is something else that is wrong."""
        with suppress(*_FAULTS), _client() as client:
            try:
                client.images.get(self.image)
            except ImageNotFound:
                return True
        return False


def has_image(image: str) -> bool:
    """Whether the image is there, for `doctor`; a launch pulls one that is not.

    Raises:
        ContainersUnavailable, ContainerRefused: the API was not reached, or says no.
    """
    try:
        with _client() as client:
            client.images.get(image)
    except ImageNotFound:
        return False
    except _FAULTS as error:
        raise ContainerLauncher(image=image)._in_words(error) from error
    return True


@contextmanager
def _client() -> Iterator[Any]:
    client = docker.from_env(timeout=_SILENT_SECONDS)
    before = _open.set(client)
    try:
        yield client
    finally:
        _open.reset(before)
        client.close()


def _warn_of_containers(error: APIError) -> None:
    _log.warning("containers that ended are not removed", reason=f"{type(error).__name__} {error.status_code}")


def _how_it_is(container: Any, *, with_logs: bool) -> str:
    state = container.attrs.get("State") or {}
    memory = ", as it needed more memory than it may have" if state.get("OOMKilled") else ""
    said = f"The container {container.name} is {container.status}, with exit code {state.get('ExitCode')}{memory}."
    if not with_logs:
        return said
    printed = container.logs(tail=_LAST_LINES).decode(errors="replace").strip()
    return f"{said} It printed last:\n{printed}" if printed else f"{said} It printed nothing."


def _by_name(client: Any, run_id: str) -> Any:
    with suppress(NotFound):
        return client.containers.get(_name(run_id))
    return None


def _made_by_now(client: Any, run_id: str) -> Any:
    """The container whose name is taken already, once it is there; None where it does not come.

    An earlier request made it, and its answer was lost or late. Docker gives a name away before it finds any by it.
    """
    until = time.monotonic() + _MAKING_SECONDS
    while (found := _by_name(client, run_id)) is None and time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)
    return found


def _name(run_id: str) -> str:
    return f"dagster-run-{run_id}"


def _may_pass(error: Exception) -> bool:
    """Whether there was no answer. One that says no is an `APIError`; the client's first look for the API's version
    raises the plain class."""
    return type(error) is DockerException or (isinstance(error, RequestException) and not isinstance(error, APIError))
