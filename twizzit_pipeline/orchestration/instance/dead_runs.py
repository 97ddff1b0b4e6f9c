"""Runs whose process is gone, which Dagster does not always notice: they are ended, so that nothing waits for them."""

from collections.abc import Collection

import dagster as dg
from sqlalchemy import Engine

from twizzit_pipeline.orchestration.instance.under_way import UNFINISHED, under_way
from twizzit_pipeline.orchestration.run.outcomes import FAILED, record
from twizzit_pipeline.runs.history import interrupted

DIED = "The process of this run ended before the run did"


def end_dead_runs(instance: dg.DagsterInstance, engine: Engine) -> list[str]:
    """Mark runs whose process is gone as failed, which Dagster does not always notice; returns their ids.

    Such a run would be shown as started for good, and keep the next one of its credential waiting in the queue.
    """
    now = under_way(instance)
    # By the history, where a silent process of another machine shows; by the process, gone before it had any history.
    silent = interrupted(engine, now.working) if now.working else set()
    return fail_dead(instance, silent | now.gone)


def fail_dead(instance: dg.DagsterInstance, run_ids: Collection[str]) -> list[str]:
    """Report these runs to the instance as failed, but for those that have ended; returns the ids of those reported.

    They are asked about once more: a run says that it has ended before its process ends, so one that was under way when
    it was read, and whose process is gone by now, may just have succeeded.
    """
    if not run_ids:
        return []
    unfinished = dg.RunsFilter(run_ids=list(run_ids), statuses=[dg.DagsterRunStatus.NOT_STARTED, *UNFINISHED])
    dead = sorted(instance.get_runs(unfinished), key=lambda run: run.run_id)
    for run in dead:
        instance.report_run_failed(run, DIED)
        record(instance, run, FAILED, DIED)
    return [run.run_id for run in dead]
