"""Where runs take place: the part of dagster.yaml that `TWIZZIT_RUN_LAUNCHER` stands for.

What belongs here: each launcher's class and configuration, and what it needs. All of them start whole runs: the steps
of a run share one session with Twizzit and one lease, so no step ever takes place elsewhere than its run.

Secrets stay in the environment; what is written names their variables alone.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twizzit_pipeline.errors import BrokerUnavailable, SettingsError
from twizzit_pipeline.orchestration.run.limit import GRACE_SECONDS
from twizzit_pipeline.settings import Settings

QUEUE = "dagster"
_VISIBILITY_SECONDS = 300
# Of one connection to the broker, and of one answer: where the way there is cut without a word, a daemon that launches
# a run would wait for a quarter of an hour, and launch no other meanwhile.
_CONNECT_SECONDS, _ANSWER_SECONDS = 5.0, 10.0
_RESULT_TRIES = 2
BROKER = "TWIZZIT_BROKER_URL"
_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_MINUTES_TO_START = 10
# As the pods of deploy/kubernetes: no privileges, and nothing written but /tmp.
_CONTAINER: Mapping[str, Any] = {
    "security_context": {
        "allow_privilege_escalation": False,
        "read_only_root_filesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
    "volume_mounts": [{"name": "tmp", "mount_path": "/tmp"}],  # noqa: S108
}
_POD: Mapping[str, Any] = {
    "automount_service_account_token": False,
    "security_context": {
        "run_as_non_root": True,
        "run_as_user": 10001,
        "fs_group": 10001,
        "seccomp_profile": {"type": "RuntimeDefault"},
    },
    "volumes": [{"name": "tmp", "empty_dir": {}}],
}
# Seconds between two looks of Dagster's monitoring at what carries out the runs under way; its own are 120.
_LOOK_SECONDS = 15
_LOOKED_AT = ("kubernetes", "docker")


def launcher_of(settings: Settings) -> dict[str, Any] | None:
    """The `run_launcher` of dagster.yaml; None for Dagster's own, which makes processes beside the code server.

    Raises:
        SettingsError: the launcher lacks a setting.
    """
    make = _LAUNCHERS.get(settings.run_launcher)
    return None if make is None else make(settings)


def monitoring_of(settings: Settings) -> dict[str, Any]:
    """Of `run_monitoring` in dagster.yaml, what the launcher needs."""
    return {"poll_interval_seconds": _LOOK_SECONDS} if settings.run_launcher in _LOOKED_AT else {}


def require_installed(settings: Settings) -> None:
    """Raises SettingsError where the packages of the launcher are not installed."""
    module = {"celery": "dagster_celery", "kubernetes": "dagster_k8s", "docker": "dagster_docker"}
    wanted = module.get(settings.run_launcher)
    if wanted is not None and find_spec(wanted) is None:
        raise SettingsError(
            f"TWIZZIT_RUN_LAUNCHER: {settings.run_launcher} needs packages that are not installed: "
            f"pip install 'twizzit-pipeline[{settings.run_launcher}]', or --requirement requirements-scale.txt"
        )


def broker_of(settings: Settings) -> str:
    """The URL of the broker.

    Raises:
        SettingsError: there is none.
    """
    if settings.broker_url is None:
        raise SettingsError(f"{BROKER}: Celery's workers need a broker: set it, like redis://:password@host:6379/0")
    return settings.broker_url.get_secret_value()


def broker_away(error: Exception) -> BrokerUnavailable:
    """What is said where the broker does not answer; the URL, which may hold a password, is not in it."""
    why = type(error.__cause__ or error).__name__
    return BrokerUnavailable(f"The broker of {BROKER} cannot be reached ({why}): start it, or correct the URL")


def _celery(settings: Settings) -> dict[str, Any]:
    broker_of(settings)
    source = {"env": BROKER}
    return {
        "module": "twizzit_pipeline.orchestration.instance.worker_launcher",
        "class": "WorkerLauncher",
        "config": {"broker": source, "backend": source, "default_queue": QUEUE, "config_source": celery_options()},
    }


def celery_options() -> dict[str, Any]:
    """Of Celery's, the same for the daemon, which sends, and the workers, which take.

    A worker takes nothing from the queue before one of its processes is free: what it took and has not begun when it
    dies comes back only after the visibility timeout. It looks for a broker that is away until it is back. Of a run
    whose message comes twice, as its first answer was lost, Dagster ignores the second, or its lease refuses it.
    """
    patience = {"socket_connect_timeout": _CONNECT_SECONDS, "socket_timeout": _ANSWER_SECONDS, "socket_keepalive": True}
    return {
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_max_tasks_per_child": 100,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {"visibility_timeout": _VISIBILITY_SECONDS, **patience},
        # Where the results are: whether each run has ended. A worker that cannot write one down goes on without.
        **{f"redis_{name}": value for name, value in patience.items()},
        "result_backend_transport_options": {"retry_policy": {"max_retries": _RESULT_TRIES}},
        "result_expires": 86_400,
    }


def _kubernetes(settings: Settings) -> dict[str, Any]:
    """The service account of the runs has no rights, and they get no token of it."""
    longest = settings.run_seconds + GRACE_SECONDS
    return {
        "module": "twizzit_pipeline.orchestration.instance.job_launcher",
        "class": "JobLauncher",
        "config": {
            "job_image": _image(settings),
            "job_namespace": settings.run_namespace or _namespace_of_this_pod() or "default",
            "image_pull_policy": "IfNotPresent",
            "service_account_name": "twizzit-runs",
            # Dagster wants a name here and mounts nothing: a run gets its instance as an argument.
            "instance_config_map": "twizzit",
            "dagster_home": "/opt/dagster",
            "env_config_maps": ["twizzit"],
            "env_secrets": ["twizzit"],
            "load_incluster_config": True,
            "fail_pod_on_run_failure": False,
            "run_k8s_config": {
                "container_config": _CONTAINER,
                "pod_spec_config": _POD,
                # Of a pod that hangs, or was not able to start: it is ended where no daemon does so.
                "job_spec_config": {"active_deadline_seconds": longest + _MINUTES_TO_START * 60},
            },
        },
    }


def _namespace_of_this_pod() -> str | None:
    return _NAMESPACE.read_text(encoding="utf-8").strip() if _NAMESPACE.is_file() else None


def _docker(settings: Settings) -> dict[str, Any]:
    """As a Job's pod: no privileges, nothing written but /tmp, 2 GiB. The launcher adds our settings to each run."""
    return {
        "module": "twizzit_pipeline.orchestration.instance.container_launcher",
        "class": "ContainerLauncher",
        "config": {
            "image": _image(settings),
            "container_kwargs": {
                "read_only": True,
                "tmpfs": {"/tmp": "mode=1777"},  # noqa: S108
                "cap_drop": ["ALL"],
                "security_opt": ["no-new-privileges"],
                "mem_limit": "2g",
                "stop_timeout": 30,  # podman's API ends a container at once where nothing is said
            },
        },
    }


def _image(settings: Settings) -> str:
    if settings.run_image is None:
        raise SettingsError(
            f"TWIZZIT_RUN_IMAGE: runs in {settings.run_launcher} need the image that holds this package: set it, like "
            "registry.example.org/twizzit:1.2.3"
        )
    return settings.run_image


_LAUNCHERS: Mapping[str, Callable[[Settings], dict[str, Any]]] = {
    "celery": _celery,
    "kubernetes": _kubernetes,
    "docker": _docker,
}
