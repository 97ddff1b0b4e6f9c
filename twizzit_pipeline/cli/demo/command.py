"""The command alone; the demo itself is imported when it is asked for."""

import typer

from twizzit_pipeline.cli.output.terminal import console


def demo() -> None:
    """See a simulated club arrive in the database; a second sync changes nothing, a third what changed. Repeatable."""
    console().print("A simulated Twizzit club comes into a real PostgreSQL through Dagster: once, again, and changed.")
    from twizzit_pipeline.cli.demo.story import play  # noqa: PLC0415  (Dagster costs two seconds)

    raise typer.Exit(play())
