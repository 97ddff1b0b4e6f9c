"""What waits for a person, and what was decided."""

from datetime import datetime
from typing import Literal

from twizzit_pipeline.http_api.schemas.base import Answer


class Departure(Answer):
    """One team, player or match that Twizzit does not list any more.

    `kind`: `no_team` (still a contact), `gone`, `unproved`. `status`: `held` (waits for a person), `waiting` (for
    proof, or the end of its grace), `approved`, `refused`, `applied`, `closed` (not registered any more), `returned`.
    """

    id: int
    entity: Literal["teams", "players", "matches"]
    twizzit_id: str
    local_id: int
    name: str | None
    season: str
    kind: Literal["no_team", "gone", "unproved"]
    status: Literal["waiting", "held", "approved", "refused", "applied", "closed", "returned"]
    missed_at: datetime
    proved_at: datetime | None
    applied_at: datetime | None
    closed_at: datetime | None
    returned_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None


class Departures(Answer):
    """First what waits for a decision."""

    departures: list[Departure]


class DepartureDecision(Answer):
    """How many departures were decided so, and how many were so `already`; the next sync acts on it."""

    decision: Literal["approve", "refuse"]
    decided: int
    already: int
