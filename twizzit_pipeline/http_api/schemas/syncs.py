"""Answers about syncs and their configuration."""

from datetime import datetime
from typing import Literal

from pydantic import AliasPath, Field

from twizzit_pipeline.http_api.schemas.base import Answer
from twizzit_pipeline.policies import Policy
from twizzit_pipeline.words.meanings import EventTypeMeaning, FunctionMeaning, GroupTypeMeaning, StatusMeaning


class SyncError(Answer):
    """One item that did not arrive: `error` is the rule that it broke, or why it could not be applied, for programs;
    `message` says the same for people.
    """

    entity: str
    twizzit_id: str | None
    error: str
    message: str


class SyncCounts(Answer):
    """What became of the items of one entity."""

    sync_id: int = Field(validation_alias="id")
    status: str
    processed: int = Field(validation_alias="items_processed")
    succeeded: int = Field(validation_alias="items_succeeded")
    failed: int = Field(validation_alias="items_failed")


class CallBudget(Answer):
    """A month's calls to Twizzit, for a credential that has a limit.

    `calls_of_a_sync` is what one usually takes; `enough` is false where less is left. A sync that was asked for is
    carried out all the same.
    """

    monthly_call_limit: int = Field(validation_alias="limit")
    calls_left: int = Field(validation_alias="left")
    calls_of_a_sync: int = Field(validation_alias="per_sync")
    enough: bool


class SyncResult(Answer):
    """A sync that ended. The counters are those of the entity that was asked for; the others' are under their names.

    `success` is false where the sync failed as a whole, or was cancelled; `duration` is in milliseconds.
    `already_queued` is there, and true, where such a sync waited already: `request_id` is that one's.
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
    competitions: SyncCounts | None = None
    matches: SyncCounts | None = None
    duration: int
    already_queued: bool | None = None
    budget: CallBudget | None = None


class SyncAccepted(Answer):
    """202: under way, or waiting for its turn. The header `Location` says where to ask.

    `already_queued` is there, and true, where such a sync waited already: `request_id` is that one's.
    """

    success: Literal[True] = True
    message: str
    request_id: int
    sync_id: int | None
    status: str
    already_queued: bool | None = None
    budget: CallBudget | None = None


class RequestRow(Answer):
    """A sync that was asked for. `season` is null for the running one, `group_id` for all teams.

    `preview`: nothing of it is written. `plan_id`: the plan that it applies, or the one that a preview made.

    `status`: `queued`, `started`, `success`, `partial_success`, `failed` or `cancelled`; `error` says why it failed,
    or was not able to begin yet and is tried again, or who cancelled it. `requested_by`: all who asked for it, in their
    order, each as the audit log's `actorKind:actorId`.
    """

    id: int
    credential_id: int
    sync_type: str
    include_players: bool = Field(validation_alias="brings_players")
    season: str | None
    group_id: str | None = Field(validation_alias=AliasPath("options", "group_id"))
    create_missing: bool = Field(validation_alias=AliasPath("options", "create_missing"))
    preview: bool = Field(validation_alias=AliasPath("options", "preview"))
    plan_id: int | None = Field(validation_alias=AliasPath("options", "plan_id"))
    requested_by: list[str] = Field(validation_alias="askers")
    status: str
    error: str | None
    requested_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class ListedRequest(RequestRow):
    """A sync that was asked for, with the name of the credential's club."""

    organization_name: str


class SyncRequest(RequestRow):
    """One of them. `sync_id` is its row in the history; `result` appears when it has ended."""

    sync_id: int | None
    result: SyncResult | None = None


class SyncRequests(Answer):
    """What waits and what has begun, the oldest first; with those that are over, the newest first."""

    requests: list[ListedRequest]


class SyncConfig(Answer):
    """When a credential syncs by itself, and what. The three last say the interval in ShotSpot's front end's words.

    `functions`, `event_types`, `group_types` and `statuses` are what was said of the account's words;
    `match_event_type` is the first event type that was said to be a match, for clients of an older version.

    `is_federation`: its groups may name other clubs than the organization. `review`: automatic syncs stop at their
    plan, until a person applies it.

    `next_sync_at` is null where automatic syncs are off or cannot come (the credential is switched off, or nothing is
    to be synced), and where the first one starts within seconds; `next_sync_because` says why it is further away than
    the interval. `notify_to` are addresses that are notified about this credential, besides those of the settings; null
    for others than administrators.

    `conflict_policy` says who wins where both sides changed a field since the last sync; `conflict_exceptions` names
    fields with another policy.
    """

    credential_id: int
    sync_teams: bool
    sync_players: bool
    sync_competitions: bool
    sync_interval_minutes: int
    auto_sync_enabled: bool
    last_sync_at: datetime | None
    next_sync_at: datetime | None
    monthly_call_limit: int | None
    calls_this_month: int
    consecutive_failures: int
    backing_off_until: datetime | None
    paused_until: datetime | None
    paused_because: str | None
    match_event_type: str | None
    is_federation: bool
    review: bool
    functions: dict[str, FunctionMeaning]
    event_types: dict[str, EventTypeMeaning]
    group_types: dict[str, GroupTypeMeaning]
    statuses: dict[str, StatusMeaning]
    conflict_policy: Policy
    conflict_exceptions: dict[str, Policy]
    next_sync_because: str | None
    notify_to: list[str] | None
    sync_interval_hours: float
    sync_interval_days: float
    sync_interval_unit: Literal["minutes", "hours", "days"]


class ConfigAnswer(SyncConfig):
    """The configuration of one credential, and once more under `config`, where other answers have their thing."""

    config: SyncConfig
