"""What `--help` says: every argument and option has its line, and the same thing is called the same everywhere."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from twizzit_pipeline.cli.app import whole
from twizzit_pipeline.cli.clubs import MaybeClub, OldClub, said_club

PASS_ON = {"dagster"}  # whose arguments are Dagster's


def commands(found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    inner = getattr(found, "commands", {})
    if path and path[0] not in PASS_ON:
        yield " ".join(path), found
    for name, one in inner.items():
        yield from commands(one, (*path, name))


COMMANDS = dict(commands(get_command(whole())))


def test_every_argument_and_option_has_its_line() -> None:
    for name, command in COMMANDS.items():
        assert command.help, name
        silent = [one.name for one in command.params if one.name != "help" and not one.hidden and not one.help]
        assert silent == [], name


@pytest.mark.parametrize("name", ["", "sync", "requests", "config set"])
def test_a_flag_asks_for_no_value(name: str) -> None:
    shown = CliRunner().invoke(whole(), [*name.split(), "--help"], env={"COLUMNS": "200"}).output
    assert ("--help" in shown, "<bool>" in shown) == (True, False)


@pytest.mark.parametrize(("command", "option"), [("sync 1", "--only"), ("status", "--state"), ("rejected 1", "--only")])
def test_a_word_that_is_none_is_refused_in_plain_words(command: str, option: str) -> None:
    refused = CliRunner().invoke(whole(), [*command.split(), option, "foo"], env={"COLUMNS": "300"})
    assert (refused.exit_code, f"Invalid value for '{option}': 'foo' is not one of" in refused.stderr) == (2, True)


def test_an_argument_is_in_capitals_and_a_club_is_the_first() -> None:
    for name, command in COMMANDS.items():
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        shown = [one.metavar or "" for one in arguments]
        assert [one for one in shown if one != one.upper() or not one or one.startswith("[")] == [], name
        assert "CREDENTIAL" not in shown, name
        clubs = {one.help for one in arguments if one.metavar == "CLUB" and one.nargs == 1}
        assert clubs <= {"A club: its credential's id, or its name or the beginning of it"}, name


def test_an_option_means_the_same_wherever_it_is_said() -> None:
    said: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for one in command.params:
            for option in one.opts:
                if option in ("--offset", "--limit", "--over", "--password-stdin"):
                    said.setdefault(option, set()).add(str(one.help).partition(";")[0])
    assert said["--offset"] == {"Rows to skip"}


@pytest.mark.parametrize(
    "name",
    ["registered", "mappings teams", "mappings players", "mappings competitions", "mappings matches", "requests list"],
)
def test_a_list_takes_the_club_as_an_argument(name: str) -> None:
    assert [one.metavar for one in COMMANDS[name].params if one.param_type_name == "argument"] == ["CLUB"]
    shown = CliRunner().invoke(whole(), [*name.split(), "--help"], env={"COLUMNS": "200"})
    assert (shown.exit_code, "--club" in shown.output) == (0, False)


def test_the_option_that_it_was_goes_on_and_says_what_to_write() -> None:
    app = typer.Typer(name="twizzit")

    @app.command()
    def teams(club: MaybeClub = None, old: OldClub = None) -> None:
        typer.echo(f"of {said_club(club, old)}")

    def run(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, arguments)
        return done.exit_code, done.stdout, done.stderr

    assert run() == (0, "of None\n", "")
    assert run("KC Antwerpen") == (0, "of KC Antwerpen\n", "")
    for option in ("--club", "--credential"):
        line = "--club is not needed any more: teams 'KC Antwerpen'\n"
        assert run(option, "KC Antwerpen") == (0, "of KC Antwerpen\n", line)
    twice = run("3", "--club", "KC Antwerpen")
    assert (twice[0], "the club is there twice" in twice[2]) == (2, True)
