"""What Typer says of options, in this program's words: a flag takes no value, and pydantic's prefix helps no one."""

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

if TYPE_CHECKING:
    _Command = TyperCommand
else:
    _Command = object


class _Plain(_Command):
    def get_params(self, ctx: Any) -> list[Any]:
        """Its options; a flag has no type beside it, else `--json <bool>` asks for a value that it refuses."""
        found = super().get_params(ctx)
        for one in found:
            if isinstance(one, TyperOption) and one.is_flag:
                one.metavar = ""
        return found

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """
        Raises:
            typer.BadParameter: an option or argument cannot be this.
        """
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as wrong:
            wrong.message = wrong.message.removeprefix("Value error, ")
            raise


class PlainCommand(_Plain, TyperCommand):
    """A command."""


class PlainGroup(_Plain, TyperGroup):
    """A group of commands."""
