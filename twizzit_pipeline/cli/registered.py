"""`twizzit registered --team TEAM_ID`: who of a team may play on Saturday, and who may not, and why."""

from typing import Annotated

import typer

from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.terminal import console, plural, print_json, table


def registered(
    team_id: Annotated[int, typer.Option("--team", help="A team of ShotSpot; see: twizzit mappings teams")],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document")] = False,
) -> None:
    """Show who of a team is registered, who is not, and why; those who are not come first."""
    from twizzit_pipeline.sync import registered as use_case  # noqa: PLC0415  (httpx)

    with opened() as here:
        found = use_case.registered(here.database.engine, team_id)
    if as_json:
        print_json(found)
        return
    out = console()
    if not found:
        out.print("Nobody plays in this team")
        return
    shown = table("Id", "No", "Player", "Registered", "Why", right=("Id", "No"))
    for one in found:
        number = "–" if one.jersey_number is None else str(one.jersey_number)
        name = f"{one.first_name} {one.last_name}"
        shown.add_row(str(one.player_id), number, name, "yes" if one.registered else "NO", one.reason)
    out.print(shown)
    absent = sum(not one.registered for one in found)
    out.print(f"{plural(len(found), 'player')}, {absent or 'none'} not registered")
