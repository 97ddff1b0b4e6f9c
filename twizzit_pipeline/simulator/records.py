"""What a simulated Twizzit holds, row by row: seasons, accounts, people, groups and the places in them, events.

What belongs here: the rows themselves. `world` holds them, `generate` makes them, `events` makes those of the calendar.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from twizzit_pipeline.simulator.clubs import FUNCTIONS, PLAYING, Words
from twizzit_pipeline.simulator.clubs import OWN_FUNCTIONS as OWN_WORDS
from twizzit_pipeline.simulator.quirks import Quirk

Status = Literal["cancelled", "to_reschedule"]


@dataclass(frozen=True, slots=True)
class Season:
    """A season from 1 July to 30 June, with a label such as ``2026-2027``."""

    id: int
    label: str
    start: date
    end: date

    @classmethod
    def starting(cls, year: int) -> "Season":
        """The season that begins on 1 July of that year."""
        return cls(id=year - 1990, label=f"{year}-{year + 1}", start=date(year, 7, 1), end=date(year + 1, 6, 30))


@dataclass(frozen=True, slots=True)
class Account:
    """A login, and the organizations that it may read; v1 answers for the first of them."""

    username: str
    password: str = field(repr=False)
    organization_ids: tuple[int, ...]


@dataclass(slots=True)
class Contact:
    """A person. `gender` and `number` are as they were once typed."""

    id: int
    first_name: str | None
    last_name: str | None
    gender: object = None
    number: object = None

    @property
    def name(self) -> str | None:
        """First and last name together, None where there is neither."""
        parts = [part for part in (self.first_name, self.last_name) if part]
        return " ".join(parts) or None


@dataclass(frozen=True, slots=True)
class ClubReference:
    """Another club that a group names: as an object with a name, or as the id of one of the account's organizations."""

    id: int
    name: str
    as_organization: bool = False


@dataclass(slots=True)
class Group:
    """A team or a committee of one season.

    `first_name` is what it was called at first: its series and its opponents keep to that when the club renames it.
    `made_from`: the first id of one that was deleted and made anew, whose matches it has.
    """

    id: int
    season_id: int
    name: str | None
    short_name: str | None
    is_team: bool = True
    category_id: int | None = None
    club: ClubReference | None = None
    made_from: int | None = None
    first_name: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.first_name = self.name


@dataclass(frozen=True, slots=True)
class Link:
    """A contact's place in a group, by one of the functions of `clubs.FUNCTIONS` or `clubs.OWN_FUNCTIONS`.

    `season_id` is another season than the group's, from which the row is left over; usually None.
    """

    contact_id: int
    function: str
    season_id: int | None = None


@dataclass(frozen=True, slots=True)
class MatchChange:
    """A change of a match of the calendar; None where it stays as it was.

    `start` is Belgian local time, without zone, as the wire gives it.
    """

    start: datetime | None = None
    status: Status | None = None
    score: tuple[int, int] | None = None
    removed: bool = False


@dataclass(slots=True)
class Organization:
    """A club, or a federation. Contacts and groups are in the order of their ids."""

    id: int
    name: str
    account: Account
    season_ids: tuple[int, ...]
    contacts: dict[int, Contact] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    rosters: dict[int, list[Link]] = field(default_factory=dict)
    match_changes: dict[int, MatchChange] = field(default_factory=dict)
    own_functions: tuple[str, ...] = ()

    def function_ids(self) -> Mapping[str, int]:
        """The id of each function: every account has its own."""
        usual = {name: self.id * 10 + place for place, name in enumerate(FUNCTIONS, start=1)}
        return usual | {name: self.id * 1000 + place for place, name in enumerate(self.own_functions, start=1)}

    def function_names(self, function: str) -> Words:
        """What a function is called in three languages."""
        return FUNCTIONS.get(function) or OWN_WORDS[function]

    def teams(self, season: Season) -> list[Group]:
        """The season's teams, committees left out, the nameless one included."""
        return [group for group in self.groups.values() if group.season_id == season.id and group.is_team]

    def players(self, group_id: int) -> list[Contact]:
        """Who stands in the group as a player in its season, each once."""
        links = self.rosters.get(group_id, ())
        ids = dict.fromkeys(link.contact_id for link in links if link.function in PLAYING and link.season_id is None)
        return [self.contacts[contact_id] for contact_id in ids]


@dataclass(frozen=True, slots=True)
class Event:
    """A training or a match of one team. A friendly has no series. `score` is (home, away) once it is played.

    `opponent` is the other side's name as it is usually spelled; `home_name` and `away_name` may spell it otherwise.
    `awkward`: the quirks that this match shows; `other_group`: the club's own team that is the opponent.
    """

    id: int
    kind: str
    group: Group
    start: datetime
    end: datetime
    home_name: str | None = None
    away_name: str | None = None
    is_home: bool = True
    series: tuple[int, str] | None = None
    score: tuple[int, int] | None = None
    status: Status | None = None
    opponent: str | None = None
    awkward: frozenset[Quirk] = frozenset()
    other_group: Group | None = None
