"""Does a credential work, and what does its account show? Asked before the first sync, or whenever one wonders."""

from contextlib import nullcontext
from dataclasses import dataclass

from sqlalchemy import select

from twizzit_pipeline.accounts.clients import open_client
from twizzit_pipeline.accounts.naming import naming
from twizzit_pipeline.accounts.patience import Patience
from twizzit_pipeline.accounts.would_sync import TeamsToCome, teams_to_come
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import (
    ConnectionFailed,
    EndpointRefused,
    MalformedAnswer,
    NotATwizzit,
    TwizzitPipelineError,
)
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.scheduling.automatic import metered
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database, driver_errors
from twizzit_pipeline.storage.tables import sync_config
from twizzit_pipeline.transform.clubs import club_keys
from twizzit_pipeline.twizzit.dialects import LIVE_ENDPOINT
from twizzit_pipeline.twizzit.endpoint import Endpoint, parse_endpoint, refuse_private
from twizzit_pipeline.twizzit.reach import reach
from twizzit_pipeline.twizzit.sight import suggests_wrong_endpoint

LIVE_HOST = "https://app.twizzit.com"  # how ShotSpot stores it: it appends the path itself

_REACH_SECONDS = 5.0
_MOST_NAMED = 5  # clubs in a line


@dataclass(frozen=True, slots=True)
class Verification:
    """What an account turned out to show: the organization, and how many organizations, groups and seasons.

    `groups` is None where the dialect cannot count them without reading them all. `refusals`: what a sync would refuse
    or not find, a line each, with what to do. `teams`: what a sync would bring; None where that was not asked for.
    """

    organization_name: str
    organizations: int
    groups: int | None
    seasons: int
    calls: int
    refusals: tuple[str, ...] = ()
    teams: TeamsToCome | None = None


def check_endpoint(settings: Settings, url: str) -> Endpoint:
    """What an endpoint means, its addresses judged. It is stored as it was typed: ShotSpot reads it too.

    A name that cannot be looked up now is taken: every connection judges its address again.

    Raises:
        EndpointRefused: no URL of a Twizzit API, or on an address that is not allowed.
    """
    endpoint = parse_endpoint(url)
    try:
        refuse_private(endpoint.base_url, allow_private=settings.allow_private_endpoints)
    except ConnectionFailed:
        if endpoint.scheme != "https":
            raise EndpointRefused(f"The endpoint on {endpoint.host} must use https") from None
    return endpoint


def usual_endpoint(
    settings: Settings, *, default: str = store.DEFAULT_ENDPOINT, otherwise: str = LIVE_HOST
) -> tuple[str, bool]:
    """The endpoint of a login that came without one, and whether that is the guide's default.

    The default where a connection to it opens within a few seconds, else the live service. No request is sent.
    """
    endpoint = parse_endpoint(default)
    try:
        reach(endpoint, allow_private=settings.allow_private_endpoints, seconds=_REACH_SECONDS)
    except (ConnectionFailed, EndpointRefused):
        return otherwise, False
    return default, True


def probable_endpoint(error: TwizzitPipelineError, api_endpoint: str) -> str | None:
    """Which endpoint would probably answer where this one did not as a Twizzit does; None where that is no question.

    The guide's default is v1, the live service speaks v2.
    """
    if not isinstance(error, NotATwizzit | MalformedAnswer | ConnectionFailed) or _is_live(api_endpoint):
        return None
    reached = not isinstance(error, ConnectionFailed) or error.reached
    return LIVE_ENDPOINT if not reached or suggests_wrong_endpoint(error.endpoint or "") else None


def _is_live(api_endpoint: str) -> bool:
    try:
        return parse_endpoint(api_endpoint).base_url == LIVE_ENDPOINT
    except EndpointRefused:
        return False


def verify(
    settings: Settings,
    database: Database,
    credential_id: int,
    *,
    list_teams: bool = False,
    patience: Patience | None = None,
) -> Verification:
    """Logs in and looks around; remembers the organization, the seasons and the moment.

    Args:
        list_teams: say also which teams a sync of the running season would bring, for a call or two more.
        patience: how long all of it may take; without one, each call its own time.

    Raises:
        TwizzitPipelineError: any leaf; the message says what is wrong and what to do.
    """
    with driver_errors():
        credential = store.get(database.engine, credential_id)
        config = sync_config.c
        wanted = select(config.sync_competitions, config.is_federation).where(config.credential_id == credential_id)
        with database.engine.connect() as connection:
            calendar, is_federation = connection.execute(wanted).one_or_none() or (None, False)
    client = open_client(settings, database.engine, credential)
    waiting = nullcontext() if patience is None else patience.asking(client)
    with naming(credential_id), client, metered(database.engine, credential_id, lambda: client.calls), waiting:
        organization = client.source.organization()
        capabilities = client.verify(calendar=calendar is not False)
        listed = seasons.listed(client.source.seasons(), day=seasons.today(), season_start=settings.season_start)
        teams = None
        if list_teams:
            teams = teams_to_come(client, listed, day=seasons.today(), season_start=settings.season_start)
        calls = client.calls
    with driver_errors():
        with database.engine.begin() as connection:
            listed = seasons.refresh(connection, credential_id, listed)
        store.remember_organization(database.engine, credential_id, organization.id, organization.name)
        store.mark_verified(database.engine, credential_id)
    return Verification(
        organization.name,
        capabilities.organizations,
        capabilities.groups,
        len(listed),
        calls,
        (*capabilities.refusals, *(() if is_federation else _named_clubs(credential_id, organization.name, teams))),
        teams,
    )


def _named_clubs(credential_id: int, organization: str, teams: TeamsToCome | None) -> tuple[str, ...]:
    """What a sync would refuse of an account that no administrator marked as a federation's."""
    own = club_keys(organization)
    others = [] if teams is None else [name for name in teams.other_clubs if not club_keys(name) & own]
    if not others:
        return ()
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return (
        f"Groups name other clubs ({', '.join(others[:_MOST_NAMED])}{more}), and only those of a federation come: "
        f"if it is one, twizzit config set {credential_id} --federation",
    )
