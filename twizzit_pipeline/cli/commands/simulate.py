"""`twizzit simulate`: a Twizzit to develop and test against, on loopback. Its people and passwords are invented."""

import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from twizzit_pipeline.cli.output.guides import more
from twizzit_pipeline.cli.output.terminal import console, show_table, table

if TYPE_CHECKING:
    from twizzit_pipeline.simulator import SimulatorServer


def simulate(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one")] = 0,
    seed: Annotated[int, typer.Option(help="Another number, other clubs and people")] = 2026,
    clubs: Annotated[int, typer.Option(min=1, max=500, help="Organizations with an account of their own")] = 3,
    teams: Annotated[int, typer.Option(min=1, max=200, help="Teams of each club and season")] = 8,
    players: Annotated[int, typer.Option(min=1, max=200, help="Players of each team")] = 12,
    contacts: Annotated[int, typer.Option(min=0, max=100_000, help="Members of each club in no team")] = 40,
    tidy: Annotated[
        list[int] | None,
        typer.Option(min=1, help="A club (by number) with nothing that must be rejected; several times if wanted"),
    ] = None,
    next_season: Annotated[
        Literal["none", "empty", "filled"], typer.Option(help="Whether next season is listed, and has players yet")
    ] = "none",
    federation: Annotated[
        bool,
        typer.Option(
            help="Add an organization whose groups belong to many clubs: twizzit config set CLUB --federation"
        ),
    ] = False,
    federation_clubs: Annotated[int, typer.Option(min=1, max=2_000, help="Clubs of that organization")] = 6,
    federation_contacts: Annotated[int, typer.Option(min=0, max=160_000, help="Its contacts, in all")] = 1_500,
    token_seconds: Annotated[float, typer.Option(min=1, help="How long a token lives")] = 1800.0,
    quota: Annotated[int | None, typer.Option(min=0, help="Calls that an account may make in all")] = None,
    rate_limit: Annotated[
        int | None, typer.Option(min=1, help="Calls that an account may make in each minute; x-ratelimit-… shows them")
    ] = None,
    latency: Annotated[float, typer.Option(min=0, max=60_000, help="Milliseconds that each answer takes")] = 0.0,
    quirk: Annotated[
        list[str] | None,
        typer.Option(help="An awkward habit that live accounts have; several times if wanted"),
    ] = None,
    all_quirks: Annotated[bool, typer.Option("--all-quirks", help="All of those habits at once")] = False,
    change_every: Annotated[
        float | None, typer.Option(min=1, help="Seconds after which a club changes something by itself")
    ] = None,
) -> None:
    """Run a Twizzit of its own until Ctrl-C: both dialects, faults and changes on demand."""
    from twizzit_pipeline.simulator import SimulatorOptions, run_forever  # noqa: PLC0415  (a web server)
    from twizzit_pipeline.simulator.quirks import QUIRKS  # noqa: PLC0415

    if unknown := sorted(set(quirk or ()) - set(QUIRKS)):
        raise typer.BadParameter(f"no quirk is called {', '.join(unknown)}; there are: {', '.join(QUIRKS)}")
    options = SimulatorOptions(
        seed=seed,
        clubs=clubs,
        teams=teams,
        players_per_team=players,
        other_contacts=contacts,
        tidy=frozenset(tidy or ()),
        next_season=next_season,
        federation=federation,
        federation_clubs=federation_clubs,
        federation_contacts=federation_contacts,
        token_seconds=token_seconds,
        quota=quota,
        rate_limit=rate_limit,
        latency=latency / 1000,
        quirks=frozenset(one for one in QUIRKS if all_quirks or one in (quirk or ())),
    )
    run_forever("127.0.0.1", port, options, _announce, change_every=change_every)


def _announce(server: "SimulatorServer") -> None:
    out = console()
    out.print("A simulated Twizzit is running; Ctrl-C stops it. All people, clubs and passwords in it are invented.\n")
    out.print(f"  v2  {server.v2_endpoint}\n  v1  {server.v1_endpoint}")
    accounts = table("Username", "Password", "Organization")
    for column in accounts.columns[:2]:
        column.no_wrap = True  # they are there to be copied
    for organization in server.world.organizations:
        accounts.add_row(organization.account.username, organization.account.password, organization.name)
    show_table(out, accounts)
    first = server.world.organizations[0]
    out.print("To sync the first of them, in another terminal:\n")
    out.print("  export TWIZZIT_ALLOW_PRIVATE_ENDPOINTS=1")
    out.print(f"  twizzit credentials add --organization {shlex.quote(first.name)} \\")
    out.print(f"    --username {first.account.username} --endpoint {server.v2_endpoint}")
    out.print(f"  twizzit sync {shlex.quote(first.name)}\n")
    out.print(f"Its truth, its calls, and faults and changes on demand: {server.url}/simulator{more('simulator.md')}")
    sys.stdout.flush()
