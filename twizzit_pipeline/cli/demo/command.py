"""The command alone; the demo itself is imported when it is asked for."""

import typer


def demo() -> None:
    """See a simulated club arrive in the database, and that a second sync changes nothing. Repeat as you like."""
    from twizzit_pipeline.cli.demo.story import play  # noqa: PLC0415  (Dagster costs two seconds)

    raise typer.Exit(play())
