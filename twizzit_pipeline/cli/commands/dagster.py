"""`twizzit dagster ARGS…`: any Dagster command on this project's instance."""

import os
from contextlib import ExitStack
from pathlib import Path

import typer

from twizzit_pipeline.local.lock import DAGSTER_DEV, DatabaseLock, only_one
from twizzit_pipeline.settings import load_settings

_WITH_A_DAEMON = "dev"


def dagster(context: typer.Context) -> None:
    """Run a Dagster command on this project's instance: `twizzit dagster dev` is the UI with its daemon."""
    from twizzit_pipeline.cli.opened import opened  # noqa: PLC0415
    from twizzit_pipeline.orchestration.instance.dagster_command import run_dagster  # noqa: PLC0415

    settings = load_settings()
    with ExitStack() as stack:
        if context.args[:1] == [_WITH_A_DAEMON]:  # two daemons on one instance would both start what is due
            stack.enter_context(only_one(Path(os.path.realpath(settings.home)), DAGSTER_DEV))
        here = stack.enter_context(opened(settings))
        if context.args[:1] == [_WITH_A_DAEMON]:
            stack.enter_context(DatabaseLock(here.database.engine))
        code = run_dagster(here.settings, here.database, context.args)
    raise typer.Exit(code)
