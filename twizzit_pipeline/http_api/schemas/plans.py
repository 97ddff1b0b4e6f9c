"""Answers about plans: what a sync would do."""

from datetime import datetime
from typing import Any, Literal

from twizzit_pipeline.http_api.schemas.base import Answer


class Plan(Answer):
    """A stored plan, in numbers.

    `reason`: `asked` for by a person; `review` or `first_sync` where a sync stopped at it. `status`: `waiting`,
    `applied`, `replaced` by a newer one, `discarded` or `expired`. `changes`: the items that it would change;
    `remembered`: those of which it would only remember what Twizzit says, while ShotSpot stays as it is.
    `made_run_id` is the run that made it, `dagster_run_id` the one that applied it.
    """

    id: int
    credential_id: int
    season: str
    reason: str
    status: str
    changes: int
    remembered: int
    calls: int
    counts: dict[str, Any]
    requested_by: str | None
    made_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    made_run_id: str | None
    dagster_run_id: str | None


class Plans(Answer):
    """The plans of a credential, the newest first."""

    plans: list[Plan]


class PlanDocument(Answer):
    """A plan with what it would do, row by row and with names, as `docs/http-api.md` describes it."""

    plan: Plan
    document: dict[str, Any]


class PreviewResult(Answer):
    """A preview that ended. `success` is false where none could be made; `message` says why."""

    success: bool
    message: str
    request_id: int
    status: str
    plan: Plan | None = None
    document: dict[str, Any] | None = None


class PreviewAccepted(Answer):
    """202: under way, or waiting for its turn. The header `Location` says where to ask."""

    success: Literal[True] = True
    message: str
    request_id: int
    status: str
