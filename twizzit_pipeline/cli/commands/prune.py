"""`twizzit prune`: delete now what the nightly job would delete, or only count it."""

from typing import Annotated

import typer

from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.output.terminal import console, moment, print_json, show_table, table

_NAMES = {
    "history": "Syncs in the history",
    "rejected_rows": "Rejected rows of theirs",
    "changes": "Changes in the journal",
    "usage": "Months of counted calls",
    "requests": "Requests that are over",
    "notifications": "Notifications delivered",
}


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and delete nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document")] = False,
) -> None:
    """Delete what is older than TWIZZIT_RETENTION_DAYS (a year); never the audit log. Dagster does it every night."""
    from twizzit_pipeline.runs import retention  # noqa: PLC0415  (frames)

    with opened() as here:
        pruned = retention.prune(here.database.engine, here.settings.retention_days, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "before": pruned.before, **pruned.counts})
        return
    out = console()
    out.print(f"{'Would go' if dry_run else 'Deleted'}: what ended before {moment(pruned.before)}.")
    shown = table("What", "Rows", right=["Rows"])
    for name, count in pruned.counts.items():
        shown.add_row(_NAMES[name], f"{count:,}")
    show_table(out, shown)
