"""Runs that this process makes itself: a job for one credential and season, seen in the UI like any other.

What belongs here: starting such a run, reporting how it ended, and ending the runs whose process is gone.
"""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from types import FrameType

import dagster as dg

from twizzit_pipeline.credentials.store import get
from twizzit_pipeline.errors import UnknownSeason
from twizzit_pipeline.orchestration.assets import ASSETS
from twizzit_pipeline.orchestration.dagster_private import StepFailureData
from twizzit_pipeline.orchestration.instance.dead_runs import end_dead_runs
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.orchestration.jobs import JOBS
from twizzit_pipeline.orchestration.partitions import (
    SEASON,
    CredentialSeason,
    PartitionKeys,
    add_keys,
    missing_keys,
    partition_keys,
)
from twizzit_pipeline.orchestration.resources import Given, Progress, sync_resource
from twizzit_pipeline.orchestration.run.results import ERROR
from twizzit_pipeline.orchestration.run.tags import PROCESS_TAG, REPAIR_TAG, REQUEST_TAG, TRIGGER_TAG, plan_tags
from twizzit_pipeline.runs.processes import this_process
from twizzit_pipeline.runs.seasons import called, known_partitions, no_label, usable
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.run_end import BY_HAND

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_given: ContextVar[Given] = ContextVar("given")
_INTERRUPTIONS = {"KeyboardInterrupt", "DagsterExecutionInterruptedError"}


@dataclass(frozen=True, slots=True)
class StepFailure:
    """A step that failed.

    Attributes:
        asset: the table that it is about.
        error: the name of one of `errors`' classes, or of another exception.
        message: its safe message.
    """

    asset: str
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes:
        run_id: Dagster's id of the run.
        success: every step succeeded; rows may have been rejected nevertheless, see the history.
        interrupted: a person pressed Ctrl-C or ended the process.
        failures: the steps that failed, in their order.
    """

    run_id: str
    success: bool
    interrupted: bool
    failures: tuple[StepFailure, ...]

    @property
    def error(self) -> str | None:
        """The name of the first failure's error (`SyncInProgress`, for example)."""
        return self.failures[0].error if self.failures else None

    @property
    def error_message(self) -> str | None:
        """The first failure in one line."""
        return self.failures[0].message if self.failures else None


def run_job(
    settings: Settings,
    database: Database,
    *,
    job_name: str,
    credential_id: int,
    season: str,
    trigger: str = BY_HAND,
    request_id: int | None = None,
    repair: bool = False,
    plan: tuple[int, Sequence[tuple[str, str]]] | None = None,
    assets: Sequence[dg.AssetKey] | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Run a job for one credential and season in this process, and wait for its end.

    No step is retried: a person is watching, and may run it again at once.

    Args:
        job_name: one of `jobs.JOBS`.
        season: its label, however it is written; one that the account does not have makes a run that succeeds and
            writes nothing.
        trigger: who asked, for the tag `twizzit/trigger`.
        request_id: the request that the run carries out, if it does.
        repair: bring every mapped row to Twizzit's values, local edits included; the run says so in its tags.
        plan: the stored plan that the run applies, and the entity and remote id of what it leaves out.
        assets: which of the job's; None for all of them.
        progress: called with one line about what the run is doing.

    Raises:
        UnknownCredential: no credential has that id.
        UnknownSeason: no season can be called that.
        DatabaseUnavailable, MigrationsPending: the database is not ready.
    """
    asked = season
    credentials, labels = known_partitions(database.engine)
    season = called(asked, labels.get(credential_id, ()))
    if not usable(season):
        raise UnknownSeason(no_label(asked))
    credential = credentials.get(credential_id) or get(database.engine, credential_id).partition_key
    partition = CredentialSeason(str(credential), season)
    with open_instance(settings, database) as instance, _terminated_like_interrupted():
        end_dead_runs(instance, database.engine)
        add_keys(instance, missing_keys(instance, partition_keys(credentials, labels)))
        once = settings.model_copy(update={"step_retries": 0})
        with _known_season(instance, season), _with(Given(once, database, progress)):
            result = _job(job_name).execute_in_process(
                instance=instance,
                partition_key=partition.key,
                tags={TRIGGER_TAG: trigger, PROCESS_TAG: this_process(), **_special(request_id, repair, plan)},
                asset_selection=assets,
                run_config=_QUIET,
                raise_on_error=False,
            )
            return _run_result(result)


def _special(
    request_id: int | None, repair: bool, plan: tuple[int, Sequence[tuple[str, str]]] | None
) -> dict[str, str]:
    """Tags of a run that is more than a sync of its own."""
    carried_out = {} if request_id is None else {REQUEST_TAG: str(request_id)}
    applied = {} if plan is None else plan_tags(*plan)
    return {**carried_out, **({REPAIR_TAG: "true"} if repair else {}), **applied}


@cache
def _job(name: str) -> dg.JobDefinition:
    """The job, made once for all runs of this process; what differs from run to run is `_given`."""
    return dg.Definitions(
        assets=list(ASSETS),
        jobs=[JOBS[name]],
        resources={"sync": sync_resource(_given.get)},
        executor=dg.in_process_executor,
    ).resolve_job_def(name)


@contextmanager
def _with(given: Given) -> Iterator[None]:
    """What the run of this thread is given."""
    before = _given.set(given)
    try:
        yield
    finally:
        _given.reset(before)


@contextmanager
def _known_season(instance: dg.DagsterInstance, label: str) -> Iterator[None]:
    """Makes a season that no account lists a partition for as long as a run asks for it."""
    if instance.has_dynamic_partition(SEASON, label):
        yield
        return
    add_keys(instance, PartitionKeys((), (label,)))
    try:
        yield
    finally:
        instance.delete_dynamic_partition(SEASON, label)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Lets SIGTERM end a run as Ctrl-C does: its history closed, its lease released."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run_result(result: dg.ExecuteInProcessResult) -> RunResult:
    failures = tuple(
        _failure(str(event.step_key), event.step_failure_data) for event in result.all_events if event.is_step_failure
    )
    return RunResult(
        run_id=result.run_id,
        success=result.success,
        interrupted=any(failure.error in _INTERRUPTIONS for failure in failures),
        failures=failures,
    )


def _failure(asset: str, data: StepFailureData) -> StepFailure:
    reported = data.user_failure_data
    if reported is not None:
        return StepFailure(asset, str(reported.metadata[ERROR].value), str(reported.description))
    error = str(data.error.cls_name) if data.error else "unknown"
    message = "interrupted" if error in _INTERRUPTIONS else f"unexpected error in {asset}: {error}"
    return StepFailure(asset, error, message)
