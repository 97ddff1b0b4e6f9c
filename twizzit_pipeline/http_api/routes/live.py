"""What ShotSpot's front end asks Twizzit live, kept for five minutes: organization, groups, seasons, players."""

from functools import partial
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator

from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.bodies import Preview, in_single_spaces
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import CredentialId, Here

router = guarded_router("Live from Twizzit")

# An empty one is none: front ends fill templates.
_RemoteId = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
# ShotSpot's front end keeps that of the first credential and sends it along for all others.
OrganizationId = Annotated[
    _RemoteId, Query(alias="organizationId", description="Ignored: a credential reads its own organization")
]
SeasonId = Annotated[
    _RemoteId,
    BeforeValidator(in_single_spaces),
    Query(alias="seasonId", description="Id or name; the running season by default"),
]
GroupType = Annotated[_RemoteId, Query(alias="groupType", description="The id of another type of groups than teams")]


@router.get(
    "/organization/{credentialId}",
    response_model=schemas.LiveOrganization,
    responses=answers(400, 404, 409, 424, 429),
)
async def organization(here: Here, caller: CurrentCaller, credential_id: CredentialId) -> schemas.LiveOrganization:
    """The organization that a credential reads."""
    await here.count(here.live_calls, caller)
    found = await here.beside(partial(here.live.organization, credential_id), of=credential_id)
    return schemas.LiveOrganization.of(found)


@router.get(
    "/groups/{credentialId}",
    response_model=schemas.Groups,
    responses=answers(400, 404, 409, 424, 429),
)
async def groups(
    here: Here,
    caller: CurrentCaller,
    credential_id: CredentialId,
    _organization_id: OrganizationId = None,
    season_id: SeasonId = None,
    group_type: GroupType = None,
) -> schemas.Groups:
    """The teams of a season, or its groups of another type."""
    await here.count(here.live_calls, caller)
    ask = partial(
        here.live.groups,
        credential_id,
        season_id=season_id or None,
        group_type=group_type or None,
    )
    found = [
        schemas.Group.of(team, name=team.name or "")
        for team in await here.beside(ask, of=credential_id)
        if team.id is not None
    ]
    return schemas.Groups(groups=found, total=len(found))


@router.get(
    "/seasons/{credentialId}",
    response_model=schemas.Seasons,
    responses=answers(400, 404, 409, 424, 429),
)
async def seasons(
    here: Here, caller: CurrentCaller, credential_id: CredentialId, _organization_id: OrganizationId = None
) -> schemas.Seasons:
    """The seasons of the account, the newest first."""
    await here.count(here.live_calls, caller)
    ask = partial(here.live.seasons, credential_id)
    found = [
        schemas.Season.of(season, id=season.id or season.label) for season in await here.beside(ask, of=credential_id)
    ]
    return schemas.Seasons(seasons=found, total=len(found))


@router.post(
    "/sync/preview/players/{credentialId}",
    response_model=schemas.PlayersPreview,
    responses=answers(400, 404, 409, 424, 429),
)
async def preview_players(
    here: Here, caller: CurrentCaller, credential_id: CredentialId, body: Preview
) -> schemas.PlayersPreview:
    """Who plays in a group, before anything is synced."""
    await here.count(here.live_calls, caller)
    ask = partial(
        here.live.players,
        credential_id,
        body.group_id,
        season_id=body.season_id,
    )
    found = [schemas.PreviewedPlayer.of(player) for player in await here.beside(ask, of=credential_id)]
    return schemas.PlayersPreview(total=len(found), players=found)
