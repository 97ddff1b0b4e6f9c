"""Runs whose process is gone, which Dagster does not always notice: they are ended, so that nothing waits for them."""

from collections.abc import Iterable

import dagster as dg
from sqlalchemy import Engine

from twizzit_pipeline.orchestration.instance.under_way import under_way
from twizzit_pipeline.orchestration.run.outcomes import FAILED, record
from twizzit_pipeline.runs.history import interrupted

_DIED = "The process of this run ended before the run did"


def end_dead_runs(instance: dg.DagsterInstance, engine: Engine) -> list[str]:
    """Mark runs whose process is gone as failed, which Dagster does not always notice; returns their ids.

    Such a run would be shown as started for good, and keep the next one of its credential waiting in the queue.
    """
    now = under_way(instance)
    # By the history, which knows a silent process of another machine; by the process, gone before it had any history.
    dead = sorted(interrupted(engine, now.working) | now.gone) if now.working else []
    fail_dead(instance, [now.working[run_id] for run_id in dead])
    return dead


def fail_dead(instance: dg.DagsterInstance, runs: Iterable[dg.DagsterRun]) -> None:
    """Report these runs to the instance as failed."""
    for run in runs:
        instance.report_run_failed(run, _DIED)
        record(instance, run, FAILED, _DIED)
