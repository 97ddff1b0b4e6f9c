"""What the command line loads: of the commands the one that is run, and nothing that it has no use for."""

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from tests.support.loaded_modules import (
    HEAVY,
    OF_CALLS,
    OF_LINES,
    OF_SECRETS,
    OF_SETTINGS,
    OF_THE_DATABASE,
    libraries,
    modules_after,
)
from twizzit_pipeline.cli.app import put_together, whole
from twizzit_pipeline.cli.table import COMMANDS


@pytest.mark.parametrize("argument", ["--help", "-h", "--version"])
def test_the_first_page_loads_no_command(argument: str) -> None:
    modules = modules_after(argument)
    assert "typer" in modules
    assert (HEAVY | OF_THE_DATABASE | OF_SETTINGS | OF_LINES | OF_CALLS | OF_SECRETS) & libraries(modules) == set()
    assert {name for name in modules if name.startswith("twizzit_pipeline.cli.commands.")} == set()


@pytest.mark.parametrize("command", ["status", "registered"])
def test_a_quick_command_loads_itself_and_nothing_heavy(command: str) -> None:
    modules = modules_after(command, "--help")
    assert (HEAVY | OF_LINES | OF_CALLS) & libraries(modules) == set()
    commands = {name for name in modules if name.startswith("twizzit_pipeline.cli.commands.")}
    assert commands == {f"twizzit_pipeline.cli.commands.{command}"}


def test_all_commands_together_load_nothing_heavy() -> None:
    modules = modules_after("--show-completion", "bash")
    assert {"twizzit_pipeline.cli.commands.status", "twizzit_pipeline.cli.commands.sync"} <= modules
    assert HEAVY & libraries(modules) == set()


def test_the_first_page_is_the_same_as_if_all_commands_were_loaded() -> None:
    shown = [
        CliRunner(env={"COLUMNS": "300"}).invoke(app, ["--help"], prog_name="twizzit").stdout
        for app in (put_together(COMMANDS, loaded=False), whole())
    ]
    assert all(entry.name in shown[0] for entry in COMMANDS)
    assert shown[0] == shown[1]


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_a_command_alone_is_as_it_is_among_all(entry: object) -> None:
    alone = typer.main.get_command(put_together([entry]))  # type: ignore[list-item]
    among = typer.main.get_command(whole())
    assert isinstance(alone, TyperGroup)
    assert isinstance(among, TyperGroup)
    [(name, command)] = alone.commands.items()
    assert type(command) is type(among.commands[name])
    assert [each.name for each in command.params] == [each.name for each in among.commands[name].params]
    assert command.help == among.commands[name].help
