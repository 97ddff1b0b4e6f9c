"""Which team, player, competition and game of ShotSpot is which of Twizzit."""

from typing import Annotated

from fastapi import Query, Response

from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import guarded_router
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.routes.documented import answers, total_header
from twizzit_pipeline.http_api.service import Here, Offset, Owners
from twizzit_pipeline.queries import fixtures, listing

router = guarded_router("Data Mappings")

_MOST = 1000
_LARGEST_ID = 2**31 - 1

Limit = Annotated[int, Query(ge=1, le=_MOST, description="Rows at most; a club fits into one page")]


@router.get(
    "/mappings/teams",
    response_model=schemas.TeamMappings,
    responses={**answers(400, 404), 200: total_header()},
)
def team_mappings(
    here: Here,
    response: Response,
    owners: Owners,
    limit: Limit = _MOST,
    offset: Offset = 0,
) -> schemas.TeamMappings:
    """The mapped teams, by club, season and name."""
    found = listing.team_mappings_of(here.engine, credential_ids=owners, limit=limit, offset=offset)
    response.headers["X-Total-Count"] = str(listing.count_team_mappings(here.engine, credential_ids=owners))
    return schemas.TeamMappings(mappings=[schemas.TeamMapping.of(row) for row in found])


@router.get(
    "/mappings/players",
    response_model=schemas.PlayerMappings,
    responses={**answers(400, 404), 200: total_header()},
)
def player_mappings(
    here: Here,
    response: Response,
    owners: Owners,
    team_id: Annotated[
        int | None, Query(alias="teamId", ge=1, le=_LARGEST_ID, description="Who plays in this team of ShotSpot"), PLAIN
    ] = None,
    limit: Limit = _MOST,
    offset: Offset = 0,
) -> schemas.PlayerMappings:
    """The mapped players, by last and first name."""
    found = listing.player_mappings_of(here.engine, credential_ids=owners, team_id=team_id, limit=limit, offset=offset)
    total = listing.count_player_mappings(here.engine, credential_ids=owners, team_id=team_id)
    response.headers["X-Total-Count"] = str(total)
    return schemas.PlayerMappings(mappings=[schemas.PlayerMapping.of(row) for row in found])


@router.get(
    "/mappings/competitions",
    response_model=schemas.CompetitionMappings,
    responses={**answers(400, 404), 200: total_header()},
)
def competition_mappings(
    here: Here,
    response: Response,
    owners: Owners,
    limit: Limit = _MOST,
    offset: Offset = 0,
) -> schemas.CompetitionMappings:
    """The mapped competitions, the latest season first, by name."""
    found = fixtures.competition_mappings_of(here.engine, credential_ids=owners, limit=limit, offset=offset)
    response.headers["X-Total-Count"] = str(fixtures.count_competition_mappings(here.engine, credential_ids=owners))
    return schemas.CompetitionMappings(mappings=[schemas.CompetitionMapping.of(row) for row in found])


@router.get(
    "/mappings/matches",
    response_model=schemas.MatchMappings,
    responses={**answers(400, 404), 200: total_header()},
)
def match_mappings(
    here: Here,
    response: Response,
    owners: Owners,
    competition_id: Annotated[
        int | None,
        Query(alias="competitionId", ge=1, le=_LARGEST_ID, description="Of this competition of ShotSpot"),
        PLAIN,
    ] = None,
    team_id: Annotated[
        int | None, Query(alias="teamId", ge=1, le=_LARGEST_ID, description="That this team of ShotSpot plays"), PLAIN
    ] = None,
    limit: Limit = _MOST,
    offset: Offset = 0,
) -> schemas.MatchMappings:
    """The mapped matches, in the order in which they are played."""
    found = fixtures.match_mappings_of(
        here.engine,
        credential_ids=owners,
        competition_id=competition_id,
        team_id=team_id,
        limit=limit,
        offset=offset,
    )
    total = fixtures.count_match_mappings(
        here.engine, credential_ids=owners, competition_id=competition_id, team_id=team_id
    )
    response.headers["X-Total-Count"] = str(total)
    return schemas.MatchMappings(mappings=[schemas.MatchMapping.of(row) for row in found])
