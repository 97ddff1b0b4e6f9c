"""What Twizzit lists at this moment, for people who look before they sync: its organization, groups, seasons, players.

Nothing is written but the count of the calls: no lease, no history, no snapshot. Calls are scarce, so answers are kept
for five minutes in the memory of this process, and one login serves them all.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from twizzit_pipeline.accounts.kept_login import KeptLogin
from twizzit_pipeline.accounts.patience import Patience
from twizzit_pipeline.contracts.rules.players import FUNCTION_KNOWN
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.errors import InactiveCredential, UnknownSeason
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.scheduling.automatic import metered
from twizzit_pipeline.scheduling.meanings import meanings_of
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database, driver_errors
from twizzit_pipeline.twizzit.people import Player
from twizzit_pipeline.twizzit.records import Organization, Season, Team
from twizzit_pipeline.words.meanings import Meanings

if TYPE_CHECKING:  # HTTP is loaded with the first question that is asked
    from twizzit_pipeline.twizzit.client import TwizzitClient

_LONGEST_TRY_SECONDS = 15.0
_MEGABYTES = 256  # of one login's answers; the logins of many credentials are open in one process
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class PreviewedPlayer:
    """A player as Twizzit lists them now, their name cut in two as a sync would."""

    id: str
    first_name: str | None
    last_name: str | None


@dataclass(frozen=True, slots=True)
class LiveMember:
    """A person whom Twizzit lists in a team now: as a player, or set aside.

    Attributes:
        first_name, last_name: None where the account does not say them.
        rules: the rules of the contract that the row breaks.
        aside: why the person is set aside, with the account's word; None for a player.
    """

    id: str
    first_name: str | None
    last_name: str | None
    rules: tuple[str, ...] = ()
    aside: str | None = None


def impatient(settings: Settings) -> Settings:
    """These settings for a caller who waits for the answer: two tries, and a quarter of a minute for each."""
    return settings.model_copy(
        update={
            "request_timeout": min(settings.request_timeout, _LONGEST_TRY_SECONDS),
            "retry_attempts": min(settings.retry_attempts, 2),
            "retry_seconds": min(settings.retry_seconds, _LONGEST_TRY_SECONDS),
            "run_megabytes": min(settings.run_megabytes, _MEGABYTES),
        }
    )


class LiveTwizzit:
    """Live answers of every credential; to be closed. May be used by many threads: one asks for a credential at a time.

    Every method may raise, besides what it names: UnknownCredential, InactiveCredential, and whatever `TwizzitClient`
    raises.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = impatient(settings)
        self._patience = patience or Patience()
        self._engine = database.engine
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts: dict[int, KeptLogin] = {}

    def close(self) -> None:
        """End every login."""
        with self._lock:
            accounts, self._accounts = list(self._accounts.values()), {}
        for account in accounts:
            account.close()

    def organization(self, credential_id: int) -> Organization:
        """The organization that the credential reads."""
        return self._ask(credential_id, "organization", lambda client: client.source.organization())

    def seasons(self, credential_id: int) -> list[Season]:
        """The seasons that the account lists, the newest first; the running one alone where it lists none."""

        def ask(client: "TwizzitClient") -> list[Season]:
            listed = self._listed(client)
            return [listed[row.id] for row in reversed(seasons.dated(listed, self._settings.season_start))]

        return self._ask(credential_id, "seasons", ask)

    def groups(
        self,
        credential_id: int,
        *,
        season_id: str | None = None,
        group_type: str | None = None,
    ) -> list[Team]:
        """The teams of a season (the running one by default), or its groups of another type.

        Raises:
            UnknownSeason: the account lists no season of that id or name.
        """

        def ask(client: "TwizzitClient") -> list[Team]:
            season = self._season(client, season_id)
            found = (
                client.source.teams(season).teams if group_type is None else client.source.groups(season, group_type)
            )
            return [team for team in found if team.id is not None]

        return self._ask(credential_id, ("groups", season_id, group_type), ask)

    def players(self, credential_id: int, group_id: str, *, season_id: str | None = None) -> list[PreviewedPlayer]:
        """The players of a group now; none where there is no such group.

        Raises:
            UnknownSeason: the account lists no season of that id or name.
        """

        def ask(client: "TwizzitClient") -> list[PreviewedPlayer]:
            season = self._season(client, season_id)
            rosters = client.source.rosters([Team(id=group_id, name=None)], season)
            from twizzit_pipeline.transform.players import players_frame  # noqa: PLC0415  (frames)

            frame = players_frame([player for player in rosters.players if player.id is not None])
            columns = frame[["twizzit_player_id", "first_name", "last_name"]].astype(object)
            rows = columns.where(columns.notna(), None).drop_duplicates("twizzit_player_id")
            return [PreviewedPlayer(*row) for row in rows.itertuples(index=False)]

        return self._ask(credential_id, ("players", group_id, season_id), ask)

    def members(self, credential_id: int, group_id: str, season_id: str) -> list[LiveMember]:
        """All people with an id in a group now, each once: players, whom the contract would reject, who is set aside.

        Raises:
            UnknownSeason: the account lists no season of that id or name.
        """

        def ask(client: "TwizzitClient") -> list[LiveMember]:
            rosters = client.source.rosters([Team(id=group_id, name=None)], self._season(client, season_id))
            found = _judged([player for player in rosters.players if player.id is not None])
            others: dict[str, tuple[tuple[str, ...], str | None]] = {
                **{row.id: ((), row.label) for row in rosters.set_aside if row.id},
                **{row.id: ((FUNCTION_KNOWN.name,), None) for row in rosters.unclear if row.id},
            }
            nameless = sorted(others.keys() - found.keys())
            names = client.source.names(nameless) if nameless else {}
            for person in nameless:
                rules, aside = others[person]
                found[person] = LiveMember(person, *names.get(person, (None, None)), rules=rules, aside=aside)
            return list(found.values())

        return self._ask(credential_id, ("members", group_id, season_id), ask)

    def _listed(self, client: "TwizzitClient") -> list[Season]:
        return seasons.listed(client.source.seasons(), day=seasons.today(), season_start=self._settings.season_start)

    def _season(self, client: "TwizzitClient", season_id: str | None) -> Season:
        listed = self._listed(client)
        if season_id is None:
            return seasons.running_of(listed, day=seasons.today(), season_start=self._settings.season_start)
        label = seasons.called(season_id, [season.label for season in listed])
        for season in listed:
            if season_id == season.id or (season.label == label and season_id not in {one.id for one in listed}):
                return season
        raise UnknownSeason("The account lists no season of that id or name")

    def _ask(self, credential_id: int, question: Hashable, ask: "Callable[[TwizzitClient], _T]") -> _T:
        with driver_errors():
            credential = store.get(self._engine, credential_id)
        if not credential.is_active:
            raise InactiveCredential(f"Credential {credential_id} is switched off: activate it before asking")
        from twizzit_pipeline.accounts.naming import naming  # noqa: PLC0415  (HTTP)

        meanings = meanings_of(self._engine, credential_id)
        with naming(credential_id):
            return self._account(credential, meanings).answer(question, ask)

    def _account(self, credential: Credential, meanings: Meanings) -> KeptLogin:
        """The account of a credential as it is now, logged in anew every five minutes; closes those that are over.

        Another password or other meanings of the account's words make it another one at once.
        """
        with self._lock:
            now = self._clock()
            over = [key for key, account in self._accounts.items() if account.is_over(now)]
            known = self._accounts.get(credential.id)
            state = (credential.updated_at, meanings)
            if known is not None and known.state != state:
                over.append(credential.id)
            ended = [self._accounts.pop(key) for key in dict.fromkeys(over)]
            account = self._accounts.get(credential.id)
            if account is None:
                account = KeptLogin(
                    state,
                    lambda: self._opened(credential, meanings),
                    lambda client: metered(self._engine, credential.id, lambda: client.calls),
                    self._patience,
                    self._clock,
                )
                self._accounts[credential.id] = account
        for one in ended:
            one.close()
        return account

    def _opened(self, credential: Credential, meanings: Meanings) -> "TwizzitClient":
        from twizzit_pipeline.accounts.clients import open_client  # noqa: PLC0415  (HTTP)

        return open_client(self._settings, self._engine, credential, meanings=meanings)


def _judged(players: Sequence[Player]) -> dict[str, LiveMember]:
    """Remote id → the player, with the rules of the contract that the row breaks."""
    from twizzit_pipeline.contracts.players import check_players  # noqa: PLC0415  (frames)
    from twizzit_pipeline.transform.players import players_frame  # noqa: PLC0415  (the same)

    frame = players_frame(players)
    rules: defaultdict[str | None, list[str]] = defaultdict(list)
    for broken in check_players(frame).rejected:
        rules[broken.twizzit_id].append(broken.rule)
    columns = frame[["twizzit_player_id", "first_name", "last_name"]].astype(object)
    rows = columns.where(columns.notna(), None).drop_duplicates("twizzit_player_id")
    return {
        person: LiveMember(person, first_name, last_name, rules=(*dict.fromkeys(rules.get(person, ())),))
        for person, first_name, last_name in rows.itertuples(index=False)
    }
