"""`twizzit dagster ARGS…`: any Dagster command on this project's instance."""

import typer

# Everything after `dagster` is Dagster's, its options and --help too.
PASS_ALL_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}


def dagster(context: typer.Context) -> None:
    """Run a Dagster command on this project's instance: `twizzit dagster dev` is the UI with its daemon."""
    from twizzit_pipeline.cli.opened import opened  # noqa: PLC0415
    from twizzit_pipeline.orchestration.dagster_command import run_dagster  # noqa: PLC0415

    with opened() as here:
        code = run_dagster(here.settings, here.database, context.args)
    raise typer.Exit(code)
