"""`twizzit link CLUB`: a link with which a person of a club signs in to the pages."""

from typing import Annotated

import typer

from twizzit_pipeline.cli.clubs import Club, credential_of
from twizzit_pipeline.cli.opened import opened, say_if_not_noted
from twizzit_pipeline.credentials import store
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import driver_errors


def link(
    club: Club,
    role: Annotated[str, typer.Option(help="admin, or coach")],
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="Minutes until it expires")] = 15,
) -> None:
    """Print a link that signs a person in to the pages of one club, once."""
    from twizzit_pipeline.http_api.pages.invitations import ROLES, invite  # noqa: PLC0415  (FastAPI)
    from twizzit_pipeline.http_api.secret import jwt_secret  # noqa: PLC0415

    chosen = next((known for known in ROLES if known == role.casefold()), None)
    if chosen is None:
        raise typer.BadParameter(f"one of {', '.join(ROLES)}", param_hint="--role")
    settings = load_settings()
    secret = jwt_secret(settings)  # before the database is opened: this is the likelier fault
    with opened(settings) as here, driver_errors():
        engine = here.database.engine
        credential_id = store.get(engine, credential_of(here, club)).id
        made = invite(
            engine,
            secret,
            settings.pages_base,
            role=chosen,
            credential_id=credential_id,
            minutes=minutes,
            actor=this_user(),
        )
    say_if_not_noted("link", made.not_noted)
    typer.echo(made.url)
