"""`twizzit credentials`: add, list, verify; and the commands of `vault.py`."""

from typing import Annotated

import typer

from twizzit_pipeline.cli import asking, vault
from twizzit_pipeline.cli.clubs import Club, credential_of
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.terminal import console, moment, plural, print_json, table
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.settings import load_settings

app = typer.Typer(help="Twizzit logins, their passwords encrypted as ShotSpot encrypts them.", no_args_is_help=True)

_LONGEST_NAME = 255
_LONGEST_ENDPOINT = 500


def _name(value: str) -> str:
    text = value.strip()
    if not text or len(text) > _LONGEST_NAME or not text.isprintable():
        raise typer.BadParameter(f"1 to {_LONGEST_NAME} printable characters")
    return text


@app.command()
def add(
    organization: Annotated[str, typer.Option(callback=_name, help="As Twizzit names it")],
    username: Annotated[str, typer.Option(callback=_name, help="Of the Twizzit API account")],
    endpoint: Annotated[
        str,
        typer.Option(help="https://app.twizzit.com/v2/api is the live service; a path ending in /v1 is the old API"),
    ],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking")
    ] = False,
) -> None:
    """Store a login and print its id; asks for the password without showing it."""
    from twizzit_pipeline.twizzit.endpoint import parse_endpoint, refuse_private  # noqa: PLC0415

    settings = load_settings()
    base_url = parse_endpoint(endpoint).base_url
    if len(base_url) > _LONGEST_ENDPOINT:
        raise typer.BadParameter(f"at most {_LONGEST_ENDPOINT} characters", param_hint="--endpoint")
    refuse_private(base_url, allow_private=settings.allow_private_endpoints)
    key = encryption_keys(settings)
    password = asking.secret("password", from_stdin=password_stdin)
    with opened(settings) as here:
        new_id = store.add(
            here.database.engine,
            key,
            organization_name=organization,
            api_username=username,
            password=password,
            api_endpoint=base_url,
        )
    typer.echo(new_id)
    console(stderr=True).print(f"Stored. See whether it works: twizzit credentials verify {new_id}")


@app.command("list")
def list_credentials(as_json: Annotated[bool, typer.Option("--json", help="As one JSON document")] = False) -> None:
    """List the credentials, without their passwords."""
    with opened() as here:
        found = store.list_all(here.database.engine)
    if as_json:
        print_json(found)
        return
    if not found:
        console().print("No credentials yet; add one: twizzit credentials add --help")
        return
    rows = table("Id", "Organization", "Username", "Endpoint", "Verified", right=("Id",))
    for credential in found:
        rows.add_row(
            str(credential.id),
            credential.organization_name + ("" if credential.is_active else " (switched off)"),
            credential.api_username,
            credential.api_endpoint,
            moment(credential.last_verified_at),
        )
    console().print(rows)


@app.command()
def verify(club: Club, as_json: Annotated[bool, typer.Option("--json", help="As one JSON document")] = False) -> None:
    """Log in with a credential and say what it may read; nothing but its seasons is stored."""
    from twizzit_pipeline.sync.verify import verify as verified  # noqa: PLC0415  (frames)

    with opened() as here:
        credential_id = credential_of(here, club)
        found = verified(here.settings, here.database, credential_id)
    if as_json:
        print_json(found)
        return
    out = console()
    out.print(f"Connection verified. The account reads {found.organization_name}:")
    for count, one in ((found.organizations, "organization"), (found.groups, "group"), (found.seasons, "season")):
        if count is not None:
            out.print(f"  {plural(count, one)}")
    out.print(f"Next: twizzit sync {credential_id}")


vault.register(app)
