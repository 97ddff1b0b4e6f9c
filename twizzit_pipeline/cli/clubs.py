"""Which club a command is about: a credential's id or its club's name, as an argument or an option."""

import shlex
from typing import Annotated

import typer

from twizzit_pipeline.cli.opened import Opened

_HELP = "A club: its credential's id, or its name or the beginning of it"

Club = Annotated[str, typer.Argument(metavar="CLUB", help=_HELP, show_default=False)]
"""The club that a command is about."""

MaybeClub = Annotated[str | None, typer.Argument(metavar="CLUB", help=_HELP, show_default=False)]
"""The same where all clubs are meant without one."""

OfClub = Annotated[
    str | None,
    typer.Option("--club", "--credential", metavar="CLUB", help="Only of this club: its credential's id, or its name"),
]
"""The club that a list is limited to, where the command has commands of its own and so takes no argument."""


def _not_needed(context: typer.Context, value: str | None) -> str | None:
    if value is not None:
        from twizzit_pipeline.cli.output.terminal import console  # noqa: PLC0415  (quick commands load little)

        line = f"--club is not needed any more: {context.command_path} {shlex.quote(value)}"
        console(stderr=True).print(line, soft_wrap=True)
    return value


OldClub = Annotated[
    str | None, typer.Option("--club", "--credential", metavar="CLUB", hidden=True, callback=_not_needed)
]
"""The same as it was once written, where it is an argument now; it says so on standard error. See `said_club`."""


def said_club(club: str | None, old: str | None) -> str | None:
    """The club of the argument, or of the option that it once was."""
    if None not in (club, old):
        raise typer.BadParameter("the club is there twice", param_hint="CLUB")
    return club if old is None else old


def clubs_of(here: Opened, club: str | None) -> list[tuple[int, str]]:
    """Id and organization of the credential that a list is about; of all of them where none is named.

    Raises:
        NotUnique: no club fits, or several do.
    """
    from twizzit_pipeline.credentials import store  # noqa: PLC0415  (quick commands load little)

    engine = here.database.engine
    found = store.list_all(engine) if club is None else [store.get(engine, credential_of(here, club))]
    return [(one.id, one.organization_name) for one in found]


def credential_of(here: Opened, club: str) -> int:
    """The id of the credential that is meant.

    Raises:
        NotUnique: no club fits, or several do.
    """
    from twizzit_pipeline.queries.finding import find_credential  # noqa: PLC0415  (quick commands load little)

    return find_credential(here.database.engine, club)
