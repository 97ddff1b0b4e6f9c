"""An account of one club in memory, which a test changes as it likes: it answers what a sync asks of Twizzit."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

import pytest

from tests.support.gathered import gathered
from twizzit_pipeline.errors import ServiceUnavailable
from twizzit_pipeline.sync.preview import making
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.twizzit.memory import KeptList, MemoryLedger
from twizzit_pipeline.twizzit.paging import PageLimits
from twizzit_pipeline.twizzit.people import Player
from twizzit_pipeline.twizzit.records import (
    Asked,
    Calendar,
    Competition,
    Match,
    Organization,
    Presence,
    Rosters,
    Season,
    Team,
    Teams,
)
from twizzit_pipeline.twizzit.session import Session
from twizzit_pipeline.twizzit.v2.absence import still_listed
from twizzit_pipeline.twizzit.v2.lists import Scope
from twizzit_pipeline.words.meanings import NOTHING_SAID, Meanings

RUNNING = Season(id="2", label="2026-2027", start_date=date(2026, 7, 1), end_date=date(2027, 6, 30))
BEFORE = Season(id="1", label="2025-2026", start_date=date(2025, 7, 1), end_date=date(2026, 6, 30))


@dataclass
class Person:
    """A contact; `teams` are those of the running season, `before` those of the season before."""

    first_name: str
    last_name: str
    gender: str | None = None
    jersey_number: int | None = None
    teams: set[str] = field(default_factory=set)
    before: set[str] = field(default_factory=set)


@dataclass
class Spoiled:
    """What is wrong with the answers of this moment.

    Attributes:
        unread: the team whose roster cannot be read.
        shifted, shifted_team: whose row is on no page of the first reading, as rows move meanwhile.
        half: which half of every answer to a question for ids is missing; None: none is.
        drops_filter: questions for ids are answered with everything.
        silent_on_teams: questions for teams end in a server's error, those for people do not.
        fails: which call ends in a server's error: teams, rosters, calendar, or the questions for what is missing.
    """

    unread: str | None = None
    shifted: str | None = None
    shifted_team: str | None = None
    half: int | None = None
    drops_filter: bool = False
    fails: str | None = None
    silent_on_teams: bool = False


@dataclass
class MemoryAccount:
    """What the account lists at this moment.

    Attributes:
        id, name: of the organization.
        groups, groups_before: id → name of teams, of the running season and of the one before.
        people: id → contact; who is not in it is gone from Twizzit.
        can_prove_absence: whether it can be asked for an id, as v2; v1 cannot, and has no seasons and organizations.
        found, found_teams, found_matches: what was said of single people, of teams and of matches that were asked for,
            since a test emptied it.
        competitions, matches: of the running season, id → name, or match.
    """

    id: str = "7"
    name: str = "Korfbalclub Proef"
    groups: dict[str, str] = field(default_factory=dict)
    groups_before: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    spoiled: Spoiled = field(default_factory=Spoiled)
    found: dict[str, Presence] = field(default_factory=dict)
    found_teams: dict[str, Presence] = field(default_factory=dict)
    found_matches: dict[str, Presence] = field(default_factory=dict)
    competitions: dict[str, str] = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)
    calls: int = 0
    read_teams: int = 0  # how often the teams were, since a test emptied it
    ended: bool = False
    can_prove_absence: bool = True
    meanings: Meanings = NOTHING_SAID

    @property
    def source(self) -> "MemoryAccount":
        """What is asked of an account, as of a client."""
        return self

    def close(self) -> None:
        """Nothing is open."""

    def end_calls(self) -> None:
        """Nothing is under way."""

    def organization(self) -> Organization:
        return Organization(id=self.id if self.can_prove_absence else None, name=self.name)

    def seasons(self) -> tuple[Season, ...]:
        return (RUNNING, BEFORE) if self.can_prove_absence else ()

    def listed_by_name(self) -> dict[str, object]:
        """What the account lists now, by the names of its attributes."""
        return {name: getattr(self, name) for name in ("groups", "people", "competitions", "matches")}

    def listed(self, season: Season | None) -> dict[str, str]:
        """The season's teams."""
        return self.groups_before if season is not None and season.label == BEFORE.label else self.groups

    def teams_of(self, person: Person, season: Season | None) -> set[str]:
        """The listed teams of that season in which a person stands."""
        is_before = season is not None and season.label == BEFORE.label
        return (person.before if is_before else person.teams) & set(self.listed(season))

    def teams(self, season: Season | None) -> Teams:
        self._answer("teams")
        self.read_teams += 1
        shifted = self.spoiled.shifted_team if self.read_teams == 1 else None
        listed = [(one, name) for one, name in self.listed(season).items() if one != shifted]
        return Teams(tuple(Team(id=one, name=name) for one, name in listed))

    def rosters(self, teams: Sequence[Team], season: Season | None) -> Rosters:
        self._answer("rosters")
        wanted = {str(team.id) for team in teams}
        failed = wanted & {self.spoiled.unread}
        players = [
            Player(
                team_id=team,
                id=remote_id,
                first_name=person.first_name,
                last_name=person.last_name,
                gender=person.gender,
                jersey_number=person.jersey_number,
            )
            for remote_id, person in self.people.items()
            if remote_id != self.spoiled.shifted
            for team in sorted(self.teams_of(person, season) & wanted - failed)
        ]
        return Rosters(tuple(players), {str(team): ServiceUnavailable("no answer", endpoint="/x") for team in failed})

    def still_listed(self, what: Asked, ids: Collection[str], known: Collection[str]) -> dict[str, Presence]:
        """As v2 finds it out; v1 cannot be asked."""
        if not self.can_prove_absence:
            return dict.fromkeys(ids, "unproved")
        said = still_listed(Scope(cast(Session, _Lists(self)), None), what, ids, known)
        (self.found if what == "people" else self.found_teams).update(said)
        return said

    def playing(self, team_ids: Collection[str], season: Season | None) -> dict[str, frozenset[str]]:
        return {
            team: frozenset(one for one, person in self.people.items() if team in self.teams_of(person, season))
            for team in team_ids
        }

    def _answer(self, call: str) -> None:
        if self.spoiled.fails == call:
            raise ServiceUnavailable("503", endpoint=f"/{call}", status=503)

    def calendar(self, season: Season, own_team_ids: Collection[str] | None) -> Calendar:
        self._answer("calendar")
        played = {one.competition_id for one in self.matches.values()}
        days = (season.start_date, season.end_date)
        named = [Competition(one, name, None, *days) for one, name in self.competitions.items() if one in played]
        return Calendar(tuple(named), tuple(self.matches.values()))

    def matches_still_listed(
        self, season: Season, missing: Mapping[str, date], known: Mapping[str, date]
    ) -> dict[str, Presence]:
        """By reading their days anew: half a reading proves nothing, and an error ends all."""
        self._answer("questions")
        said: dict[str, Presence] = {one: "present" if one in self.matches else "absent" for one in missing}
        if self.spoiled.half is not None:
            said = dict.fromkeys(missing, "unproved")
        self.found_matches |= said
        return said


class _Lists:
    """The lists of v2 that are asked for ids, as a session of its dialect."""

    def __init__(self, account: MemoryAccount) -> None:
        self._account = account
        self.page_limits = PageLimits()

    def kept_list(self) -> KeptList:
        return KeptList(MemoryLedger(10**6))

    def get(
        self, path: str, query: Sequence[tuple[str, object]] = (), *, kept: KeptList | None = None
    ) -> list[dict[str, object]]:
        spoiled = self._account.spoiled
        if spoiled.silent_on_teams and path == "/groups":
            raise ServiceUnavailable("503", endpoint=path, status=503)
        self._account._answer("questions")
        there: Iterable[str] = self._account.people if path == "/contacts" else self._account.groups
        wanted = {str(value) for name, value in query if name.endswith("-ids[]")}
        asked = dict(query)
        begin, most = int(str(asked.get("offset", 0))), int(str(asked.get("limit", 250)))
        found = [one for one in sorted(there, key=int) if spoiled.drops_filter or not wanted or one in wanted]
        rows: list[dict[str, object]] = [{"id": int(one)} for one in found[begin : begin + most]]
        middle = len(rows) // 2
        halves = (rows[:middle], rows[middle:], rows[::2], rows[1::2])
        return rows if spoiled.half is None else halves[spoiled.half]

    def gather(self, tasks: Sequence[Callable[[], Any]]) -> list[Any]:
        return gathered(tasks)


class MemoryClient:
    """A preview's client of such an account."""

    calls = 0

    def __init__(self, account: MemoryAccount) -> None:
        self.source: Any = account

    def ask_through(self, layer: Callable[[Any], Any]) -> None:
        self.source = layer(self.source)


def answered_from(account: MemoryAccount, patch: pytest.MonkeyPatch) -> None:
    """Every session, and every preview, asks this account from now on."""
    patch.setattr(SyncSession, "client", property(lambda _: account))
    patch.setattr(making, "open_client", lambda *_: nullcontext(MemoryClient(account)))
