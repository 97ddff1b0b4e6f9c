"""`twizzit credentials`: add, list, verify; and the commands of `vault.py`."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from twizzit_pipeline.cli import asking
from twizzit_pipeline.cli.clubs import Club, credential_of
from twizzit_pipeline.cli.commands import clubs_file, vault
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, moment, plural, print_json, table
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.settings import load_settings

if TYPE_CHECKING:
    from twizzit_pipeline.accounts.would_sync import TeamsToCome

app = typer.Typer(help="Twizzit logins, their passwords encrypted as ShotSpot encrypts them.", no_args_is_help=True)

_LONGEST_NAME = 255
_LONGEST_ENDPOINT = 500


def _name(value: str | None) -> str | None:
    if value is None:
        return None
    text = value.strip()
    if not text or len(text) > _LONGEST_NAME or not text.isprintable():
        raise typer.BadParameter(f"1 to {_LONGEST_NAME} printable characters")
    return text


@app.command()
def add(
    organization: Annotated[str | None, typer.Option(callback=_name, help="As Twizzit names it")] = None,
    username: Annotated[str | None, typer.Option(callback=_name, help="Of the Twizzit API account")] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(help="https://app.twizzit.com/v2/api is the live service; a path ending in /v1 is the old API"),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Many at once: a CSV file (- is standard input) with the columns organization, username, endpoint, "
            "and password or password_file",
        ),
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help="Read the password from standard input instead of asking; with --from: a line for each row without",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --from: what became of each row")] = False,
) -> None:
    """Store a login and print its id; asks for the password without showing it. Or many, from a file."""
    if source is not None:
        if organization or username or endpoint:
            raise typer.BadParameter("either one login or a file of them", param_hint="--from")
        _add_many(source, password_stdin=password_stdin, as_json=as_json)
        return
    for given, name in ((organization, "--organization"), (username, "--username"), (endpoint, "--endpoint")):
        if given is None:
            raise typer.BadParameter("it is needed (or --from FILE)", param_hint=name)
    assert organization is not None
    assert username is not None
    assert endpoint is not None
    _add_one(organization, username, endpoint, password_stdin=password_stdin)


def _add_one(organization: str, username: str, endpoint: str, *, password_stdin: bool) -> None:
    from twizzit_pipeline.twizzit.endpoint import parse_endpoint, refuse_private  # noqa: PLC0415

    settings = load_settings()
    endpoint = endpoint.strip()  # else as it was typed: ShotSpot reads it too, and appends the path to a bare host
    if len(endpoint) > _LONGEST_ENDPOINT:
        raise typer.BadParameter(f"at most {_LONGEST_ENDPOINT} characters", param_hint="--endpoint")
    refuse_private(parse_endpoint(endpoint).base_url, allow_private=settings.allow_private_endpoints)
    key = encryption_keys(settings)
    password = asking.secret("password", from_stdin=password_stdin)
    with opened(settings) as here:
        new_id = store.add(
            here.database.engine,
            key,
            organization_name=organization,
            api_username=username,
            password=password,
            api_endpoint=endpoint,
        )
    typer.echo(new_id)
    console(stderr=True).print(f"Stored. See whether it works: twizzit credentials verify {new_id}")


def _add_many(source: Path, *, password_stdin: bool, as_json: bool) -> None:
    if password_stdin and source == clubs_file.STANDARD_INPUT:
        raise typer.BadParameter("standard input is the file already", param_hint="--password-stdin")
    logins = clubs_file.read_logins(clubs_file.content_of(source))
    if any(login.password for login in logins) and clubs_file.readable_by_others(source):
        console(stderr=True).print(f"{source} holds passwords and others may read it: delete it when this is done.")
    typed = sys.stdin.buffer.read().decode(errors="replace").splitlines() if password_stdin else []
    settings = load_settings()
    key = encryption_keys(settings)
    folder = Path() if source == clubs_file.STANDARD_INPUT else source.parent
    with opened(settings) as here:
        done = list(clubs_file.add_all(settings, here.database, key, logins, folder=folder, typed=iter(typed)))
    counts = Counter(one.outcome for one in done)
    if as_json:
        print_json(done)
    else:
        shown = table("Row", "Organization", "", "Id", right=("Row", "Id"))
        for one in done:
            shown.add_row(str(one.row), one.organization or "–", one.outcome, "–" if one.id is None else str(one.id))
        out = console()
        out.print(shown)
        for one in done:
            if one.why:
                out.print(f"Row {one.row}: {one.why}")
        out.print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    if counts["refused"]:
        raise typer.Exit(ExitCode.FAILURE if counts["refused"] == len(done) else ExitCode.PARTIAL_SUCCESS)


@app.command("list")
def list_credentials(as_json: Json = False) -> None:
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
            credential.organization_name
            + ("" if credential.club_id is None else f" (club {credential.club_id})")
            + ("" if credential.is_active else " (switched off)"),
            credential.api_username,
            credential.api_endpoint,
            moment(credential.last_verified_at),
        )
    console(widest=140).print(rows)  # endpoints and user names are copied from here


@app.command()
def verify(club: Club, as_json: Json = False) -> None:
    """Log in with a credential and say what it may read, and which teams a sync would bring.

    All that is stored of it are its seasons, and when the login last worked.
    """
    from twizzit_pipeline.accounts.verify import verify as verified  # noqa: PLC0415  (frames)

    with opened() as here:
        credential_id = credential_of(here, club)
        found = verified(here.settings, here.database, credential_id, list_teams=True)
    if as_json:
        print_json(found)
        return
    out = console()
    out.print(f"Connection verified. The account reads {found.organization_name}:")
    for count, one in ((found.organizations, "organization"), (found.groups, "group"), (found.seasons, "season")):
        if count is not None:
            out.print(f"  {plural(count, one)}")
    if found.refusals:
        out.print("What a sync would refuse or not find:")
        for refusal in found.refusals:
            out.print(f"  {refusal}")
    if found.teams is not None:
        _show_teams(out, found.teams)
    out.print(f"Next: twizzit sync {credential_id}")


def _show_teams(out: Console, teams: "TeamsToCome") -> None:
    if teams.trouble is not None:
        out.print(f"The teams of {teams.season} cannot be read: {teams.trouble}")
        return
    out.print(f"A sync of {teams.season} would bring {plural(len(teams.names), 'team')}:")
    for name in teams.names:
        out.print(f"  {' '.join(name.split())}")
    if teams.rejected:
        out.print(f"and reject {teams.rejected:,}, which break a rule of the contract.")
    if teams.set_aside:
        out.print(f"{plural(teams.set_aside, 'other group')} would be set aside: no team, or listed twice.")


vault.register(app)
