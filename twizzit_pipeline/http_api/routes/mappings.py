"""Which team, player, competition and game of ShotSpot is which of Twizzit."""

from typing import Annotated

from fastapi import Query, Response

from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import guarded_router
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
    responses={**answers(400, 404), 200: total_header()},
)
def player_mappings(
    here: Here,
    response: Response,
    owners: Owners,
    team_id: Annotated[
        int | None, Query(alias="teamId", ge=1, le=_LARGEST_ID, description="Who plays in this team of ShotSpot")
    ] = None,
    limit: Limit = _MOST,
    offset: Offset = 0,
) -> schemas.PlayerMappings:
    """The mapped players, by last and first name."""
    found = listing.player_mappings_of(here.engine, credential_ids=owners, team_id=team_id, limit=limit, offset=offset)
    total = listing.count_player_mappings(here.engine, credential_ids=owners, team_id=team_id)
    response.headers["X-Total-Count"] = str(total)
    return schemas.PlayerMappings(mappings=[_player(row) for row in found])


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
    return schemas.CompetitionMappings(mappings=[_competition(row) for row in found])


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
        int | None, Query(alias="competitionId", ge=1, le=_LARGEST_ID, description="Of this competition of ShotSpot")
    ] = None,
    team_id: Annotated[
        int | None, Query(alias="teamId", ge=1, le=_LARGEST_ID, description="That this team of ShotSpot plays")
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
    return schemas.MatchMappings(mappings=[_match(row) for row in found])


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


def _competition(row: fixtures.CompetitionMapping) -> schemas.CompetitionMapping:
    return schemas.CompetitionMapping(
        id=row.id,
        credential_id=row.credential_id,
        internal_competition_id=row.local_competition_id,
        internal_competition_name=row.local_competition_name,
        competition_type=row.competition_type,
        season=row.season,
        start_date=row.start_date,
        end_date=row.end_date,
        status=row.status,
        matches=row.matches,
        twizzit_competition_id=row.twizzit_competition_id,
        twizzit_competition_name=row.twizzit_competition_name,
        last_synced_at=row.last_synced_at,
        sync_status=row.sync_status,
        sync_error=row.sync_error,
    )


def _match(row: fixtures.MatchMapping) -> schemas.MatchMapping:
    return schemas.MatchMapping(
        id=row.id,
        credential_id=row.credential_id,
        internal_game_id=row.local_game_id,
        starts_at=row.starts_at,
        hour_known=row.hour_known,
        internal_home_team_id=row.home_team_id,
        home_name=row.home_name,
        internal_away_team_id=row.away_team_id,
        away_name=row.away_name,
        internal_competition_id=row.competition_id,
        internal_competition_name=row.competition_name,
        status=row.status,
        home_score=row.home_score,
        away_score=row.away_score,
        twizzit_match_id=row.twizzit_match_id,
        twizzit_match_name=row.twizzit_match_name,
        last_synced_at=row.last_synced_at,
        sync_status=row.sync_status,
        sync_error=row.sync_error,
    )
