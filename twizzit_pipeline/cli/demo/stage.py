"""What the demo stands on: a database that it may use, and the credential of a simulated club."""

from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import Connection, text

from twizzit_pipeline.cli.opened import Opened
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.twizzit.simulator import Organization, SimulatorServer

PORT = 8399


def refuse_a_database_in_use(database: Database, club: Organization) -> None:
    """Keep invented people away from real ones: your own server must hold nothing but an earlier demo, if anything.

    Raises:
        SettingsError: it holds other credentials or clubs.
    """
    with database.engine.connect() as connection:
        for table, column in (("twizzit_credentials", "organization_name"), ("clubs", "name")):
            if _holds_others(connection, table, column, club.name):
                raise SettingsError(
                    f"The database of TWIZZIT_DATABASE_URL is in use (its table {table} holds more than the demo's "
                    "rows), and the demo would put invented people beside yours; unset it to use the embedded one"
                )


def twizzit() -> SimulatorServer:
    """The demo's Twizzit, on the port that `twizzit simulate` can serve again afterwards; where that is taken, on any.

    Not yet started: it is a context manager.
    """
    try:
        return SimulatorServer(port=PORT)
    except SettingsError:
        return SimulatorServer()


def credential_of(here: Opened, club: Organization, simulator: SimulatorServer) -> tuple[Credential, bool]:
    """The club's credential, pointed at this simulator; and whether it is new."""
    engine, key = here.database.engine, encryption_keys(here.settings)
    username, password = club.account.username, SecretStr(club.account.password)
    endpoint = simulator.v2_endpoint
    for credential in store.list_all(engine):
        if credential.organization_name == club.name and _on_loopback(credential, simulator):
            store.change_login(
                engine, key, credential.id, api_username=username, password=password, api_endpoint=endpoint
            )
            return store.get(engine, credential.id), False
    credential_id = store.add(
        engine, key, organization_name=club.name, api_username=username, password=password, api_endpoint=endpoint
    )
    return store.get(engine, credential_id), True


def _on_loopback(credential: Credential, simulator: SimulatorServer) -> bool:
    return urlsplit(credential.api_endpoint).hostname == urlsplit(simulator.url).hostname


def _holds_others(connection: Connection, table: str, column: str, name: str) -> bool:
    if connection.scalar(text("SELECT to_regclass(:table)"), {"table": table}) is None:
        return False
    others = text(f"SELECT EXISTS (SELECT FROM {table} WHERE {column} <> :name)")  # noqa: S608  (names of our own)
    return bool(connection.scalar(others, {"name": name}))
