"""An account of one club in memory, which a test changes as it likes: it answers what a sync asks of Twizzit."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from twizzit_pipeline.errors import ServiceUnavailable
from twizzit_pipeline.sync.preview import making
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.twizzit.records import Organization, Player, Presence, Rosters, Season, Team, Teams

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
class MemoryAccount:
    """What the account lists at this moment.

    Attributes:
        groups, groups_before: id → name of teams, of the running season and of the one before.
        people: id → contact; who is not in it is gone from Twizzit.
        unread: teams whose rosters cannot be read.
        half: answers to questions for ids are empty, as of a service that drops its filters' values.
        asked: how many questions for single ids were answered.
    """

    groups: dict[str, str] = field(default_factory=dict)
    groups_before: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    half: bool = False
    asked: int = 0
    calls: int = 0
    ended: bool = False
    can_prove_absence: bool = True

    @property
    def source(self) -> "MemoryAccount":
        """What is asked of an account, as of a client."""
        return self

    def close(self) -> None:
        """Nothing is open."""

    def end_calls(self) -> None:
        """Nothing is under way."""

    def organization(self) -> Organization:
        return Organization(id="7", name="Korfbalclub Proef")

    def seasons(self) -> tuple[Season, ...]:
        return (RUNNING, BEFORE)

    def listed(self, season: Season | None) -> dict[str, str]:
        """The season's teams."""
        return self.groups_before if season is not None and season.label == BEFORE.label else self.groups

    def teams_of(self, person: Person, season: Season | None) -> set[str]:
        """The listed teams of that season in which a person stands."""
        is_before = season is not None and season.label == BEFORE.label
        return (person.before if is_before else person.teams) & set(self.listed(season))

    def teams(self, season: Season | None) -> Teams:
        return Teams(tuple(Team(id=one, name=name) for one, name in self.listed(season).items()))

    def rosters(self, teams: Sequence[Team], season: Season | None) -> Rosters:
        wanted = {str(team.id) for team in teams}
        failed = wanted & self.unread
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
            for team in sorted(self.teams_of(person, season) & wanted - failed)
        ]
        return Rosters(tuple(players), {team: ServiceUnavailable("no answer", endpoint="/x") for team in failed})

    def still_listed(self, what: str, ids: Collection[str], known: Collection[str]) -> dict[str, Presence]:
        self.asked += len(ids)
        there: Iterable[str] = self.people if what == "people" else self.groups
        if self.half:
            return dict.fromkeys(ids, "unproved")
        return {one: "present" if one in there else "absent" for one in ids}

    def playing(self, team_ids: Collection[str], season: Season | None) -> dict[str, frozenset[str]]:
        return {
            team: frozenset(one for one, person in self.people.items() if team in self.teams_of(person, season))
            for team in team_ids
        }

    def matches_still_listed(
        self, season: Season, missing: Mapping[str, date], known: Mapping[str, date]
    ) -> dict[str, Presence]:
        return dict.fromkeys(missing, "unproved")


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
