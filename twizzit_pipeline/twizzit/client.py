"""`TwizzitClient`: what one credential can read of Twizzit, in whichever dialect its endpoint speaks.

What belongs here: the choice of the dialect and the public face of this folder. The dialects read the wire, `session`
the sending.
"""

import pkgutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import TracebackType

import httpx
from pydantic import SecretStr

from twizzit_pipeline.twizzit.dialects import Dialect
from twizzit_pipeline.twizzit.endpoint import parse_endpoint
from twizzit_pipeline.twizzit.records import Calendar, Season
from twizzit_pipeline.twizzit.session import ClientOptions, Session
from twizzit_pipeline.twizzit.source import Source
from twizzit_pipeline.words.meanings import NOTHING_SAID, Meanings

__all__ = ["Capabilities", "ClientOptions", "TwizzitClient"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an account may read: numbers of organizations, of groups on the first page (v1: of teams), of seasons.

    `refusals`: what a sync would refuse or not find, a line each, with what to do.
    """

    organizations: int
    groups: int | None
    seasons: int
    refusals: tuple[str, ...] = ()


def source_of(dialect: Dialect, session: Session, organization_name: str, meanings: Meanings) -> Source:
    """What a scan asks in this dialect, over this session."""
    source: Source = pkgutil.resolve_name(dialect.answered_by)(session, organization_name, meanings)
    return source


class TwizzitClient:
    """One session for one credential; a context manager. For one thread: it uses several of its own.

    Every method may raise a leaf of `TwizzitAnswerError`, or `EndpointRefused` for a host on an address that is not
    allowed. Nothing is asked before the first method is called. Errors, logs and reprs hold neither the password, nor a
    token, nor a person's name.

    Args:
        endpoint: the credential's `api_endpoint`; decides the dialect, see `parse_endpoint`.
        organization_name: chooses between several organizations of the account.
        meanings: what the credential's configuration says of the account's own words.
        transport: for tests; replaces the connection to the network and its check of addresses.
        sleep: for tests; waits before another try.

    Raises:
        EndpointRefused: the endpoint is no URL of a Twizzit API.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        username: str,
        password: SecretStr,
        organization_name: str,
        options: ClientOptions | None = None,
        meanings: Meanings = NOTHING_SAID,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._endpoint = parse_endpoint(endpoint)
        self._session = Session(
            self._endpoint, username, password, options=options or ClientOptions(), transport=transport, sleep=sleep
        )
        self._source = source_of(self._endpoint.speaks, self._session, organization_name, meanings)
        self._meanings = meanings
        self._calendars: dict[str, Calendar] = {}

    def __repr__(self) -> str:
        return f"<TwizzitClient {self.dialect} on {self._endpoint.host}, {self.calls} calls>"

    def __enter__(self) -> "TwizzitClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections. The client cannot be used any more; its counts can."""
        self._session.close()

    def end_calls(self) -> None:
        """End the calls under way, from any thread: each fails at once, and so does every further one."""
        self._session.end_calls()

    @property
    def ended(self) -> bool:
        """Whether `end_calls` was called."""
        return self._session.ended

    @property
    def dialect(self) -> str:
        """The name of the dialect that the endpoint speaks."""
        return self._endpoint.dialect

    @property
    def calls(self) -> int:
        """HTTP requests sent so far, logins and further tries included."""
        return self._session.ledger.total

    @property
    def meanings(self) -> Meanings:
        """What the credential's configuration says of the account's own words."""
        return self._meanings

    @property
    def source(self) -> Source:
        """What can be asked of the account, in its dialect; of calendars ask `calendar`, which reads each once."""
        return self._source

    def ask_through(self, layer: Callable[[Source], Source]) -> None:
        """Puts a layer between this client and its dialect: every question of a scan goes through it from now on."""
        self._source = layer(self._source)

    def calendar(self, season: Season, *, own_team_ids: Collection[str] | None = None) -> Calendar:
        """All competitions and matches of a season, complete. Asked once for each season.

        Args:
            season: with both its dates.
            own_team_ids: the season's teams as they were scanned: any other that plays is an opponent. None: none were,
                and the account's groups are asked for where two of them play in one match.

        Raises:
            MatchTypeNotFound: the account has no such type.
        """
        if season.label not in self._calendars:
            self._calendars[season.label] = self._source.calendar(season, own_team_ids)
        return self._calendars[season.label]

    def verify(self, *, calendar: bool = True) -> Capabilities:
        """Log in and look around: eight calls in v2, four in v1; one less without the calendar.

        Args:
            calendar: whether competitions and matches are to be synced.

        Raises:
            LoginRefused, AccessDenied, ConnectionFailed, NotATwizzit, OrganizationNotFound: what is wrong.
        """
        organizations = len(self._source.organizations())
        self._source.organization()
        groups, seasons = self._source.first_groups(), len(self._source.seasons())
        refusals = self._source.refusals(calendar=calendar)
        return Capabilities(organizations, groups, seasons, tuple(refusals))
