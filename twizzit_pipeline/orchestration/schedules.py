"""The daily pruning as a job of Dagster's, so that the UI shows when it ran and what it deleted.

What belongs here: the job and its schedule. What is deleted and what stays is decided in `runs.retention` and,
of Dagster's own tables, in `instance.pruning`.
"""

import dagster as dg

from twizzit_pipeline import logs
from twizzit_pipeline.orchestration.instance.pruning import prune_runs
from twizzit_pipeline.orchestration.run.results import readable_failures
from twizzit_pipeline.runs.retention import prune
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.revisions import require_current

JOB = "prune_history"
DAILY = "23 4 * * *"  # at night, and not on the full hour, when other jobs start
TIME_ZONE = "Europe/Brussels"


def retention_schedule(settings: Settings | None = None) -> dg.ScheduleDefinition:
    """The schedule of the job `prune_history`, which it brings along. It is on unless a person switches it off.

    `settings`: instead of the environment of the run.
    """

    @dg.op(
        name="prune",
        description="Deletes what is older than TWIZZIT_RETENTION_DAYS, and runs of Dagster's that are older than "
        "TWIZZIT_DAGSTER_RETENTION_DAYS but for the newest of each partition; never the audit log.",
    )
    def prune_op(context: dg.OpExecutionContext) -> None:
        known = settings or load_settings()
        if settings is None:  # a process of Dagster's own
            logs.configure(known)
        with readable_failures(), open_database(known) as database:
            require_current(database.engine)
            pruned = prune(database.engine, known.retention_days)
            runs = prune_runs(context.instance, known.dagster_retention_days)
        context.add_output_metadata(
            {"before": dg.MetadataValue.timestamp(pruned.before), "retention_days": known.retention_days}
            | {name: dg.MetadataValue.int(count) for name, count in {**pruned.counts, **runs.counts}.items()}
        )

    @dg.job(
        name=JOB,
        description="What was kept long enough: history, rejected rows, journal, usage, requests, notifications, "
        "plans, conflicts, and Dagster's own runs.",
        executor_def=dg.in_process_executor,
    )
    def prune_history() -> None:
        prune_op()

    return dg.ScheduleDefinition(
        name=f"{JOB}_daily",
        job=prune_history,
        cron_schedule=DAILY,
        execution_timezone=TIME_ZONE,
        description="Every night; one that was missed is made up for by the next.",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
