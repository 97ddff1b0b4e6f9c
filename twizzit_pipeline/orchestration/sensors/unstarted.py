"""Runs that failed before their first step: the code could not be loaded, its server was gone, the database refused;
or within it, before it could open a row (`SyncRun.never_began`).

What belongs here: finding them, and giving each what a failed sync has: a row of the history, which `up`, the
notifications and all other readers follow, its outcome, and its checks as not judged. A run of ours stores its outcome
in a tag: one that is over without that tag ended before it could.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from sqlalchemy import Engine

from twizzit_pipeline import errors, logs
from twizzit_pipeline.errors import TransientError, TwizzitPipelineError, UnknownCredential
from twizzit_pipeline.orchestration.dagster_private import (
    DagsterEventType,
    EngineEventData,
    JobFailureData,
    RunFailureReason,
    SerializableErrorInfo,
)
from twizzit_pipeline.orchestration.instance.dead_runs import DIED
from twizzit_pipeline.orchestration.jobs import ASSETS_OF, PREVIEW
from twizzit_pipeline.orchestration.partitions import CREDENTIAL, SEASON, credential_id_of
from twizzit_pipeline.orchestration.run.limit import ENDED_BY_DAGSTER, ended_by_dagster
from twizzit_pipeline.orchestration.run.outcomes import FAILED, OUTCOME_TAG, record
from twizzit_pipeline.runs import history

# The daemon that makes and ends runs makes the ticks, too: no tick takes as long as this.
_LOOKS_BACK = timedelta(hours=1)
_MOST = 100
_CREDENTIAL_TAG, _SEASON_TAG = f"dagster/partition/{CREDENTIAL}", f"dagster/partition/{SEASON}"
_OVER = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
NEVER_BEGAN = "The process of the run did not start in time"
_log = logs.logger(__name__)
_SAY_WHY = {DagsterEventType.ENGINE_EVENT, DagsterEventType.RUN_FAILURE}


@dataclass(frozen=True, slots=True)
class NeverBegan:
    """Why a run failed before its first step, in one line; `may_pass`: by itself."""

    reason: str
    may_pass: bool = False


def never_began(instance: dg.DagsterInstance, run_id: str) -> NeverBegan | None:
    """Why a run that is over never began; None of one that did not fail: it was taken out of the queue."""
    run = instance.get_run_by_id(run_id)
    return None if run is None or run.status is not dg.DagsterRunStatus.FAILURE else _why(instance, run_id)


def record_unstarted(instance: dg.DagsterInstance, engine: Engine, tried_again: Collection[str] = ()) -> list[str]:
    """Records the end of runs that could not do so themselves; the ids of those that failed to start.

    Args:
        tried_again: runs whose request waits for another one: the history has what becomes of that.

    Raises:
        DatabaseUnavailable: the history cannot be written.
    """
    found = []
    for run in _without_outcome(instance):
        reason = "The run was ended before it began"
        try:
            began = bool(history.for_run(engine, run.run_id))
            if began:  # Dagster saw its process gone, and said so, before a tick of ours did
                reason = DIED
            if ended_by_dagster(instance, run.run_id):
                reason = ENDED_BY_DAGSTER
            if run.status is dg.DagsterRunStatus.FAILURE and not began:
                reason = reason if reason == ENDED_BY_DAGSTER else _why(instance, run.run_id).reason
                shown = run.job_name != PREVIEW and run.run_id not in tried_again
                if shown and _write(engine, run, reason):
                    found.append(run.run_id)
        except TwizzitPipelineError:
            raise
        except Exception as error:  # an odd run keeps no other waiting
            _log.warning("run not accounted for", dagster_run_id=run.run_id, reason=type(error).__name__)
        record(instance, run, FAILED, reason)
    return found


def _without_outcome(instance: dg.DagsterInstance) -> Iterator[dg.DagsterRun]:
    since = datetime.now(UTC) - _LOOKS_BACK
    found = instance.get_runs(dg.RunsFilter(statuses=_OVER, updated_after=since), limit=_MOST)
    return (run for run in found if _CREDENTIAL_TAG in run.tags and OUTCOME_TAG not in run.tags)


def _write(engine: Engine, run: dg.DagsterRun, reason: str) -> bool:
    """A row of the history; False where the credential is gone."""
    try:
        credential_id = credential_id_of(run.tags[_CREDENTIAL_TAG])
    except UnknownCredential:  # a partition that is none of ours
        return False
    return history.never_began(
        engine,
        credential_id=credential_id,
        entity=_entity(run),
        run_id=run.run_id,
        season=run.tags.get(_SEASON_TAG, ""),
        message=reason,
    )


def _entity(run: dg.DagsterRun) -> str:
    """The first of what the run was to sync."""
    wanted = {key.to_user_string() for key in run.asset_selection or ()}
    for entity, assets in ASSETS_OF.items():
        if wanted.intersection(assets) or (not wanted and run.job_name in (f"sync_{entity}", "sync_all")):
            return entity
    return next(iter(ASSETS_OF))


def _why(instance: dg.DagsterInstance, run_id: str) -> NeverBegan:
    """In one line: the message of an error of ours; of others the kinds alone, as their texts may hold anything."""
    kinds: list[str] = []
    for entry in instance.all_logs(run_id, of_type=_SAY_WHY):
        data = entry.get_dagster_event().event_specific_data
        if isinstance(data, EngineEventData | JobFailureData):
            if (said := _safe_message(data.error)) is not None:
                return NeverBegan(f"The run failed before its first step: {said.reason}", said.may_pass)
            if isinstance(data, JobFailureData) and data.failure_reason is RunFailureReason.START_TIMEOUT:
                return NeverBegan(f"{NEVER_BEGAN}: read why in its events in Dagster's UI, run {run_id[:8]}")
            kinds = _kinds(data.error) or kinds
    because = f" ({', caused by '.join(kinds)})" if kinds else ""
    return NeverBegan(
        f"The run failed before its first step{because}: read its events in Dagster's UI, run {run_id[:8]}"
    )


def _safe_message(error: SerializableErrorInfo | None) -> NeverBegan | None:
    """That of the first error in the chain which is one of ours, or a step's failure: that has our one line alone."""
    while error is not None:
        if error.cls_name == dg.Failure.__name__:
            return NeverBegan(error.message.strip())
        kind = getattr(errors, error.cls_name or "", None)
        if isinstance(kind, type) and issubclass(kind, TwizzitPipelineError):
            return NeverBegan(error.message.partition(": ")[2].strip(), issubclass(kind, TransientError))
        error = error.cause
    return None


def _kinds(error: SerializableErrorInfo | None) -> list[str]:
    """The error's kind, and what it was caused by, down to the first cause."""
    found: list[str] = []
    while error is not None:
        if error.cls_name:
            found.append(error.cls_name)
        error = error.cause
    return list(dict.fromkeys(found))
