"""Does a login work? Asked of Twizzit itself."""

from functools import partial
from typing import Annotated, Literal

import anyio.to_thread
from fastapi import Query
from fastapi.responses import JSONResponse
from starlette.responses import Response

from twizzit_pipeline import errors
from twizzit_pipeline.accounts.live import impatient
from twizzit_pipeline.accounts.verify import Verification, probable_endpoint, verify
from twizzit_pipeline.credentials import store
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.problems import words
from twizzit_pipeline.http_api.routes.documented import verification_answers
from twizzit_pipeline.http_api.service import CredentialId, Here, Service
from twizzit_pipeline.storage.engine import driver_errors

router = guarded_router("Credential Management")

# What is not the login's fault is answered as everywhere else.
_NOT_THE_LOGIN = (
    errors.UnknownCredential,
    errors.InactiveCredential,
    errors.DatabaseUnavailable,
    errors.DatabaseRefused,
    errors.MigrationsPending,
    errors.SettingsError,
)


# Texts of a query: FastAPI judges a Literal of numbers by their type.
RefusedAs = Annotated[
    Literal["200", "401"], Query(alias="refusedAs", description="The status of a login that does not work")
]


@router.post(
    "/verify/{credentialId}",
    response_model=schemas.Verified | schemas.NotVerified,
    responses=verification_answers(),
)
async def verify_connection(
    here: Here, caller: CurrentCaller, credential_id: CredentialId, refused_as: RefusedAs = "200"
) -> schemas.Verified | Response:
    """Log in, look around, and remember the seasons.

    A login that does not work is `"success": false`, with 200: the caller's own token is good, and ShotSpot's front end
    logs people out on a 401. `refusedAs=401` gives the guide's status. `error` is one of `Authentication failed`
    (username or password), `Access denied`, `Connection failed`, `Not a Twizzit` (another endpoint is probably meant),
    `Endpoint refused`, `Quota spent`, `Password decryption failed`, `Credential was changed` (elsewhere).
    """
    await here.count(here.verifications, caller)
    answer = await verification(here, credential_id)
    if isinstance(answer, schemas.Verified):
        return answer
    return JSONResponse(answer.model_dump(by_alias=True), status_code=int(refused_as))


async def verification(here: Service, credential_id: int) -> schemas.Verified | schemas.NotVerified:
    """What became of a login, be it good or not.

    Raises:
        TwizzitPipelineError: what is not the login's fault (`_NOT_THE_LOGIN`).
        Problem: 424, it took too long.
    """
    try:
        found = await here.beside(partial(_verified, here, credential_id), of=credential_id)
    except _NOT_THE_LOGIN:
        raise
    except errors.TwizzitPipelineError as error:
        message = await anyio.to_thread.run_sync(partial(_advice, here, credential_id, error))
        return schemas.NotVerified(success=False, error=words(error), message=message)
    return schemas.Verified(
        success=True,  # said, so that an answer without what is unset has it too
        message=_message(found),
        organization_name=found.organization_name,
        capabilities=schemas.Capabilities.of(found),
        teams=_teams(found),
    )


def _teams(found: Verification) -> schemas.TeamsToCome | None:
    """The teams that a sync would bring; null where it could not read them."""
    teams = found.teams
    if teams is None or teams.trouble is not None:
        return None
    return schemas.TeamsToCome.of(teams)


def _message(found: Verification) -> str:
    if not found.refusals:
        return "Connection verified successfully"
    return f"Connection verified; a sync would refuse or not find: {'; '.join(found.refusals)}"


def _verified(here: Service, credential_id: int) -> Verification:
    with driver_errors():
        if not store.get(here.engine, credential_id).is_active:
            raise errors.InactiveCredential(f"Credential {credential_id} is switched off: activate it before verifying")
    return verify(impatient(here.settings), here.database, credential_id, list_teams=True, patience=here.patience)


def _advice(here: Service, credential_id: int, error: errors.TwizzitPipelineError) -> str:
    with driver_errors():
        endpoint = store.get(here.engine, credential_id).api_endpoint
    said = " ".join(str(error).split())
    better = probable_endpoint(error, endpoint)
    if better is None:
        return said
    return f"{said} (this credential's endpoint is {endpoint}; the live service probably answers at {better})"
