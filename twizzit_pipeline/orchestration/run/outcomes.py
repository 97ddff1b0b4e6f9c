"""How a run ended, as the list of runs and the list of checks show it.

What belongs here: the tag that marks a partial success, and the checks that a run announced and did not reach.
Dagster's list of checks shows what was announced last, whichever club it was for: a run that failed before its checks
would leave "0 of 4 passed" behind, for all clubs. Such a check is recorded as not judged. The rows that it is about are
those of before, and so is its result: what fell short still does, and what was never judged passes.
"""

from collections.abc import Collection, Iterable

import dagster as dg

from twizzit_pipeline import logs
from twizzit_pipeline.errors import (
    DatabaseRefused,
    DatabaseUnavailable,
    MigrationsPending,
    SettingsError,
    UnsupportedDatabase,
)
from twizzit_pipeline.orchestration.checks.unjudged import FELL_SHORT, WARN, not_judged
from twizzit_pipeline.orchestration.dagster_private import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
    PARTITION_NAME_TAG,
    DagsterEvent,
    DagsterEventType,
    PartitionKeyFilter,
)

OUTCOME_TAG = "twizzit/outcome"
SUCCESS, PARTIAL, FAILED, CANCELLED = "success", "partial_success", "failed", "cancelled"
# What keeps the process of a run from working at all, whichever credential it is for.
NOT_READY = (SettingsError, MigrationsPending, DatabaseUnavailable, DatabaseRefused, UnsupportedDatabase)

_CHECK_EVENTS = {DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED, DagsterEventType.ASSET_CHECK_EVALUATION}
_log = logs.logger(__name__)


def worst(statuses: Collection[str]) -> str:
    """The outcome of a run by the statuses of its history rows; one that is open still has failed."""
    if not statuses or set(statuses) == {SUCCESS}:
        return SUCCESS
    return PARTIAL if set(statuses) <= {SUCCESS, PARTIAL} else FAILED


def record(instance: dg.DagsterInstance, run: dg.DagsterRun, outcome: str, reason: str | None = None) -> None:
    """Tags a run with its outcome; the checks that it did not reach, as it failed, are recorded as not judged.

    What cannot be recorded is logged: no sync fails because of how it is shown.

    Args:
        reason: the safe message of the failure.
    """
    try:
        instance.add_run_tags(run.run_id, {OUTCOME_TAG: outcome})
        if outcome in (FAILED, CANCELLED):
            _record_unjudged(instance, run, reason or "the run ended before it was done")
    except Exception as error:  # whatever Dagster's storage raises
        _log.warning("outcome not recorded", dagster_run_id=run.run_id, reason=type(error).__name__)


def _record_unjudged(instance: dg.DagsterInstance, run: dg.DagsterRun, reason: str) -> None:
    partition = run.tags.get(PARTITION_NAME_TAG)
    for key in _never_evaluated(instance, run.run_id):
        before = _before(instance, key, partition)
        falls_short = None if before is None or before.passed else _fell_short(before)
        evaluation = dg.AssetCheckEvaluation(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=before is None or before.passed,
            severity=WARN if before is None else before.severity,
            description=f"Not judged: {reason}" + (f"; as judged before: {falls_short}" if falls_short else ""),
            metadata=not_judged(reason, falls_short),
            partition=partition,
        )
        event = DagsterEvent(
            event_type_value=DagsterEventType.ASSET_CHECK_EVALUATION.value,
            job_name=run.job_name,
            event_specific_data=evaluation,
            message=f"Asset check '{key.name}' on '{key.asset_key.to_user_string()}' was not judged: {reason}",
        )
        instance.report_dagster_event(event, run.run_id)


def _before(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, partition: str | None
) -> dg.AssetCheckEvaluation | None:
    """The check's last result for this partition; None where there is none."""
    records = instance.event_log_storage.get_asset_check_execution_history(
        key,
        limit=1,
        status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
        partition_filter=PartitionKeyFilter(key=partition),
    )
    return next(
        (record.evaluation for record in records if isinstance(record.evaluation, dg.AssetCheckEvaluation)), None
    )


def _fell_short(before: dg.AssetCheckEvaluation) -> str | None:
    """Which rules fell short when the check was judged last, however often it was not since."""
    said = before.metadata.get(FELL_SHORT)
    return before.description if said is None else str(said.value)


def _never_evaluated(instance: dg.DagsterInstance, run_id: str) -> Iterable[dg.AssetCheckKey]:
    """The checks that the run announced and has no result of, in their order."""
    announced: dict[dg.AssetCheckKey, None] = {}
    for entry in instance.all_logs(run_id, of_type=_CHECK_EVENTS):
        event = entry.get_dagster_event()
        if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
            announced.pop(event.asset_check_evaluation_data.asset_check_key, None)
        else:
            announced[event.asset_check_planned_data.asset_check_key] = None
    return announced
