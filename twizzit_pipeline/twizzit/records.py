"""Plain records: what both dialects of Twizzit come down to. People are in `people`.

Only what some table needs is kept; birth dates, addresses and the like never leave the dialect's module. Values are as
the wire gave them (a name may be None, a shirt number may be text): the contracts judge them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

from twizzit_pipeline.errors import TwizzitPipelineError

if TYPE_CHECKING:  # seasons are asked about where nothing of the wire is read
    from twizzit_pipeline.twizzit.people import Player

# What can be asked for by its id, and what an answer says of it.
Asked = Literal["people", "teams"]
Presence = Literal["present", "absent", "unproved"]


@dataclass(frozen=True, slots=True)
class Organization:
    """The organization that a credential reads. `id` is None in v1, which has no organizations."""

    id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Season:
    """A season as the account lists it; `id` is None where the account has none and the label was computed."""

    id: str | None
    label: str
    start_date: date | None
    end_date: date | None


@dataclass(frozen=True, slots=True)
class Team:
    """A team of one season.

    Attributes:
        club_id, club_name: another club than the organization, if the row names one.
        other_ids: further ids under which memberships and events may speak of the same team: where `id` is the one of
            the team's relation to its season, the lasting team's.
    """

    id: str | None
    name: str | None
    short_name: str | None = None
    club_id: str | None = None
    club_name: str | None = None
    category: str | None = None
    other_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that the account lists and that is not meant to come: a coach, a committee, a training.

    Attributes:
        id: of the person, team or match; None where the row has none.
        reason: stable and snake_case, such as ``not_a_player``; `docs/what-arrives.md` lists them.
        word: the account's own word that decided, such as the name of a function; never the name of a person.
        team_id: the team that a person's row stands in.
    """

    id: str | None
    reason: str
    word: str | None = None
    team_id: str | None = None

    @property
    def label(self) -> str:
        """What such rows are counted under: ``not_a_player: Trainer``."""
        return self.reason if self.word is None else f"{self.reason}: {self.word}"


@dataclass(frozen=True, slots=True)
class Teams:
    """The teams of a season. Every row that was read is in `teams` or in `set_aside`."""

    teams: tuple[Team, ...]
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True)
class Rosters:
    """All rosters of a season: complete for every team that is not in `failed`.

    Every membership that was read is in `players` or in `set_aside`. `failed` maps the id of a team whose players could
    not be read to the error. `unclear`: memberships that only a person can settle, since it is not known whether their
    function is a player's; they are no players meanwhile.
    """

    players: "tuple[Player, ...]"
    failed: Mapping[str, TwizzitPipelineError] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    unclear: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True)
class Competition:
    """A competition of one season. `type` is raw and None in v2, where a competition is a series of matches; dates are
    None where the account says none.
    """

    id: str | None
    name: str | None
    type: str | None = None
    start_date: date | None = None
    end_date: date | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a match. `team_id` is the remote id of one of the account's own teams, None for an opponent."""

    team_id: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Match:
    """A match, home first.

    `competition_id` is None for a friendly. `starts_at` and `ends_at` are the wire's text, with or without an offset.
    `status` is the wire's word, or one of `words.statuses`, None where it does not say. Scores are raw;
    `score_unread`, `series_unread`: the wire gives a score, a series in no known shape.
    """

    id: str | None
    competition_id: str | None
    home: Side
    away: Side
    starts_at: str | None
    status: str | None = None
    home_score: object = None
    away_score: object = None
    ends_at: str | None = None
    score_unread: bool = False
    series_unread: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """All competitions and matches of a season, complete.

    Every event that was read is in `matches` or in `set_aside`, once; every competition that v1 lists,
    and every series that v2's matches name, is in `competitions` or in `competitions_set_aside`.

    `types_read`, `types_not_read`: names of the account's types of events, cleaned, whose events are matches, and of
    the others; empty in v1, which has none.
    """

    competitions: tuple[Competition, ...]
    matches: tuple[Match, ...]
    set_aside: tuple[SetAside, ...] = ()
    competitions_set_aside: tuple[SetAside, ...] = ()
    types_read: tuple[str, ...] = ()
    types_not_read: tuple[str, ...] = ()
