"""`twizzit prune`: delete now what the nightly job would delete, or only count it."""

from typing import Annotated

import typer

from twizzit_pipeline.cli.opened import Opened, opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, moment, print_json, show_table, table
from twizzit_pipeline.storage.dagster_schema import missing_schema

_NAMES = {
    "history": "Syncs in the history",
    "rejected_rows": "Rejected rows of theirs",
    "changes": "Changes in the journal",
    "usage": "Months of counted calls",
    "requests": "Requests that are over",
    "notifications": "Notifications delivered",
    "plans": "Expired plans emptied, old ones deleted",
    "conflicts": "Conflicts that are over",
    "departures": "Departures whose row is not in ShotSpot",
    "dagster_runs": "Runs of Dagster's",
    "dagster_check_rows": "Rows of checks without a run",
    "log_folders": "Folders of logs of runs",
}


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and delete nothing")] = False,
    as_json: Json = False,
) -> None:
    """Delete what is older than TWIZZIT_RETENTION_DAYS (a year); never the audit log. Dagster does it every night.

    Dagster's own runs go after TWIZZIT_DAGSTER_RETENTION_DAYS (30), but for the newest of each partition.
    """
    from twizzit_pipeline.runs import retention  # noqa: PLC0415  (frames)

    with opened() as here:
        pruned = retention.prune(here.database.engine, here.settings.retention_days, dry_run=dry_run)
        counts = {**pruned.counts, **_prune_dagsters(here, dry_run=dry_run)}
    if as_json:
        print_json({"dry_run": dry_run, "before": pruned.before, **counts})
        return
    out = console()
    out.print(f"{'Would go' if dry_run else 'Deleted'}: what ended before {moment(pruned.before)}.")
    shown = table("What", "Rows", right=["Rows"])
    for name, count in counts.items():
        shown.add_row(_NAMES[name], f"{count:,}")
    show_table(out, shown)


def _prune_dagsters(here: Opened, *, dry_run: bool) -> dict[str, int]:
    """Runs after their own time; none where Dagster was never started."""
    from twizzit_pipeline.orchestration.instance.home import open_instance  # noqa: PLC0415  (Dagster)
    from twizzit_pipeline.orchestration.instance.pruning import PrunedRuns, prune_runs  # noqa: PLC0415

    if missing_schema(here.database) is not None:
        return PrunedRuns().counts
    with open_instance(here.settings, here.database) as instance:
        return prune_runs(instance, here.settings.dagster_retention_days, dry_run=dry_run).counts
