"""The command lines of Dagster and its web server, which are private modules of theirs: see `dagster_private`.

Importing this costs a second: a process imports it when it becomes one of those commands.
"""

import click
from dagster._cli import create_dagster_cli
from dagster._cli import dev as dev_command
from dagster_webserver import cli as webserver_command

__all__ = ["dagster_cli", "dev_command", "webserver_command"]


def dagster_cli() -> click.Group:
    """``dagster`` with all its commands."""
    group: click.Group = create_dagster_cli()  # type: ignore[no-untyped-call]
    return group
