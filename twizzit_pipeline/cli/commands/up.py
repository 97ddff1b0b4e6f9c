"""The command alone; what it does is imported when it is asked for."""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

_PORT = {"min": 0, "max": 65535}


def up(
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="With a simulated Twizzit, three clubs in it, and automatic sync on")
    ] = False,
    ui_port: Annotated[int, typer.Option(**_PORT, help="Port of Dagster's UI; 0 is any free one")] = 3000,
    api_port: Annotated[
        int | None, typer.Option(**_PORT, help="Port of the HTTP API; default TWIZZIT_API_PORT or 8000")
    ] = None,
    simulator_port: Annotated[
        int | None, typer.Option(**_PORT, help="Port of the demo's Twizzit; default 8399, or a free one")
    ] = None,
    ui_host: Annotated[str, typer.Option(help="Address of Dagster's UI, which has no login")] = "127.0.0.1",
    api_host: Annotated[
        str | None, typer.Option(help="Address of the HTTP API; default TWIZZIT_API_HOST or 127.0.0.1")
    ] = None,
) -> None:
    """Run everything until Ctrl-C: the database at its newest migration, Dagster with its UI, and the HTTP API."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a reader of a pipe gets each line at once
    from twizzit_pipeline.local.story import Wanted, play  # noqa: PLC0415  (half a second)

    wanted = Wanted(
        demo=demo,
        ui_host=ui_host,
        ui_port=ui_port,
        api_host=api_host,
        api_port=api_port,
        simulator_port=simulator_port,
    )
    raise typer.Exit(play(wanted))
