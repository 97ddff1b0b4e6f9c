"""Credential management: stored, listed, deleted; and for coaches, which organizations there are."""

from functools import partial
from typing import Annotated

import anyio.to_thread
from fastapi import Query

from twizzit_pipeline.accounts import moving
from twizzit_pipeline.accounts.verify import check_endpoint, usual_endpoint
from twizzit_pipeline.credentials import acceptance, clubs, store
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.errors import EndpointRefused
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.bodies import AcceptedLogin, ClubChange, EndpointChange, NewCredential
from twizzit_pipeline.http_api.problems import invalid_field
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.routes.verification import verification
from twizzit_pipeline.http_api.service import CredentialId, Here, Service
from twizzit_pipeline.runs import fed_clubs
from twizzit_pipeline.scheduling import automatic
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors

router = guarded_router("Credential Management")


Verify = Annotated[bool, Query(description="The same as `verify` in the body")]

_STORED = "Credentials stored successfully"
_LIVE = f"{_STORED}; no endpoint was given and the old API does not answer, so it is the live service"


@router.post(
    "/credentials",
    status_code=201,
    response_model=schemas.CredentialStored,
    response_model_exclude_unset=True,
    responses=answers(400, 409, 429),
)
async def store_credentials(
    here: Here, caller: CurrentCaller, body: NewCredential, verify: Verify = False
) -> schemas.CredentialStored:
    """Store a login of Twizzit, its password encrypted; and log in with it, if `verify` says so."""
    wanted = verify or body.verify is True
    if wanted:
        await here.count(here.verifications, caller)  # before anything is stored
    # Looking a host up can take a while, and may be given up; what is stored may not.
    endpoint, dialect, message = await here.beside(partial(_endpoint, here.settings, body.api_endpoint))
    added = await anyio.to_thread.run_sync(partial(_add, here, body, endpoint, caller.actor))
    answer = schemas.CredentialStored(message=message, credential=schemas.StoredCredential.of(added), dialect=dialect)
    if wanted:
        answer.verification = await verification(here, added.id)
    return answer


def _add(here: Service, body: NewCredential, endpoint: str, actor: Actor) -> store.Credential:
    with driver_errors():
        new_id = store.add(
            here.engine,
            encryption_keys(here.settings),
            organization_name=body.organization_name,
            api_username=body.api_username,
            password=body.api_password,
            api_endpoint=endpoint,
            actor=actor,
        )
        return store.get(here.engine, new_id)


@router.get("/credentials", response_model=schemas.Credentials, responses=answers())
def list_credentials(here: Here) -> schemas.Credentials:
    """Every login, without its password."""
    with driver_errors():
        found = store.list_all(here.engine)
    return schemas.Credentials(credentials=[schemas.Credential.of(one) for one in found])


@router.delete(
    "/credentials/{credentialId}",
    response_model=schemas.Message,
    responses=answers(400, 404, 409),
)
def delete_credentials(here: Here, caller: CurrentCaller, credential_id: CredentialId) -> schemas.Message:
    """Delete a login with its configuration and history; teams, players and mappings stay."""
    with driver_errors():
        store.delete(here.engine, credential_id, actor=caller.actor)
    return schemas.Message(message="Credentials deleted successfully")


@router.post(
    "/credentials/{credentialId}/accept",
    response_model=schemas.CredentialAccepted,
    responses=answers(400, 404, 409),
)
async def accept_credentials(
    here: Here, caller: CurrentCaller, credential_id: CredentialId, body: AcceptedLogin
) -> schemas.CredentialAccepted:
    """Take a login as it is now, after its user name or endpoint was changed past this API.

    The body says both as they were looked at: 409 where the login says something else by now.
    """
    await here.beside(partial(_endpoint, here.settings, body.api_endpoint))
    return await anyio.to_thread.run_sync(partial(_accept, here, credential_id, body, caller.actor))


def _accept(here: Service, credential_id: int, body: AcceptedLogin, actor: Actor) -> schemas.CredentialAccepted:
    with driver_errors():
        why = acceptance.accept(
            here.engine,
            encryption_keys(here.settings),
            credential_id,
            api_username=body.api_username,
            api_endpoint=body.api_endpoint,
            actor=actor,
        )
        if why is not None:
            automatic.login_changed(here.engine, credential_id)
        now = store.get(here.engine, credential_id)
    message = "There is nothing to accept" if why is None else "Credentials accepted successfully"
    return schemas.CredentialAccepted(message=message, credential=schemas.StoredCredential.of(now), because=why)


@router.get(
    "/credentials/{credentialId}/club",
    response_model=schemas.NamedClub,
    responses=answers(400, 404),
)
def named_club(here: Here, credential_id: CredentialId) -> schemas.NamedClub:
    """Which club of ShotSpot was chosen for the organization."""
    with driver_errors():
        found = clubs.named_club(here.engine, credential_id)
    return _club(found)


@router.put(
    "/credentials/{credentialId}/club",
    response_model=schemas.NamedClub,
    responses=answers(400, 404),
)
def name_club(here: Here, caller: CurrentCaller, credential_id: CredentialId, body: ClubChange) -> schemas.NamedClub:
    """Say which club of ShotSpot the organization is, where its name does not decide; its mapped teams stay put."""
    with driver_errors():
        found = clubs.set_club(here.engine, credential_id, body.club_id, actor=caller.actor)
    return _club(found)


@router.put(
    "/credentials/{credentialId}/endpoint",
    response_model=schemas.Moved,
    responses=answers(400, 404, 409),
)
async def change_endpoint(
    here: Here, caller: CurrentCaller, credential_id: CredentialId, body: EndpointChange
) -> schemas.Moved:
    """Have a login ask another address; what it mapped goes on there only where `sameOrganization` says so."""
    endpoint = body.api_endpoint
    if endpoint is not None:
        endpoint, _, _ = await here.beside(partial(_endpoint, here.settings, endpoint))
    done = await anyio.to_thread.run_sync(partial(_move, here, credential_id, endpoint, body, caller.actor))
    return schemas.Moved.of(done)


def _move(here: Service, credential_id: int, endpoint: str | None, body: EndpointChange, actor: Actor) -> moving.Moved:
    try:
        return moving.change_endpoint(
            here.engine,
            encryption_keys(here.settings),
            credential_id,
            endpoint=endpoint,
            same_organization=body.same_organization is True,
            actor=actor,
        )
    except EndpointRefused as error:
        raise invalid_field("sameOrganization" if body.same_organization else "apiEndpoint", str(error)) from None


@router.get(
    "/credentials/{credentialId}/clubs",
    response_model=schemas.FedClubs,
    responses=answers(400, 404),
)
def list_fed_clubs(here: Here, credential_id: CredentialId) -> schemas.FedClubs:
    """The clubs of ShotSpot that a login feeds; a federation's may name any."""
    found = fed_clubs.clubs_of(here.engine, credential_id)
    return schemas.FedClubs(clubs=[schemas.FedClub.of(one) for one in found])


@router.get(
    "/organizations",
    response_model=schemas.Organizations,
    responses=answers(),
)
def list_organizations(here: Here, caller: CurrentCaller) -> schemas.Organizations:
    """The credentials that the caller may use, by name: enough to choose one."""
    with driver_errors():
        found = store.list_all(here.engine)
    return schemas.Organizations(
        organizations=[schemas.Organization.of(one) for one in found if caller.may_use(one.id)]
    )


def _club(found: clubs.Club | None) -> schemas.NamedClub:
    if found is None:
        return schemas.NamedClub(club_id=None, club_name=None)
    return schemas.NamedClub.of(found)


def _endpoint(settings: Settings, url: str | None) -> tuple[str, str, str]:
    """The endpoint as it is stored, what it speaks, and what the answer says of it."""
    typed, is_default = (url, True) if url is not None else usual_endpoint(settings)
    try:
        dialect = check_endpoint(settings, typed).dialect
    except EndpointRefused as error:
        raise invalid_field("apiEndpoint", str(error)) from None
    return typed, dialect, _STORED if is_default else f"{_LIVE}, {typed}"
