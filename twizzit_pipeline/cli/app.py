"""The command line put together, and how errors end a command.

An error of this project is one line and an exit code. Anything else is a bug and shows its kind and where it arose,
without its words and the values of variables: they may be secrets, or name people. Of the commands, only the one that
is run is imported (`table` lists the others), and imports of Dagster and pandas wait in those that need them.
"""

import errno
import os
import sys
import traceback
from collections.abc import Iterable
from functools import cache
from io import TextIOWrapper
from pkgutil import resolve_name
from typing import Annotated

import typer

from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.plain_help import PlainCommand, PlainGroup
from twizzit_pipeline.cli.table import COMMANDS, Entry
from twizzit_pipeline.errors import NotUnique, SyncInProgress, TwizzitPipelineError

# A shell that asks for completions gives no argument.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FOR_THE_FIRST_PAGE = (["--help"], ["-h"], ["--version"])
_PASS_ALL_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - with it comes half of `email`

        typer.echo(f"twizzit {version('twizzit-pipeline')}")
        raise typer.Exit


def main(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is")
    ] = False,
) -> None:
    """Nothing but the options that every command has."""


def put_together(entries: Iterable[Entry], *, loaded: bool = True) -> typer.Typer:
    """The command line with these commands.

    Args:
        loaded: whether the commands can be run; else they are known by name and by their first line alone.
    """
    app = typer.Typer(
        name="twizzit",
        cls=PlainGroup,
        help="Keeps ShotSpot in step with Twizzit: the teams, players and calendars of your clubs.\n\n"
        "A club is named by its credential's id, or by its name or the beginning of it.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(main)
    for entry in entries:
        if loaded:
            _add(app, entry, resolve_name(entry.place))
        elif entry.is_group:
            app.add_typer(_group_named(entry), name=entry.name, rich_help_panel=entry.panel)
        else:
            app.command(name=entry.name, help=entry.first_line, rich_help_panel=entry.panel)(_no_command)
    return app


@cache
def whole() -> typer.Typer:
    """The command line with all its commands."""
    return put_together(COMMANDS)


def _needed(arguments: list[str]) -> typer.Typer:
    """The command line for these arguments: with the one command that they name, as far as they name one."""
    if arguments in _FOR_THE_FIRST_PAGE:
        return put_together(COMMANDS, loaded=False)
    named = [entry for entry in COMMANDS if arguments[:1] == [entry.name]]
    return put_together(named) if named else whole()


def _add(app: typer.Typer, entry: Entry, found: object) -> None:
    if isinstance(found, typer.Typer):
        for command in found.registered_commands:
            command.cls = PlainCommand
        app.add_typer(found, name=entry.name, cls=PlainGroup, rich_help_panel=entry.panel)
        return
    assert callable(found)
    app.command(
        name=entry.name,
        cls=PlainCommand,
        context_settings=_PASS_ALL_ON if entry.passes_on else None,
        add_help_option=not entry.passes_on,
        rich_help_panel=entry.panel,
    )(found)


def _group_named(entry: Entry) -> typer.Typer:
    group = typer.Typer(help=entry.first_line)
    group.command("one")(_no_command)  # a group without a command is none
    group.command("two")(_no_command)
    return group


def _no_command() -> None:
    """Stands for a command that is not run."""


def run() -> None:
    """Run the command line on this process's arguments; ends the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without UTF-8 still gets every name, if not its accents
            stream.reconfigure(errors="backslashreplace")
    try:
        _run()
    except OSError as error:
        if error.errno not in _NO_ROOM:
            _leave_broken(error)
        _drop_output()
        print(f"Error: The output could not be written: {error.strerror}; make room", file=sys.stderr)  # noqa: T201
        sys.exit(ExitCode.FAILURE)


def _run() -> None:
    try:
        _needed(sys.argv[1:])()
    except NotUnique as error:
        _leave(error, ExitCode.USAGE)
    except SyncInProgress as error:
        _leave(error, ExitCode.SYNC_IN_PROGRESS)
    except TwizzitPipelineError as error:
        _leave(error, ExitCode.FAILURE)
    except SystemExit as leaving:
        _flush()
        if leaving.code == ExitCode.FAILURE and _interrupted(leaving):  # at a question: Typer makes 1 of it
            sys.exit(ExitCode.INTERRUPTED)
        raise leaving from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise
        if isinstance(error, UnicodeEncodeError) and not all(map(_is_text, sys.argv)):
            _leave(TwizzitPipelineError("An argument is no text in UTF-8: set the terminal to UTF-8"), ExitCode.USAGE)
        _leave_broken(error)


def _interrupted(error: BaseException | None) -> bool:
    """Whether a Ctrl-C came to this end."""
    while error is not None and type(error) is not KeyboardInterrupt:  # a run that takes too long is one of its kinds
        error = error.__context__
    return error is not None


def _is_text(argument: str) -> bool:
    """Whether its bytes were text; Python hands on those that were not in a way that only names of files take."""
    return not any("\ud800" <= letter <= "\udfff" for letter in argument)


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
        _drop_output()


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
