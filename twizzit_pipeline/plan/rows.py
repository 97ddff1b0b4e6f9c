"""The rows that a plan is made from: what the snapshot saw, what ShotSpot holds, and the mappings between them.

Plain values only (None, never NaN), so that the rules of `plan/` read as they are spoken.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Owner:
    """Who syncs: a credential, and the organization whose ids it reads.

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
    that was asked for; never one of a past season. `others`: what the account's other seasons come down to
    (`words.seasons.key`), of those that it lists.
    """

    label: str
    start_date: date
    end_date: date
    decides: bool
    ended: bool
    repairs: bool = False
    others: frozenset[str] = frozenset()


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
# What Twizzit says of a player, besides the team: what a mapping remembers.
SAID_OF_PLAYER = (*PERSONAL, "jersey_number")


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
