"""The state of an entity: everything that decides what becomes of its rows in one season, as plain values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import Field, dataclass, field
from datetime import date
from typing import Any, ClassVar, Protocol, TypeVar

from twizzit_pipeline.plan.club_rights import NOTHING_FED, ClubRights
from twizzit_pipeline.plan.decisions import NOTHING_DECIDED, Decisions
from twizzit_pipeline.plan.departed import NO_DEPARTURES, Departures
from twizzit_pipeline.plan.rows import (
    LocalClub,
    LocalCompetition,
    LocalGame,
    LocalPlayer,
    LocalSeason,
    LocalTeam,
    MappedTeam,
    MappingRow,
    Opponent,
    Owner,
    RemoteCompetition,
    RemoteMatch,
    RemotePlayer,
    RemoteTeam,
    WantedSeason,
)


class RemoteRow(Protocol):
    """A row of a snapshot."""

    @property
    def id(self) -> str:
        """The remote id."""


class EntityState(Protocol):
    """What the state of every entity holds; each is a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def season(self) -> WantedSeason:
        """The season that is planned."""

    @property
    def remote(self) -> Sequence[RemoteRow]:
        """The rows of the snapshot."""

    @property
    def decisions(self) -> Decisions:
        """What people decided of the entity, and what waits for them."""


State = TypeVar("State", bound=EntityState)


@dataclass(frozen=True, slots=True)
class TeamState:
    """Everything that decides what becomes of a season's teams.

    `mappings`: those of the remote ids, and all of the same organization. `local`: the teams of every club concerned.
    `unlisted`: those of them whose own mapping names a team that the scan does not list. `opponents`: those that a
    calendar, of this club or another, has as an opponent. `takes`: remote id → the local team whose mapping goes over
    to it, as a person decides.
    """

    owner: Owner
    season: WantedSeason
    remote: Sequence[RemoteTeam]
    mappings: Sequence[MappingRow]
    clubs: Sequence[LocalClub]
    seasons: Sequence[LocalSeason]
    local: Sequence[LocalTeam]
    rights: ClubRights = NOTHING_FED
    decisions: Decisions = NOTHING_DECIDED
    departures: Departures = NO_DEPARTURES
    unlisted: Collection[int] = ()
    opponents: Collection[int] = ()
    takes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlayerState:
    """Everything that decides what becomes of a season's players.

    `teams`: remote team id → where its players go. `local`: the players of every club concerned, and the mapped ones.
    `shotspot_synced`: whether ShotSpot's own integration has synced the credential's players since we did. `unchanged`:
    how many people besides those of `remote` are as they should be and are left out of it. `unlisted`: the
    credential's own mappings of people who are not in the scan and are called as one who has no mapping.
    `mapped_to`: local player → the remote id of the mapping that a person may take from them: of those who are called
    as one who has no mapping, and of those about whom a question waits. `bases`: remote id → the base from which one
    who is linked by a person's decision is merged. `left_behind`: local players in the team that the
    mapping of theirs named before people corrected it. `none_listed`: where the scan holds no one at all, remote ids
    of those who play, in its teams or in those of the season before. `stay`: remote id of a person → the remote team
    that they stay in, whichever list them: it is not proved that they left it.
    """

    owner: Owner
    season: WantedSeason
    remote: Sequence[RemotePlayer]
    teams: Mapping[str, MappedTeam]
    mappings: Sequence[MappingRow]
    local: Sequence[LocalPlayer]
    shotspot_synced: bool = False
    rights: ClubRights = NOTHING_FED
    unchanged: int = 0
    decisions: Decisions = NOTHING_DECIDED
    departures: Departures = NO_DEPARTURES
    unlisted: Sequence[MappingRow] = ()
    mapped_to: Mapping[int, str] = field(default_factory=dict)
    bases: Mapping[str, Mapping[str, object] | None] = field(default_factory=dict)
    left_behind: Collection[int] = ()
    none_listed: Sequence[str] = ()
    stay: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompetitionState:
    """Everything that decides what becomes of a season's competitions. `today` is the day in Belgium."""

    owner: Owner
    season: WantedSeason
    today: date
    remote: Sequence[RemoteCompetition]
    mappings: Sequence[MappingRow]
    seasons: Sequence[LocalSeason]
    local: Sequence[LocalCompetition]
    decisions: Decisions = NOTHING_DECIDED


@dataclass(frozen=True, slots=True)
class MatchState:
    """Everything that decides what becomes of a season's matches.

    Attributes:
        own: remote team id → the local team of its mapping.
        listed: the remote ids of the account's own teams in this season, mapped or not.
        competitions: remote competition id → the local competition of its mapping.
        clubs, teams: all of ShotSpot's, teams of this season and of none.
        games: those of the season's days, and the mapped ones.
        derbies_allowed: whether ShotSpot's database takes a game of two teams of one club.
        has_game_type: whether its games say what kind they are.
        competition_teams: (competition, team) of those competitions, as ShotSpot has them; None where it keeps none.
        left_behind: game and column of the sides that are the team that a mapping named before people corrected it.
    """

    owner: Owner
    season: WantedSeason
    today: date
    remote: Sequence[RemoteMatch]
    own: Mapping[str, MappedTeam]
    listed: Collection[str]
    competitions: Mapping[str, int]
    mappings: Sequence[MappingRow]
    seasons: Sequence[LocalSeason]
    clubs: Sequence[LocalClub]
    teams: Sequence[LocalTeam]
    opponents: Sequence[Opponent]
    games: Sequence[LocalGame]
    derbies_allowed: bool = False
    has_game_type: bool = False
    competition_teams: Collection[tuple[int, int]] | None = None
    decisions: Decisions = NOTHING_DECIDED
    departures: Departures = NO_DEPARTURES
    left_behind: Collection[tuple[int, str]] = ()
