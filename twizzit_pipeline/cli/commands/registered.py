"""`twizzit registered --team "U19 1"`: who of a team may play on Saturday, and who may not, and why."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from twizzit_pipeline.cli.clubs import MaybeClub, OldClub, credential_of, said_club
from twizzit_pipeline.cli.opened import Opened, opened
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, moment, plural, print_json, table

if TYPE_CHECKING:  # quick commands load neither frames nor HTTP
    from twizzit_pipeline.queries.registrations import Registered, Registration

_MEND = (
    "the flag counts. `twizzit attach` puts back a trigger that is gone and registers those who are linked; else set"
    " is_twizzit_registered in ShotSpot's table players (the check registration_in_step)"
)


def registered(
    club: MaybeClub = None,
    team: Annotated[str | None, typer.Option("--team", help="A team of ShotSpot: its id, or its name")] = None,
    player: Annotated[str | None, typer.Option("--player", help="This player alone, by name, of any team")] = None,
    as_json: Json = False,
    old: OldClub = None,
) -> None:
    """Show who of a team may play, who may not, and why: all people of the team in Twizzit and in ShotSpot.

    Those who may not play come first. For a team, Twizzit is asked for the names of people who were rejected or set
    aside; a player who is found by name has one already.
    """
    if team is None and player is None:
        raise typer.BadParameter("say which team, or which player", param_hint="--team")
    with opened() as here:
        found = _found(here, team, player, said_club(club, old))
    if as_json:
        print_json(found.people)
        return
    if found.names_missing is not None:
        note = f"Twizzit cannot be asked now, so people whom it alone lists are named by id: {found.names_missing}"
        console(stderr=True).print(note)
    _show(found)


def _found(here: Opened, team: str | None, player: str | None, club: str | None) -> "Registered":
    from twizzit_pipeline.queries.finding import find_player, find_team  # noqa: PLC0415  (database)
    from twizzit_pipeline.queries.registered import registered as use_case  # noqa: PLC0415

    engine = here.database.engine
    of = None if club is None else [credential_of(here, club)]
    team_id = None if team is None else find_team(engine, team, credential_ids=of)
    if player is None:
        from twizzit_pipeline.accounts.live import LiveTwizzit  # noqa: PLC0415  (what asks Twizzit)

        assert team_id is not None
        live = LiveTwizzit(here.settings, here.database)
        try:
            return use_case(engine, team_id, ask=live.members)
        finally:
            live.close()
    place = find_player(engine, player, team_id=team_id, credential_ids=of)
    found = use_case(engine, place.team_id)
    ids = (place.player_id, None if place.player_id is not None else place.twizzit_id)
    return replace(
        found,
        people=[one for one in found.people if (one.player_id, one.twizzit_id if ids[1] else None) == ids],
    )


def _show(found: "Registered") -> None:
    out = console()
    out.print(f"{found.team.name}, {found.team.club_name}")
    if not found.people:
        out.print("This team has no players, neither in ShotSpot nor in Twizzit")
        return
    out.print(_table(found))
    absent = sum(not one.registered and one.code != "set_aside" for one in found.people)
    players = len(found.people) - found.set_aside
    aside = f"; {plural(found.set_aside, 'person', 'people')} set aside" if found.set_aside else ""
    out.print(f"{plural(players, 'player')}, {absent or 'none'} not registered{aside}")
    if found.out_of_step:
        disagree = plural(found.out_of_step, "player", "players")
        out.print(f"{disagree} whose flag in ShotSpot is not what the link with Twizzit says: {_MEND}")
    if found.as_of is not None:
        out.print(f"As the sync saw it that ended {moment(found.as_of)}")
    out.print(f"{found.in_twizzit} in Twizzit, {found.here} here")


def _table(found: "Registered") -> Table:
    shown = table("Id", "No", "Player", "May play", "Why", right=("Id", "No"))
    for one in found.people:
        number = "–" if one.jersey_number is None else str(one.jersey_number)
        id_ = "–" if one.player_id is None else str(one.player_id)
        shown.add_row(id_, number, _name(one), "yes" if one.registered else "NO", one.reason)
    return shown


def _name(one: "Registration") -> str:
    names = " ".join(filter(None, (one.first_name, one.last_name)))
    return names or ("without an id" if one.twizzit_id is None else f"Twizzit id {one.twizzit_id}")
