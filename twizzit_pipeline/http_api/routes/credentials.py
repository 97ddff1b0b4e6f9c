"""Credential management: stored, listed, deleted; and for coaches, which organizations there are."""

from fastapi import APIRouter

from twizzit_pipeline.credentials import clubs, store
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.credentials.store import DEFAULT_ENDPOINT
from twizzit_pipeline.errors import EndpointRefused
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import CurrentCaller, GuardedRoute, allow
from twizzit_pipeline.http_api.bodies import ClubChange, NewCredential
from twizzit_pipeline.http_api.problems import invalid_field
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import CredentialId, Here
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.sync.verify import check_endpoint

router = APIRouter(tags=["Credential Management"], route_class=GuardedRoute)


@router.post(
    "/credentials",
    status_code=201,
    response_model=schemas.CredentialStored,
    dependencies=[allow("admin")],
    responses=answers(400, 409),
)
async def store_credentials(here: Here, caller: CurrentCaller, body: NewCredential) -> schemas.CredentialStored:
    """Store a login of Twizzit, its password encrypted."""

    def add() -> store.Credential:
        endpoint = _endpoint(here.settings, body.api_endpoint or DEFAULT_ENDPOINT)
        with driver_errors():
            new_id = store.add(
                here.engine,
                encryption_keys(here.settings),
                organization_name=body.organization_name,
                api_username=body.api_username,
                password=body.api_password,
                api_endpoint=endpoint,
                actor=caller.actor,
            )
            return store.get(here.engine, new_id)

    added = await here.beside(add)  # looking a host up can take a while
    return schemas.CredentialStored(
        message="Credentials stored successfully", credential=schemas.StoredCredential.model_validate(added)
    )


@router.get("/credentials", response_model=schemas.Credentials, dependencies=[allow("admin")], responses=answers())
def list_credentials(here: Here) -> schemas.Credentials:
    """Every login, without its password."""
    with driver_errors():
        found = store.list_all(here.engine)
    return schemas.Credentials(credentials=[schemas.Credential.model_validate(one) for one in found])


@router.delete(
    "/credentials/{credentialId}",
    response_model=schemas.Message,
    dependencies=[allow("admin")],
    responses=answers(400, 404, 409),
)
def delete_credentials(here: Here, caller: CurrentCaller, credential_id: CredentialId) -> schemas.Message:
    """Delete a login with its configuration and history; teams, players and mappings stay."""
    with driver_errors():
        store.delete(here.engine, credential_id, actor=caller.actor)
    return schemas.Message(message="Credentials deleted successfully")


@router.get(
    "/credentials/{credentialId}/club",
    response_model=schemas.NamedClub,
    dependencies=[allow("admin")],
    responses=answers(400, 404),
)
def named_club(here: Here, credential_id: CredentialId) -> schemas.NamedClub:
    """Which club of ShotSpot somebody said the organization is."""
    with driver_errors():
        found = clubs.named_club(here.engine, credential_id)
    return _club(found)


@router.put(
    "/credentials/{credentialId}/club",
    response_model=schemas.NamedClub,
    dependencies=[allow("admin")],
    responses=answers(400, 404),
)
def name_club(here: Here, caller: CurrentCaller, credential_id: CredentialId, body: ClubChange) -> schemas.NamedClub:
    """Say which club of ShotSpot the organization is, where its name does not tell; its mapped teams stay put."""
    with driver_errors():
        found = clubs.set_club(here.engine, credential_id, body.club_id, actor=caller.actor)
    return _club(found)


@router.get(
    "/organizations",
    response_model=schemas.Organizations,
    dependencies=[allow("admin", "coach")],
    responses=answers(),
)
def list_organizations(here: Here, caller: CurrentCaller) -> schemas.Organizations:
    """The credentials that the caller may use, by name: enough to choose one."""
    with driver_errors():
        found = store.list_all(here.engine)
    return schemas.Organizations(
        organizations=[schemas.Organization.model_validate(one) for one in found if caller.may_use(one.id)]
    )


def _club(found: clubs.Club | None) -> schemas.NamedClub:
    if found is None:
        return schemas.NamedClub(club_id=None, club_name=None)
    return schemas.NamedClub(club_id=found.id, club_name=found.name)


def _endpoint(settings: Settings, url: str) -> str:
    try:
        endpoint = check_endpoint(settings, url)
    except EndpointRefused as error:
        raise invalid_field("apiEndpoint", str(error)) from None
    if len(endpoint) > 500:
        raise invalid_field("apiEndpoint", "at most 500 characters")
    return endpoint
