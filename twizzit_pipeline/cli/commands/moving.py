"""The endpoint of a credential and the clubs that it feeds: `twizzit credentials update` and `clubs`."""

from typing import Annotated

import typer

from twizzit_pipeline.cli.clubs import Club, credential_of
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, plural, print_json, table
from twizzit_pipeline.credentials.key import encryption_keys

_LONGEST_ENDPOINT = 500


def clubs(club: Club, as_json: Json = False) -> None:
    """List the clubs of ShotSpot that a credential feeds, and how many of their teams named them."""
    from twizzit_pipeline.runs import fed_clubs  # noqa: PLC0415  (the client)

    with opened() as here:
        found = fed_clubs.clubs_of(here.database.engine, credential_of(here, club))
    if as_json:
        print_json(found)
        return
    rows = table("Id", "Club", "Teams", "Named so by groups", right=("Id", "Teams", "Named so by groups"))
    for one in found:
        rows.add_row(str(one.club_id), one.club_name, str(one.teams), str(one.named))
    console().print(rows)


def update(
    club: Club,
    endpoint: Annotated[str | None, typer.Option(help="The endpoint to use from now on")] = None,
    same_organization: Annotated[
        bool,
        typer.Option(
            "--same-organization",
            help="It is the same Twizzit under another address: what was mapped goes on there",
        ),
    ] = False,
) -> None:
    """Move a credential to another endpoint; its login, configuration and history stay.

    What it mapped at the old address is not used at another host, unless --same-organization says that both are the
    same Twizzit: a server that answers there might be any.
    """
    from twizzit_pipeline.accounts import moving  # noqa: PLC0415  (the client)
    from twizzit_pipeline.twizzit.endpoint import parse_endpoint, refuse_private  # noqa: PLC0415

    if endpoint is None and not same_organization:
        raise typer.BadParameter("say what to change", param_hint="--endpoint")
    with opened() as here:
        if endpoint is not None:
            endpoint = endpoint.strip()
            if len(endpoint) > _LONGEST_ENDPOINT:
                raise typer.BadParameter(f"at most {_LONGEST_ENDPOINT} characters", param_hint="--endpoint")
            refuse_private(parse_endpoint(endpoint).base_url, allow_private=here.settings.allow_private_endpoints)
        credential_id = credential_of(here, club)
        done = moving.change_endpoint(
            here.database.engine,
            encryption_keys(here.settings),
            credential_id,
            endpoint=endpoint,
            same_organization=same_organization,
        )
    out = console()
    out.print(
        f"Credential {credential_id} asks {done.host}. See whether it works: twizzit credentials verify {credential_id}"
    )
    if done.carried_over:
        out.print(f"{plural(done.carried_over, 'mapping')} of before count there from now on.")
    if done.left:
        out.print(
            f"{plural(done.left, 'mapping')} of another address stay as they are and are not used: syncs report each. "
            f"If both are the same Twizzit: twizzit credentials update {credential_id} --same-organization"
        )
