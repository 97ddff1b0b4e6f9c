"""`twizzit coaches …`: which clubs a coach may see in the HTTP API, where ShotSpot's token does not say."""

from typing import Annotated

import typer

from twizzit_pipeline.cli.clubs import credential_of
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, moment, print_json, table
from twizzit_pipeline.credentials import coaches
from twizzit_pipeline.errors import ConfigurationRefused

app = typer.Typer(help="Which clubs a coach may see in the HTTP API.", no_args_is_help=True)

UserId = Annotated[
    str, typer.Argument(metavar="USER_ID", help="The coach's id in ShotSpot, the claim userId", show_default=False)
]


@app.command("list")
def list_all(
    as_json: Json = False,
) -> None:
    """Show the coaches that are limited to clubs; all others see every club."""
    with opened() as here:
        found = coaches.list_all(here.database.engine)
    if as_json:
        print_json(found)
        return
    if not found:
        console().print("No coach is limited: each of them sees every club.")
        return
    shown = table("User", "Since", "Clubs")
    for one in found:
        clubs = ", ".join(f"{club.credential_id} {club.organization_name}" for club in one.clubs)
        shown.add_row(one.user_id, moment(one.limited_at), clubs or "none")
    console().print(shown)


@app.command()
def limit(
    user_id: UserId,
    clubs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CLUB…", help="Each its credential's id, or its name or the beginning of it", show_default=False
        ),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="To no club at all")] = False,
) -> None:
    """Limit a coach to these clubs; they replace those that were set before."""
    if none == bool(clubs):
        raise typer.BadParameter("name the clubs that the coach may see, or --none", param_hint="CLUB")
    user = _checked(user_id)
    with opened() as here:
        wanted = [credential_of(here, club) for club in clubs or ()]
        done = coaches.limit(here.database.engine, user, wanted)
    names = ", ".join(f"{club.credential_id} ({club.organization_name})" for club in done.clubs)
    console().print(f"User {done.user_id} sees {names} alone." if names else f"User {user} sees no club.")


@app.command()
def free(user_id: UserId) -> None:
    """Let a coach see every club again."""
    user = _checked(user_id)
    with opened() as here:
        changed = coaches.free(here.database.engine, user)
    already = "" if changed else "was not limited, and "
    console().print(f"User {user} {already}sees every club.")


def _checked(user_id: str) -> str:
    try:
        return coaches.user_id_of(user_id)
    except ConfigurationRefused as error:
        raise typer.BadParameter(str(error), param_hint="USER_ID") from None
