"""What the demo needs: a database that it may use, and the credential of a simulated club."""

from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import Connection, text

from twizzit_pipeline.accounts import moving
from twizzit_pipeline.cli.opened import Opened
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.simulator import Organization, SimulatorOptions, SimulatorServer
from twizzit_pipeline.simulator.clubs import OPPONENTS
from twizzit_pipeline.simulator.quirks import Quirk
from twizzit_pipeline.storage.engine import Database

PORT = 8399

# What looks odd in the demo's clubs, and arrives as it should.
QUIRKS: frozenset[Quirk] = frozenset({"youth_functions", "byes", "own_derby", "running_match"})


@dataclass(frozen=True, slots=True)
class Login:
    """An invented club's account, and the endpoint at which it is valid."""

    organization: str
    username: str
    password: str = field(repr=False)
    endpoint: str


def refuse_a_database_in_use(database: Database, clubs: Collection[str]) -> None:
    """Keep invented people away from real ones: your own server must hold nothing but an earlier demo, if anything.

    `clubs`: the names of the demo's own; those that they play against are its own as well.

    Raises:
        SettingsError: it holds other credentials or clubs.
    """
    with database.engine.connect() as connection:
        for table, column in (("twizzit_credentials", "organization_name"), ("clubs", "name")):
            if _holds_others(connection, table, column, [*clubs, *OPPONENTS]):
                raise SettingsError(
                    f"The database of TWIZZIT_DATABASE_URL is in use (its table {table} holds more than the demo's "
                    "rows), and the demo would put invented people beside yours; unset it to use the embedded one"
                )


def twizzit() -> SimulatorServer:
    """The demo's Twizzit, on the port that `twizzit simulate` can serve again afterwards; where that is taken, on any.

    Not yet started: it is a context manager.
    """
    try:
        return SimulatorServer(SimulatorOptions(quirks=QUIRKS), port=PORT)
    except SettingsError:
        return SimulatorServer(SimulatorOptions(quirks=QUIRKS))


def login_of(club: Organization, simulator: SimulatorServer) -> Login:
    """The account of a club of this simulator."""
    return Login(club.name, club.account.username, club.account.password, simulator.v2_endpoint)


def credential_of(here: Opened, login: Login) -> tuple[Credential, bool]:
    """The club's credential, pointed at this login; and whether it is new."""
    engine, key = here.database.engine, encryption_keys(here.settings)
    password = SecretStr(login.password)
    for credential in store.list_all(engine):
        if credential.organization_name == login.organization and _same_host(credential, login):
            store.change_login(
                engine,
                key,
                credential.id,
                api_username=login.username,
                password=password,
                api_endpoint=login.endpoint,
            )
            with engine.begin() as connection:  # the same simulated clubs, on whatever port it listens this time
                moving.settle(connection, credential.id, same_organization=True)
            return store.get(engine, credential.id), False
    credential_id = store.add(
        engine,
        key,
        organization_name=login.organization,
        api_username=login.username,
        password=password,
        api_endpoint=login.endpoint,
    )
    return store.get(engine, credential_id), True


def _same_host(credential: Credential, login: Login) -> bool:
    return urlsplit(credential.api_endpoint).hostname == urlsplit(login.endpoint).hostname


def _holds_others(connection: Connection, table: str, column: str, names: Collection[str]) -> bool:
    if connection.scalar(text("SELECT to_regclass(:table)"), {"table": table}) is None:
        return False
    others = text(f"SELECT EXISTS (SELECT FROM {table} WHERE {column} <> ALL (:names))")  # noqa: S608  (names of our own)
    return bool(connection.scalar(others, {"names": list(names)}))
