"""The client of a credential: opened with its password and with what its configuration says."""

from dataclasses import replace

from sqlalchemy import Engine

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.scheduling.meanings import meanings_of
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.rate_limits import Limit, reserve
from twizzit_pipeline.twizzit.client import ClientOptions, TwizzitClient
from twizzit_pipeline.twizzit.endpoint import parse_endpoint
from twizzit_pipeline.twizzit.pace import Turns
from twizzit_pipeline.words.meanings import Meanings


def open_client(
    settings: Settings, engine: Engine, credential: Credential, *, meanings: Meanings | None = None
) -> TwizzitClient:
    """The client of a credential; it asks nothing yet.

    Args:
        meanings: what the configuration says of the account's words, where the caller has read it already.

    Raises:
        DecryptionFailed, TamperedCredential: the stored password cannot be read, or was stored for another login or
            server than the row names today.
        EndpointRefused: the endpoint is no URL of a Twizzit API.
    """
    with driver_errors():
        login = store.reveal_login(engine, encryption_keys(settings), credential.id)
    return TwizzitClient(
        endpoint=login.api_endpoint,
        username=login.api_username,
        password=login.password,
        organization_name=credential.organization_name,
        options=replace(ClientOptions.from_settings(settings), turns=_turns(engine, login.api_endpoint)),
        meanings=meanings_of(engine, credential.id) if meanings is None else meanings,
    )


def _turns(engine: Engine, endpoint: str) -> Turns:
    """The turns of all processes and machines that call the host of this endpoint and share the database."""
    host = parse_endpoint(endpoint).server

    def turn(kind: str, most: int, seconds: float) -> float:
        return reserve(engine, f"twizzit {host} {kind}", Limit(most, seconds))

    return turn
