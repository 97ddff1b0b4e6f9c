"""Answers about mappings, and about who is registered."""

from datetime import date, datetime

from pydantic import AliasPath, Field

from twizzit_pipeline.http_api.schemas.base import Answer


class TeamMapping(Answer):
    """A team in both worlds."""

    id: int
    credential_id: int | None
    internal_team_id: int = Field(validation_alias="local_team_id")
    internal_team_name: str = Field(validation_alias="local_team_name")
    twizzit_team_id: str
    twizzit_team_name: str | None
    last_synced_at: datetime | None
    sync_status: str | None
    sync_error: str | None


class TeamMappings(Answer):
    """A page; the header `X-Total-Count` says of how many."""

    mappings: list[TeamMapping]


class PlayerMapping(Answer):
    """A player in both worlds; the team is the one that they play in."""

    id: int
    credential_id: int | None
    internal_player_id: int = Field(validation_alias="local_player_id")
    internal_player_name: str = Field(validation_alias="local_name")
    internal_player_first_name: str = Field(validation_alias="local_first_name")
    internal_player_last_name: str = Field(validation_alias="local_last_name")
    jersey_number: int | None
    internal_team_id: int | None = Field(validation_alias="local_team_id")
    internal_team_name: str | None = Field(validation_alias="local_team_name")
    twizzit_player_id: str
    twizzit_player_name: str | None
    twizzit_team_id: str | None
    twizzit_team_name: str | None
    last_synced_at: datetime | None
    sync_status: str | None
    sync_error: str | None


class PlayerMappings(Answer):
    """A page; the header `X-Total-Count` says of how many."""

    mappings: list[PlayerMapping]


class CompetitionMapping(Answer):
    """A competition in both worlds; `matches` counts the mapped matches that are played in it."""

    id: int
    credential_id: int | None
    internal_competition_id: int = Field(validation_alias="local_competition_id")
    internal_competition_name: str = Field(validation_alias="local_competition_name")
    competition_type: str
    season: str | None
    start_date: date
    end_date: date | None
    status: str | None
    matches: int
    twizzit_competition_id: str
    twizzit_competition_name: str | None
    last_synced_at: datetime | None
    sync_status: str | None
    sync_error: str | None


class CompetitionMappings(Answer):
    """A page; the header `X-Total-Count` says of how many."""

    mappings: list[CompetitionMapping]


class MatchMapping(Answer):
    """A match in both worlds, as ShotSpot has it. A friendly has no competition; a match not played 0 and 0.

    Where `hourKnown` is false, the day alone is known, and `startsAt` is its midnight in Belgium.
    """

    id: int
    credential_id: int | None
    internal_game_id: int = Field(validation_alias="local_game_id")
    starts_at: datetime
    hour_known: bool
    internal_home_team_id: int | None = Field(validation_alias="home_team_id")
    home_name: str
    internal_away_team_id: int | None = Field(validation_alias="away_team_id")
    away_name: str
    internal_competition_id: int | None = Field(validation_alias="competition_id")
    internal_competition_name: str | None = Field(validation_alias="competition_name")
    status: str | None
    home_score: int | None
    away_score: int | None
    twizzit_match_id: str
    twizzit_match_name: str | None
    last_synced_at: datetime | None
    sync_status: str | None
    sync_error: str | None


class MatchMappings(Answer):
    """A page; the header `X-Total-Count` says of how many."""

    mappings: list[MatchMapping]


class Registration(Answer):
    """Whether a person may play an official match, and why (not): `reason` for people, `code` for programs.

    `player_id` is null for one whom Twizzit alone has, whose names are null where Twizzit could not be asked.
    `in_twizzit`: Twizzit lists them as a player of the team; `here`: ShotSpot has them in it.
    """

    player_id: int | None
    twizzit_id: str | None
    first_name: str | None
    last_name: str | None
    jersey_number: int | None
    registered: bool
    reason: str
    code: str
    in_twizzit: bool
    here: bool


class Registrations(Answer):
    """All people of one team, those who may not play first, people set aside last.

    `in_twizzit` and `here` count the players on either side, `set_aside` those whom Twizzit lists as no players.
    `as_of` is when the sync ended that the answer is of. `names_missing` says why Twizzit could not be asked for names;
    null where it could, or was not needed.
    """

    team_id: int = Field(validation_alias=AliasPath("team", "id"))
    team_name: str = Field(validation_alias=AliasPath("team", "name"))
    club_name: str = Field(validation_alias=AliasPath("team", "club_name"))
    as_of: datetime | None
    players: list[Registration]
    total: int
    registered: int
    in_twizzit: int
    here: int
    set_aside: int
    names_missing: str | None
