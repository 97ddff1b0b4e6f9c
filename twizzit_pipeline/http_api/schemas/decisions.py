"""Answers about what waits for a person, and what became of it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

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


class ConflictCandidate(Answer):
    """A row of ShotSpot that one of Twizzit may be; `mapped`: it is something else's, with the id `mapped_to`.

    `may_be_linked`: it may be chosen. Of a player: `jersey_number` and `team_name`, where ShotSpot has them.
    """

    local_id: int
    name: str
    mapped: bool
    mapped_to: str | None
    may_be_linked: bool
    jersey_number: int | None
    team_name: str | None


class WaitingConflict(Answer):
    """A field that both sides changed (`kind` field), a link that is not clear (doubtful_link), or an opponent.

    Of a field: `base` is what Twizzit said before, `local` what ShotSpot held, `remote` what Twizzit says, `now` what
    ShotSpot holds at this moment; a player's team is ShotSpot's id, with its name in `team_names`. Of a link:
    `candidates`; those of `same_name` share a name with another, and may be one person twice, whom no sync merges. With
    a `local_id` it is mapped to that row, of the name `local_name` (a player's number and team in
    `local_jersey_number`, `local_team_name`), and may be a candidate instead. `name_taken`: it is a new team, whose
    name in the season the candidate has. Of an opponent (opponent), known by its `name` alone: `column` says what the
    candidates are (club_id, team_id), `match` which match waits, `twizzit_id` is a key. `reason`: why a sync, or an
    undo, settled it. `mark`: of what is shown here; an answer with it is about that alone.
    """

    id: int
    credential_id: int
    organization_name: str = Field(validation_alias="organization")
    entity: str
    twizzit_id: str
    kind: str
    column: str
    local_id: int | None
    name: str | None
    local_name: str | None
    local_jersey_number: int | None
    local_team_name: str | None
    base: Any
    local: Any
    remote: Any
    now: Any
    team_names: dict[int, str]
    candidates: list[ConflictCandidate]
    same_name: list[int]
    name_taken: bool
    match: str | None
    status: str
    resolution: str | None
    value: Any
    found_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    sync_id: int | None = Field(validation_alias="history_id")
    reason: (
        Literal["both_agree", "twizzit_reverted", "shotspot_reverted", "other_policy", "row_gone", "certain", "undone"]
        | None
    )
    mark: str


class Conflicts(Answer):
    """A page; the header `X-Total-Count` says of how many."""

    conflicts: list[WaitingConflict]


class ChangedValue(Answer):
    """What a column of ShotSpot's row held, and what it holds."""

    before: Any
    after: Any


class LeftRow(Answer):
    """The row of ShotSpot that lost its mapping: out of use, mapped to `twizzit_id` now, or as it was."""

    local_id: int
    is_inactive: bool
    twizzit_id: str | None


class ConflictResolved(Answer):
    """What became of it. `sync_id` is the row of the history that records the decision.

    `followed`: ShotSpot's table → how many rows went along with a team, or came with an opponent.
    """

    conflict: WaitingConflict
    sync_id: int
    changed: dict[str, ChangedValue]
    left: LeftRow | None
    followed: dict[str, int]
