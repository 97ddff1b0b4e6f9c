"""A coach's question before Saturday: who of this team is registered?"""

from functools import partial
from typing import Annotated

import anyio.to_thread
from fastapi import Query

from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.problems import invalid_field
from twizzit_pipeline.http_api.registrations import with_names
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import Here, Service
from twizzit_pipeline.queries import listing, rosters
from twizzit_pipeline.queries.finding import Place, find_player, find_team
from twizzit_pipeline.queries.registrations import Registered
from twizzit_pipeline.queries.rosters import Roster

router = guarded_router("Data Mappings")

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"


@router.get(
    "/registered",
    response_model=schemas.Registrations,
    responses=answers(400, 404, 409),
)
async def registrations(
    here: Here,
    caller: CurrentCaller,
    team_id: Annotated[
        int | None, Query(alias="teamId", ge=1, le=2**31 - 1, description="A team of ShotSpot"), PLAIN
    ] = None,
    team: Annotated[
        str | None,
        Query(max_length=200, pattern=_PRINTABLE, description="The same by its name; its club's may go before"),
    ] = None,
    player: Annotated[
        str | None, Query(max_length=200, pattern=_PRINTABLE, description="One player alone, by name, of any team")
    ] = None,
) -> schemas.Registrations:
    """All people whom Twizzit or ShotSpot has in a team: who may play, who may not, and why; those who may not first.

    People who were rejected or set aside have their names in Twizzit alone, which is asked for them (and kept for five
    minutes). Where it cannot be, they have an id and no name, and `namesMissing` says why. A name that fits several
    teams or players is a 409 that lists them.
    """
    read = partial(_read, here, caller, team_id, team, player)
    roster, place = await anyio.to_thread.run_sync(read)
    return _answer(await with_names(here, caller, roster), place)


def _read(
    here: Service, caller: Caller, team_id: int | None, team: str | None, player: str | None
) -> tuple[Roster, Place | None]:
    """The team that is meant, and the player, if one is."""
    if team_id is None and team is None and player is None:
        raise invalid_field("teamId", "a team is needed, by teamId or team, or a player")
    if team_id is None and team is not None:
        team_id = find_team(here.engine, team, credential_ids=caller.credentials)
    if team_id is not None and caller.credentials is not None:
        caller.require(listing.credential_of_team(here.engine, team_id))
    if player is None:
        assert team_id is not None
        return rosters.read_roster(here.engine, team_id), None
    place = find_player(here.engine, player, team_id=team_id, credential_ids=caller.credentials)
    return rosters.read_roster(here.engine, place.team_id), place


def _answer(found: Registered, place: Place | None) -> schemas.Registrations:
    people = found.people
    if place is not None and place.player_id is not None:
        people = [one for one in people if one.player_id == place.player_id]
    elif place is not None:
        people = [one for one in people if one.twizzit_id == place.twizzit_id]
    return schemas.Registrations.of(
        found,
        players=[schemas.Registration.of(one) for one in people],
        total=len(people),
        registered=sum(one.registered for one in people),
        in_twizzit=sum(one.in_twizzit for one in people),
        here=sum(one.here for one in people),
        set_aside=sum(one.code == "set_aside" for one in people),
    )
