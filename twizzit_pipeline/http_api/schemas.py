"""What answers look like: the guide's names, in camelCase. What clients send is in `bodies`.

Times are UTC and end in Z.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class Error(BaseModel):
    """An answer that is no success. `error` is what programs may rely on, `message` is for people."""

    model_config = ConfigDict(extra="allow")

    error: str
    message: str | None = None


class FieldFault(Answer):
    """What is wrong with one field."""

    field: str
    message: str


class ValidationFailed(Answer):
    """400."""

    error: Literal["Validation failed"]
    details: list[FieldFault]


class Conflict(Answer):
    """409. Of a sync: the history row of the one under way, where it has one yet, and the request that it came from."""

    error: str
    sync_id: int | None = None
    request_id: int | None = None
    message: str | None = None


class Message(Answer):
    """Done."""

    message: str


# --- credentials ------------------------------------------------------------------------------------------------------


class StoredCredential(Answer):
    """What a login is known by."""

    id: int
    organization_name: str
    api_username: str
    api_endpoint: str


class Credential(StoredCredential):
    """A login, without its password."""

    is_active: bool
    last_verified_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


class CredentialStored(Answer):
    """201."""

    message: str
    credential: StoredCredential


class Credentials(Answer):
    """Every login."""

    credentials: list[Credential]


class Organization(Answer):
    """A credential as a coach may see it: enough to choose one."""

    id: int
    organization_name: str
    is_active: bool
    last_verified_at: datetime | None


class Organizations(Answer):
    """The credentials that the caller may use."""

    organizations: list[Organization]


class Capabilities(Answer):
    """How much the account may read; `groups` is null where that cannot be told without reading them all."""

    organizations: int
    groups: int | None
    seasons: int


class Verified(Answer):
    """200."""

    success: Literal[True] = True
    message: str
    organization_name: str
    capabilities: Capabilities


class NotVerified(Answer):
    """401 of a verification, and of a token that is none (then without `success`)."""

    success: Literal[False] | None = None
    error: str
    message: str | None = None


# --- syncs ------------------------------------------------------------------------------------------------------------


class SyncError(Answer):
    """One item that did not arrive: the rule that it broke, or why it could not be applied."""

    entity: str
    twizzit_id: str | None
    error: str


class SyncCounts(Answer):
    """What became of the items of one entity."""

    sync_id: int
    status: str
    processed: int
    succeeded: int
    failed: int


class SyncResult(Answer):
    """A sync that ended. The counters are those of the entity that was asked for; `players` are the others'.

    `success` is false where the sync failed as a whole; `duration` is in milliseconds.
    """

    success: bool
    sync_id: int | None
    request_id: int
    message: str
    status: str
    processed: int
    succeeded: int
    failed: int
    errors: list[SyncError] | None = None
    players: SyncCounts | None = None
    duration: int


class SyncAccepted(Answer):
    """202: under way, or waiting for its turn. The header `Location` says where to ask."""

    success: Literal[True] = True
    message: str
    request_id: int
    sync_id: int | None
    status: str


class SyncRequest(Answer):
    """A sync that was asked for. `result` appears when it has ended."""

    id: int
    credential_id: int
    sync_type: str
    status: str
    sync_id: int | None
    error: str | None
    requested_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    result: SyncResult | None = None


class SyncConfig(Answer):
    """When a credential syncs by itself, and what. The three last say the interval in ShotSpot's front end's words."""

    credential_id: int
    sync_teams: bool
    sync_players: bool
    sync_competitions: bool
    sync_interval_minutes: int
    auto_sync_enabled: bool
    last_sync_at: datetime | None
    next_sync_at: datetime | None
    sync_interval_hours: float
    sync_interval_days: float
    sync_interval_unit: Literal["minutes", "hours", "days"]


class ConfigAnswer(SyncConfig):
    """The configuration of one credential, and once more under `config`, where other answers have their thing."""

    config: SyncConfig


class HistoryRow(Answer):
    """One sync of one entity. `synced_at` is when it ended, or began where it is not over."""

    id: int
    credential_id: int
    sync_type: str
    sync_direction: str
    status: str
    items_processed: int
    items_succeeded: int
    items_failed: int
    error_message: str | None
    started_at: datetime
    completed_at: datetime | None
    synced_at: datetime


class History(Answer):
    """Newest first."""

    history: list[HistoryRow]


class RejectedRow(Answer):
    """A row that broke a rule of its contract, by id."""

    entity: str
    twizzit_id: str | None
    column_name: str
    rule: str


class HistoryEntry(HistoryRow):
    """One sync with all that did not arrive."""

    dagster_run_id: str | None
    season: str | None
    rejected_rows: list[RejectedRow]
    failed_items: list[SyncError]


class HistoryOne(Answer):
    """One sync."""

    history: HistoryEntry


# --- mappings and people ----------------------------------------------------------------------------------------------


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


# --- live answers of Twizzit ------------------------------------------------------------------------------------------


class LiveOrganization(Answer):
    """The organization that a credential reads; no id in the old API."""

    organization_id: str | None
    organization_name: str


class Group(Answer):
    """A group of Twizzit: a team, usually."""

    id: str
    name: str
    short_name: str | None
    club_name: str | None


class Groups(Answer):
    """All of them."""

    groups: list[Group]
    total: int
    has_more: Literal[False] = False


class Season(Answer):
    """A season; where the account lists none, the running one, whose id is its name."""

    id: str
    name: str
    start_date: date | None
    end_date: date | None


class Seasons(Answer):
    """All of them."""

    seasons: list[Season]
    total: int


class PreviewedPlayer(Answer):
    """A player as Twizzit lists them now."""

    id: str
    first_name: str | None
    last_name: str | None


class PlayersPreview(Answer):
    """The players of one group."""

    total: int
    players: list[PreviewedPlayer]


# --- operations -------------------------------------------------------------------------------------------------------


class AuditRow(Answer):
    """Who changed what."""

    id: int
    at: datetime
    actor_kind: str
    actor_id: str
    actor_role: str | None
    action: str
    target: str
    target_id: str | None
    details: Mapping[str, Any]


class Audit(Answer):
    """Newest first; the header `X-Total-Count` says of how many."""

    audit: list[AuditRow]


class Orchestrator(Answer):
    """Whether somebody will start the syncs that are asked for."""

    alive: bool
    last_heartbeat: datetime | None


class Health(Answer):
    """`ok` as long as the database answers."""

    status: Literal["ok", "unavailable"]
    database: Literal["ok", "unavailable"]
    orchestrator: Orchestrator
