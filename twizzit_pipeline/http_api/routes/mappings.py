"""Which team and player of ShotSpot is which of Twizzit."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Query, Response

from twizzit_pipeline.credentials import store
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import Caller, CurrentCaller, GuardedRoute, allow
from twizzit_pipeline.http_api.routes.documented import answers, total_header
from twizzit_pipeline.http_api.service import Here, Offset, Service
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.sync import listing

router = APIRouter(tags=["Data Mappings"], route_class=GuardedRoute)

_MOST = 1000

Limit = Annotated[int, Query(ge=1, le=_MOST, description="Rows at most; a club fits into one page")]
OfCredential = Annotated[int | None, Query(alias="credentialId", ge=1, description="Of this credential alone")]


@router.get(
    "/mappings/teams",
    response_model=schemas.TeamMappings,
    dependencies=[allow("admin", "coach")],
    responses={**answers(400, 404), 200: total_header()},
)
def team_mappings(
    here: Here,
    caller: CurrentCaller,
    response: Response,
    credential_id: OfCredential = None,
    limit: Limit = _MOST,
    offset: Offset = 0,
) -> schemas.TeamMappings:
    """The mapped teams, by club, season and name."""
    owners = _owners(here, caller, credential_id)
    found = listing.team_mappings_of(here.engine, credential_ids=owners, limit=limit, offset=offset)
    response.headers["X-Total-Count"] = str(listing.count_team_mappings(here.engine, credential_ids=owners))
    return schemas.TeamMappings(
        mappings=[
            schemas.TeamMapping(
                id=row.id,
                credential_id=row.credential_id,
                internal_team_id=row.local_team_id,
                internal_team_name=row.local_team_name,
                twizzit_team_id=row.twizzit_team_id,
                twizzit_team_name=row.twizzit_team_name,
                last_synced_at=row.last_synced_at,
                sync_status=row.sync_status,
                sync_error=row.sync_error,
            )
            for row in found
        ]
    )


@router.get(
    "/mappings/players",
    response_model=schemas.PlayerMappings,
    dependencies=[allow("admin", "coach")],
    responses={**answers(400, 404), 200: total_header()},
)
def player_mappings(
    here: Here,
    caller: CurrentCaller,
    response: Response,
    team_id: Annotated[
        int | None, Query(alias="teamId", ge=1, le=2**31 - 1, description="Who plays in this team of ShotSpot")
    ] = None,
    credential_id: OfCredential = None,
    limit: Limit = _MOST,
    offset: Offset = 0,
) -> schemas.PlayerMappings:
    """The mapped players, by last and first name."""
    owners = _owners(here, caller, credential_id)
    found = listing.player_mappings_of(here.engine, credential_ids=owners, team_id=team_id, limit=limit, offset=offset)
    total = listing.count_player_mappings(here.engine, credential_ids=owners, team_id=team_id)
    response.headers["X-Total-Count"] = str(total)
    return schemas.PlayerMappings(mappings=[_player(row) for row in found])


def _owners(here: Service, caller: Caller, credential_id: int | None) -> Collection[int] | None:
    """Whose mappings to show; None for everybody's, those without a credential too."""
    if credential_id is None:
        return caller.credentials
    caller.require(credential_id)
    with driver_errors():
        store.get(here.engine, credential_id)
    return [credential_id]


def _player(row: listing.PlayerMapping) -> schemas.PlayerMapping:
    return schemas.PlayerMapping(
        id=row.id,
        credential_id=row.credential_id,
        internal_player_id=row.local_player_id,
        internal_player_name=f"{row.local_first_name} {row.local_last_name}",
        internal_player_first_name=row.local_first_name,
        internal_player_last_name=row.local_last_name,
        jersey_number=row.jersey_number,
        internal_team_id=row.local_team_id,
        internal_team_name=row.local_team_name,
        twizzit_player_id=row.twizzit_player_id,
        twizzit_player_name=row.twizzit_player_name,
        twizzit_team_id=row.twizzit_team_id,
        twizzit_team_name=row.twizzit_team_name,
        last_synced_at=row.last_synced_at,
        sync_status=row.sync_status,
        sync_error=row.sync_error,
    )
