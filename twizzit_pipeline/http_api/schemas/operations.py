"""The audit log, and whether all is well."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from twizzit_pipeline.http_api.schemas.base import Answer


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
