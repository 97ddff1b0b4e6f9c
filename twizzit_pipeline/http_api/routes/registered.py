"""A coach's question before Saturday: who of this team is registered?"""

from typing import Annotated

from fastapi import APIRouter, Query

from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import CurrentCaller, GuardedRoute, allow
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import Here
from twizzit_pipeline.sync import listing
from twizzit_pipeline.sync.registered import registered

router = APIRouter(tags=["Data Mappings"], route_class=GuardedRoute)


@router.get(
    "/registered",
    response_model=schemas.Registrations,
    dependencies=[allow("admin", "coach")],
    responses=answers(400, 404),
)
def registrations(
    here: Here,
    caller: CurrentCaller,
    team_id: Annotated[int, Query(alias="teamId", ge=1, le=2**31 - 1, description="A team of ShotSpot")],
) -> schemas.Registrations:
    """The players of a team: who is registered, who is not, and why."""
    if caller.credentials is not None:
        caller.require(listing.credential_of_team(here.engine, team_id))
    found = registered(here.engine, team_id)
    players = [schemas.Registration.model_validate(one) for one in found]
    return schemas.Registrations(
        players=players, total=len(players), registered=sum(player.registered for player in players)
    )
