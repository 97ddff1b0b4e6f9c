"""Questions to the person who runs a command: a secret, without showing it or from standard input; and yes or no.

A secret never is an argument: other users of the machine see those.
"""

import sys

import typer
from pydantic import SecretStr


def on_terminal() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty()


def whether(question: str) -> None:
    """Go on where the person answers yes.

    Raises:
        typer.BadParameter: there is no terminal to ask on.
        typer.Abort: the person answers no.
    """
    if not on_terminal():
        raise typer.BadParameter("no terminal to ask on; confirm with this option", param_hint="--yes")
    typer.confirm(question, abort=True, err=True)


def secret(what: str, *, from_stdin: bool, twice: bool = False) -> SecretStr:
    """A secret of one line.

    Args:
        what: its name, in lower case ("password").
        from_stdin: read it from standard input instead of asking.
        twice: ask for it once more, where a slip would be found out too late.

    Raises:
        typer.BadParameter: it is empty or no line of text, or there is no terminal to ask at.
    """
    if from_stdin:
        return _checked(_piped(what), what, f"--{what}-stdin")
    if not on_terminal():
        raise typer.BadParameter(f"no terminal to ask on; pipe it in with --{what}-stdin", param_hint=what)
    typed = typer.prompt(what.capitalize(), hide_input=True, err=True, confirmation_prompt=twice)
    return _checked(typed, what, what)


def _piped(what: str) -> str:
    """What comes in, less the line break that `echo` and files put at its end, and the byte order mark that Windows
    puts before it.
    """
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise typer.BadParameter("standard input is not UTF-8", param_hint=f"--{what}-stdin") from None


def _checked(text: str, what: str, hint: str) -> SecretStr:
    if not text:
        raise typer.BadParameter(f"the {what} is empty", param_hint=hint)
    if "\n" in text or "\0" in text:
        raise typer.BadParameter(f"the {what} must be one line", param_hint=hint)
    return SecretStr(text)
