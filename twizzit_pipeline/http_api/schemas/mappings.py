"""Answers about mappings, and about who is registered."""

from datetime import datetime

from twizzit_pipeline.http_api.schemas.base import Answer


class TeamMapping(Answer):
    """A team in both worlds."""

    id: int
    credential_id: int | None
    internal_team_id: int
    internal_team_name: str
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
    internal_player_id: int
    internal_player_name: str
    internal_player_first_name: str
    internal_player_last_name: str
    jersey_number: int | None
    internal_team_id: int | None
    internal_team_name: str | None
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


class Registration(Answer):
    """Whether a player may play an official match, and why (not): `reason` for people, `code` for programs."""

    player_id: int
    first_name: str
    last_name: str
    jersey_number: int | None
    registered: bool
    reason: str
    code: str


class Registrations(Answer):
    """The players of one team."""

    players: list[Registration]
    total: int
    registered: int
