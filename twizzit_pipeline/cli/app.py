"""The command line put together, and how errors end a command.

An error of this project is one line and an exit code. Anything else is a bug and shows its kind and where it arose,
without its words and the values of variables: they may be secrets, or name people. Imports of Dagster and pandas wait
in the commands that need them, so that the others answer at once.
"""

import os
import sys
import traceback
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer

from twizzit_pipeline.cli.commands import (
    api,
    backfill,
    changes,
    coaches,
    config,
    credentials,
    dagster,
    database,
    history,
    mappings,
    notifications,
    prune,
    registered,
    rejected,
    requests,
    simulate,
    status,
    sync,
    vault,
)
from twizzit_pipeline.cli.commands.up import up
from twizzit_pipeline.cli.demo.command import demo
from twizzit_pipeline.cli.doctor.command import doctor
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.errors import NotUnique, SyncInProgress, TwizzitPipelineError

_CLUBS, _PEOPLE, _KEEPING, _PARTS = "Clubs", "Teams and people", "Keeping it running", "Parts, one by one"

app = typer.Typer(
    name="twizzit",
    help="Keeps ShotSpot in step with Twizzit: the teams, players and calendars of your clubs.\n\n"
    "A club is named by its credential's id, or by its name or the beginning of it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"twizzit {version('twizzit-pipeline')}")
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is")
    ] = False,
) -> None:
    """Nothing but the options that every command has."""


app.command(rich_help_panel=_CLUBS)(demo)
app.command(rich_help_panel=_CLUBS)(up)
app.add_typer(credentials.app, name="credentials", rich_help_panel=_CLUBS)
app.add_typer(config.app, name="config", rich_help_panel=_CLUBS)
app.command(rich_help_panel=_CLUBS)(sync.sync)
app.command(rich_help_panel=_CLUBS)(backfill.backfill)
app.command(rich_help_panel=_CLUBS)(status.status)
app.command(rich_help_panel=_CLUBS)(history.history)
app.add_typer(requests.app, name="requests", rich_help_panel=_CLUBS)
app.command(rich_help_panel=_PEOPLE)(registered.registered)
app.command(rich_help_panel=_PEOPLE)(rejected.rejected)
app.command(rich_help_panel=_PEOPLE)(changes.changes)
app.add_typer(mappings.app, name="mappings", rich_help_panel=_PEOPLE)
app.command(rich_help_panel=_KEEPING)(doctor)
app.add_typer(coaches.app, name="coaches", rich_help_panel=_KEEPING)
app.add_typer(notifications.app, name="notifications", rich_help_panel=_KEEPING)
app.command(rich_help_panel=_KEEPING)(database.migrate)
app.command(rich_help_panel=_KEEPING)(database.detach)
app.command(rich_help_panel=_KEEPING)(database.attach)
app.command(name="check-migrations", rich_help_panel=_KEEPING)(database.check_migrations)
app.add_typer(database.app, name="database", rich_help_panel=_KEEPING)
app.command(rich_help_panel=_KEEPING)(prune.prune)
app.command(name="audit", rich_help_panel=_KEEPING)(vault.audit_log)
app.command(context_settings=dagster.PASS_ALL_ON, add_help_option=False, rich_help_panel=_PARTS)(dagster.dagster)
app.command(rich_help_panel=_PARTS)(api.api)
app.command(rich_help_panel=_PARTS)(api.token)
app.command(rich_help_panel=_PARTS)(simulate.simulate)


def run() -> None:
    """Run the command line on this process's arguments; ends the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without UTF-8 still gets every name, if not its accents
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except NotUnique as error:
        _leave(error, ExitCode.USAGE)
    except SyncInProgress as error:
        _leave(error, ExitCode.SYNC_IN_PROGRESS)
    except TwizzitPipelineError as error:
        _leave(error, ExitCode.FAILURE)
    except SystemExit as leaving:
        _flush()
        raise leaving from None
    except Exception as error:
        _leave_broken(error)


def _leave_broken(error: Exception) -> None:
    from twizzit_pipeline.storage.unquoted import in_short  # noqa: PLC0415 - SQLAlchemy, which few commands need

    _flush()
    where = "".join(traceback.format_tb(error.__traceback__))
    print(f"{where}Unexpected error: {in_short(error)}; report it with these lines", file=sys.stderr)  # noqa: T201
    sys.exit(ExitCode.FAILURE)


def _leave(error: TwizzitPipelineError, code: ExitCode) -> None:
    _flush()
    print(f"Error: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
    for choice in error.choices if isinstance(error, NotUnique) else ():
        print(f"  {choice}", file=sys.stderr)  # noqa: T201
    sys.exit(code)


def _flush() -> None:
    """Write what is left; where the pipe is closed by now, say nothing."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
