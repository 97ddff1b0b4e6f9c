"""The launcher that gives runs to Celery's workers: dagster-celery's, made to bear a broker that is away or forgets.

What belongs here: what a launch, and a look at a run's health, ask of Celery. dagster-celery's launcher subscribes to
the result of each run, though nothing ever reads it there: where the broker is away it waits for that for minutes. And
it takes a run of which the broker has no result any more for one that died: one that is restarted has none.
"""

from contextlib import ExitStack
from typing import Any

from celery import states
from celery.result import denied_join_result
from dagster import DagsterRun
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from kombu.exceptions import OperationalError

from twizzit_pipeline.orchestration.dagster_private import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from twizzit_pipeline.orchestration.instance.launchers import broker_away


class WorkerLauncher(CeleryRunLauncher):
    """dagster-celery's launcher: a launch costs one message, and a run ends by what is seen of it, not by silence."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # For as long as it is there, as several threads launch at once and Celery has one such switch for all of them.
        self._subscribing_to_none = ExitStack()
        self._subscribing_to_none.enter_context(denied_join_result())

    def launch_run(self, context: LaunchRunContext) -> None:
        """As dagster-celery's.

        Raises:
            BrokerUnavailable: no answer, after Celery's own tries.
        """
        try:
            super().launch_run(context)
        except OperationalError as error:
            raise broker_away(error) from error

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """What Celery says of a run; where it says nothing, the run counts as one that is under way.

        One that is dead all the same is found by the silence of its lease.
        """
        faults: tuple[type[Exception], ...] = (KeyError, OSError, OperationalError, *_errors_of(self.celery.backend))
        try:
            state = self.celery.AsyncResult(run.tags[DAGSTER_CELERY_TASK_ID_TAG]).state
        except faults as error:
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"The broker does not answer: {type(error).__name__}")
        if state == states.PENDING:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "The broker has no result of this run")
        return super().check_run_worker_health(run)


def _errors_of(backend: object) -> tuple[type[Exception], ...]:
    return tuple(getattr(backend, "connection_errors", ()))
