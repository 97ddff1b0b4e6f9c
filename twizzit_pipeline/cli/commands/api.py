"""`twizzit api` serves the HTTP API; `twizzit token` makes a token for it."""

from datetime import timedelta
from typing import Annotated

import typer

from twizzit_pipeline import logs
from twizzit_pipeline.cli.clubs import credential_of
from twizzit_pipeline.cli.issued import record_token_of
from twizzit_pipeline.cli.opened import opened, say_if_not_noted
from twizzit_pipeline.cli.output.guides import more
from twizzit_pipeline.cli.output.terminal import console
from twizzit_pipeline.settings import load_settings

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def api(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; default TWIZZIT_API_HOST or 127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 is any free one; default TWIZZIT_API_PORT or 8000")
    ] = None,
) -> None:
    """Serve the HTTP API under /api/twizzit until Ctrl-C."""
    from twizzit_pipeline.http_api.secret import jwt_secret  # noqa: PLC0415

    settings = load_settings()
    jwt_secret(settings)  # before the database is opened: this is the likelier fault
    from twizzit_pipeline.http_api.server import listen, serve  # noqa: PLC0415  (FastAPI)

    address = host or settings.api_host
    out = console(stderr=True)

    def announce(url: str) -> None:
        out.print(f"The API answers on {url}/api/twizzit; its routes are shown on {url}/docs. Ctrl-C ends it.")
        if address not in _LOOPBACK:
            out.print(f"It listens beyond this machine: put a proxy with TLS before it{more('security.md')}.")

    with listen(address, settings.api_port if port is None else port) as listener, opened(settings) as here:
        logs.configure(settings)
        serve(settings, here.database, listener=listener, announce=announce)


def token(
    role: Annotated[str, typer.Option(help="admin, coach, user, or monitor (reads only /metrics)")],
    user_id: Annotated[int, typer.Option(help="Claim userId: who the audit log names")] = 0,
    username: Annotated[str, typer.Option(help="Claim username")] = "twizzit-cli",
    hours: Annotated[float, typer.Option(min=0.01, max=8760, help="Hours until it expires")] = 12.0,
    organization: Annotated[
        list[str] | None,
        typer.Option("--club", "--organization", help="For a coach: only this club; may be given several times"),
    ] = None,
) -> None:
    """Print a token for the HTTP API, signed with JWT_SECRET or with the embedded mode's own secret."""
    from twizzit_pipeline.http_api.access_table import ROLES  # noqa: PLC0415  (FastAPI)
    from twizzit_pipeline.http_api.secret import jwt_secret  # noqa: PLC0415
    from twizzit_pipeline.http_api.tokens import Tokens  # noqa: PLC0415

    chosen = next((known for known in ROLES if known == role.casefold()), None)
    if chosen is None:
        raise typer.BadParameter(f"one of {', '.join(ROLES)}", param_hint="--role")
    if organization and chosen != "coach":
        raise typer.BadParameter("only a coach's token is held to clubs", param_hint="--club")
    settings = load_settings()
    tokens = Tokens(jwt_secret(settings))
    seconds = round(timedelta(hours=hours).total_seconds())
    held = _ids(organization) if organization else None
    made = tokens.issue(chosen, user_id=user_id, username=username, seconds=seconds, credentials=held)
    not_noted = record_token_of(settings, chosen, user_id=user_id, seconds=seconds, credentials=held)
    say_if_not_noted("token", not_noted)
    typer.echo(made)


def _ids(clubs: list[str]) -> list[int]:
    """The credentials that are meant; the database is asked for names alone."""
    if all(club.isascii() and club.isdigit() for club in clubs):
        return [int(club) for club in clubs]
    with opened() as here:
        return [credential_of(here, club) for club in clubs]
