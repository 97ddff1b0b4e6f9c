"""The command line is put together of the commands that are asked for: what it shows is the same with any of them."""

from functools import cache

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from twizzit_pipeline.cli.app import put_together, whole
from twizzit_pipeline.cli.table import COMMANDS


def test_the_first_page_is_the_same_as_if_all_commands_were_loaded() -> None:
    shown = [
        CliRunner(env={"COLUMNS": "300"}).invoke(app, ["--help"], prog_name="twizzit").stdout
        for app in (put_together(COMMANDS, loaded=False), whole())
    ]
    assert all(entry.name in shown[0] for entry in COMMANDS)
    assert shown[0] == shown[1]


@cache
def among_all() -> TyperGroup:
    group = typer.main.get_command(whole())
    assert isinstance(group, TyperGroup)
    return group


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_a_command_alone_is_as_it_is_among_all(entry: object) -> None:
    alone = typer.main.get_command(put_together([entry]))  # type: ignore[list-item]
    among = among_all()
    assert isinstance(alone, TyperGroup)
    [(name, command)] = alone.commands.items()
    assert type(command) is type(among.commands[name])
    assert [each.name for each in command.params] == [each.name for each in among.commands[name].params]
    assert command.help == among.commands[name].help
