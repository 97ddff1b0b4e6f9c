"""A worker of Celery: it takes runs from the queue, each in a process that has the definitions already.

What belongs here: the Celery application, on the side that works. What the daemon sends, and both sides' options, are
in `launchers`. Importing this needs the extra `celery`.
"""

import os
import platform
from importlib import import_module
from importlib.metadata import version
from typing import Any

from celery import Celery, Task
from dagster_celery.config import DEFAULT_CONFIG
from dagster_celery.make_app import make_app
from dagster_celery.tasks import create_execute_job_task

from twizzit_pipeline import logs
from twizzit_pipeline.orchestration.instance.dagster_command import MODULE
from twizzit_pipeline.orchestration.instance.launchers import QUEUE, broker_of, celery_options
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.held import held

NAME = "twizzit"

_log = logs.logger(__name__)


def celery_app(settings: Settings) -> Celery:
    """The application, connected to nothing yet.

    Raises:
        SettingsError: there is no broker.
    """
    broker = broker_of(settings)
    options = {**DEFAULT_CONFIG, **celery_options()}
    named = {"broker": broker, "backend": broker, "config_source": options, "task_default_queue": QUEUE}
    app: Celery = make_app(named)  # type: ignore[no-untyped-call]
    once: dict[str, Any] = {"base": OncePerRun, "shared": False}  # no task of every application in this process
    create_execute_job_task(app, **once)
    return app


class OncePerRun(Task):  # type: ignore[misc]  # Celery has no types
    """Dagster's task, for the first process that takes a run from the queue: the broker may give out a message twice.

    Dagster looks at the state of the run before it begins, which two that begin in the same instant find alike.
    """

    def __call__(self, **message: Any) -> int:
        """Carries the run out, unless another process does; the exit code."""
        task_id = self.request.id  # the same in each copy; Dagster has it among the tags of the run
        with open_database(load_settings()) as database, held(database.engine, f"run of {task_id}") as first:
            if first:
                return int(super().__call__(**message))
        _log.warning("run taken twice", task_id=task_id)
        return 0


def work(settings: Settings, name: str, concurrency: int) -> int:
    """Take runs until a signal ends it; the exit code.

    The first SIGTERM lets runs under way end, and takes none any more; SIGQUIT ends them, as interrupted.

    Args:
        name: as `worker_name` makes it.
        concurrency: how many runs at once.

    Raises:
        SettingsError: there is no broker.
    """
    app = celery_app(settings)
    import_module(MODULE)  # before the fork, so that no run has to load it
    worker = app.Worker(
        hostname=name,
        concurrency=concurrency,
        queues=[QUEUE],
        pool="prefork",
        loglevel="INFO" if settings.log_level == "debug" else "WARNING",
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def worker_name(database: str | None) -> str:
    """What a worker is called, which says its version and its database: ``twizzit-1.2.3-0a1b2c3d4e5f-71@machine``.

    Args:
        database: its `fingerprint`; None where there is none, and the name is without it.
    """
    says = "-".join(filter(None, (NAME, version("twizzit-pipeline"), database, str(os.getpid()))))
    return f"{says}@{platform.node() or 'unknown'}"
