"""The audit log, and whether all is well."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import AliasPath, Field

from twizzit_pipeline.http_api.schemas.base import Answer


class AuditRow(Answer):
    """Who changed what."""

    id: int
    at: datetime
    actor_kind: str = Field(validation_alias=AliasPath("actor", "kind"))
    actor_id: str = Field(validation_alias=AliasPath("actor", "id"))
    actor_role: str | None = Field(validation_alias=AliasPath("actor", "role"))
    action: str
    target: str
    target_id: str | None
    details: Mapping[str, Any]


class Audit(Answer):
    """Newest first; the header `X-Total-Count` says of how many."""

    audit: list[AuditRow]


class CoachClub(Answer):
    """A club that a coach may see."""

    credential_id: int
    organization_name: str


class Coach(Answer):
    """What an administrator said of a user. Who is not `limited` sees every club, and `clubs` is empty then."""

    user_id: str
    limited: bool
    limited_at: datetime | None
    clubs: list[CoachClub]


class Coaches(Answer):
    """The users that are limited, by id."""

    coaches: list[Coach]


class SwitchedOff(Answer):
    """A sensor or schedule of Dagster's that a person switched off: what does not happen, and what to click."""

    name: str
    kind: str
    means: str
    what_to_do: str


class Orchestrator(Answer):
    """Whether the syncs that are asked for will be started."""

    alive: bool
    last_heartbeat: datetime | None
    switched_off: list[SwitchedOff]


class Health(Answer):
    """`ok` as long as the database answers."""

    status: Literal["ok", "unavailable"]
    database: Literal["ok", "unavailable"]
    orchestrator: Orchestrator
