"""The commands put together, and what happens to errors on their way out.

An error of this project is one line and an exit code. Anything else is a bug and shows its traceback, without the
values of variables: they may be secrets. Imports of Dagster and pandas wait in the commands that need them, so that the
others answer at once.
"""

import os
import sys
from io import TextIOWrapper

import typer

from twizzit_pipeline.cli import (
    api,
    config,
    credentials,
    dagster,
    database,
    history,
    mappings,
    notifications,
    prune,
    registered,
    simulate,
    status,
    sync,
    vault,
)
from twizzit_pipeline.cli.demo.command import demo
from twizzit_pipeline.cli.doctor.command import doctor
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.up.command import up
from twizzit_pipeline.errors import NotUnique, SyncInProgress, TwizzitPipelineError

app = typer.Typer(
    name="twizzit",
    help="Keeps ShotSpot in step with Twizzit: teams and players, through Dagster, into PostgreSQL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo)
app.command()(up)
app.command()(sync.sync)
app.add_typer(credentials.app, name="credentials")
app.add_typer(config.app, name="config")
app.command()(status.status)
app.command()(history.history)
app.add_typer(mappings.app, name="mappings")
app.add_typer(notifications.app, name="notifications")
app.command()(registered.registered)
app.command()(database.migrate)
app.command(name="check-migrations")(database.check_migrations)
app.add_typer(database.app, name="database")
app.command()(prune.prune)
app.command()(doctor)
app.command(context_settings=dagster.PASS_ALL_ON, add_help_option=False)(dagster.dagster)
app.command()(simulate.simulate)
app.command()(api.api)
app.command()(api.token)
app.command(name="audit")(vault.audit_log)


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


def _leave(error: TwizzitPipelineError, code: ExitCode) -> None:
    _flush()
    said = str(error) if isinstance(error, NotUnique) else " ".join(str(error).split())
    print(f"Error: {said}", file=sys.stderr)  # noqa: T201
    sys.exit(code)


def _flush() -> None:
    """Write what is left, or find out quietly that nobody reads any more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
