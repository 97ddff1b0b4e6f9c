"""The rows that a plan is made from: what the snapshot saw, what ShotSpot holds, and the mappings between them.

Plain values only (None, never NaN), so that the rules of `plan/` read as they are spoken.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import Field, dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Protocol, TypeVar

from twizzit_pipeline.plan.club_rights import NOTHING_FED, ClubRights
from twizzit_pipeline.plan.decisions import NOTHING_DECIDED, Decisions
from twizzit_pipeline.plan.departed import NO_DEPARTURES, Departures


@dataclass(frozen=True, slots=True)
class Owner:
    """Who syncs: a credential, and the organization whose ids it speaks of.

    `club_id`: the club of ShotSpot that was chosen for the organization; None where its name decides. `host`: of its
    endpoint, with the port that is not implied. `names_own_teams_alone`: a team's id in its matches is one of its own
    teams'; without, opponents have ids as well.
    """

    credential_id: int
    dialect: str
    organization_id: str | None
    organization_name: str
    club_id: int | None = None
    host: str = ""
    names_own_teams_alone: bool = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class WantedSeason:
    """The season of this partition. `decides`: see `deciding_season.decides`; `ended`: its last day is over.

    `repairs`: the sync brings every mapped row of the season to Twizzit's values, local edits included, because
    that was asked for; never one of a past season.
    """

    label: str
    start_date: date
    end_date: date
    decides: bool
    ended: bool
    repairs: bool = False


@dataclass(frozen=True, slots=True)
class RemoteTeam:
    """A row of the table `twizzit_teams`."""

    id: str
    name: str
    club_name: str | None
    age_group: str | None
    gender: str | None


# What of a player is merged column by column: both rows call it so, and no other player's row is concerned.
PERSONAL = ("first_name", "last_name", "gender")


@dataclass(frozen=True, slots=True)
class RemotePlayer:
    """A row of the table `twizzit_players`: one for each team that a person plays in.

    `name_guessed`: the account gives the whole name alone, and where it falls into two is a guess.
    """

    team_id: str
    id: str
    first_name: str
    last_name: str
    gender: str | None
    jersey_number: int | None
    name_guessed: bool = False


@dataclass(frozen=True, slots=True)
class LocalClub:
    """A row of ShotSpot's `clubs`."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class LocalSeason:
    """A row of ShotSpot's `seasons`."""

    id: int
    name: str
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True)
class LocalTeam:
    """A row of ShotSpot's `teams`; `mapped`: whether any mapping points at it, `updated_at`: when it was written."""

    id: int
    club_id: int
    name: str
    age_group: str | None
    gender: str | None
    season_id: int | None
    is_active: bool | None
    mapped: bool
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LocalPlayer:
    """A row of ShotSpot's `players`; `mapped`: whether any mapping points at it, `updated_at`: when it was written."""

    id: int
    club_id: int | None
    team_id: int | None
    first_name: str
    last_name: str
    gender: str | None
    jersey_number: int | None
    is_active: bool | None
    mapped: bool
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A row of a mapping table. `twizzit_id` is Twizzit's, whatever stands for it in ShotSpot's column.

    `host` is None where the row is older than that column and its credential was gone already.
    `credential_active` is None when no credential owns it (any more). `last_values` is the base: what Twizzit said when
    the row was last written; None where ShotSpot's own integration made it. The rest is the players' alone:
    `unseen`, whether its `last_synced_at` is one that no sync of ours has found or left; `touched`, whether it was
    another one before, so that ShotSpot's own integration wrote the row since; `based_team_id`, the local team of the
    team mapping.
    """

    id: int
    local_id: int
    twizzit_id: str
    twizzit_name: str | None
    credential_id: int | None
    credential_active: bool | None
    dialect: str | None
    organization_id: str | None
    organization_name: str | None
    last_values: Mapping[str, object] | None
    sync_status: str | None
    sync_error: str | None
    host: str | None = None
    team_mapping_id: int | None = None
    unseen: bool = False
    touched: bool = False
    based_team_id: int | None = None


@dataclass(frozen=True, slots=True)
class MappedTeam:
    """Where the players of a remote team go: its mapping, the local team and its club. `name` is Twizzit's."""

    mapping_id: int
    team_id: int
    club_id: int
    name: str | None = None


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
    how many people besides those of `remote` are as they should be, whatever becomes of the others. `unlisted`: the
    credential's own mappings of people who are not in the scan and are called as one who has no mapping.
    `mapped_to`: local player → the remote id of the mapping that a person may take from them: of those who are called
    as one who has no mapping, and of those about whom a question waits. `bases`: remote id → the base from which one
    who is linked by a person's decision is merged. `left_behind`: local players in the team that the
    mapping of theirs named before people corrected it.
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


@dataclass(frozen=True, slots=True)
class RemoteCompetition:
    """A row of the table `twizzit_competitions`."""

    id: str
    name: str
    competition_type: str
    start_date: date
    end_date: date | None


@dataclass(frozen=True, slots=True)
class LocalCompetition:
    """A row of ShotSpot's `competitions`; `mapped` says whether any mapping points at it."""

    id: int
    name: str
    competition_type: str
    season_id: int | None
    start_date: date
    end_date: date | None
    status: str | None
    mapped: bool


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
class RemoteMatch:
    """A row of the table `twizzit_matches`; `starts_at` is UTC."""

    id: str
    competition_id: str | None
    home_team_id: str | None
    home_name: str
    away_team_id: str | None
    away_name: str
    starts_at: datetime
    status: str
    home_score: int | None
    away_score: int | None


@dataclass(frozen=True, slots=True)
class LocalGame:
    """A row of ShotSpot's `games`; `date` is UTC.

    `mapped`: whether any mapping points at it; `has_events`: whether something happened in it, by ShotSpot's own rows.
    """

    id: int
    home_club_id: int
    away_club_id: int
    home_team_id: int | None
    away_team_id: int | None
    competition_id: int | None
    season_id: int | None
    date: datetime
    status: str | None
    home_score: int | None
    away_score: int | None
    mapped: bool
    has_events: bool


@dataclass(frozen=True, slots=True)
class Opponent:
    """A row of `twizzit_opponents`: which club and team of ShotSpot a name means in this season."""

    normalised_name: str
    club_id: int
    team_id: int


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
