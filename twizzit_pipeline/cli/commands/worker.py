"""`twizzit worker`: takes runs from the queue, on this machine."""

import os
from typing import Annotated

import typer

from twizzit_pipeline import logs
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.output.terminal import console, plural
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.settings.processes import set_in_process
from twizzit_pipeline.storage.fingerprint import fingerprint


def worker(
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=256, help="Runs at once; default one for each core")
    ] = None,
) -> None:
    """Carry out runs that TWIZZIT_RUN_LAUNCHER=celery put into the queue, until Ctrl-C."""
    from twizzit_pipeline.orchestration.instance.home import dagster_environment  # noqa: PLC0415  (Dagster)

    settings = load_settings()
    if settings.run_launcher != "celery":
        raise SettingsError(
            f"TWIZZIT_RUN_LAUNCHER is {settings.run_launcher}, so no run comes to a worker: set it to celery, here as "
            "where the daemon runs"
        )
    with opened(settings) as here:
        set_in_process(**dagster_environment(settings, here.database))
        database = fingerprint(here.database)
    from twizzit_pipeline.orchestration.instance.worker import work, worker_name  # noqa: PLC0415  (Celery)

    logs.configure(settings)
    wanted = concurrency or os.cpu_count() or 1
    name = worker_name(database)
    console(stderr=True).print(
        f"{name} takes {plural(wanted, 'run')} at once. Ctrl-C lets those under way end; twice ends them.",
        soft_wrap=True,
    )
    raise typer.Exit(work(settings, name, wanted))
