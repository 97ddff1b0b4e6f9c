"""The rows that departures are planned from: who is missing, what Twizzit says of them, and what was decided before."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

# no_team: still a contact; gone: not listed at all; unproved: Twizzit could not be asked, or gave no clear answer.
Kind = Literal["no_team", "gone", "unproved"]
Presence = Literal["present", "absent", "unproved"]
Status = Literal["waiting", "held", "approved", "refused", "applied", "closed", "returned"]

OPEN: tuple[Status, ...] = ("waiting", "held", "approved", "refused")  # nothing of it is in ShotSpot yet
DONE: tuple[Status, ...] = ("applied", "closed")


@dataclass(frozen=True, slots=True)
class Departure:
    """A row of `twizzit_departures` of one that has not returned.

    `before`: the columns of ShotSpot's row that it changed; `base`: the mapping's base before it; `mapping`: the row of
    a mapping that was closed. `team_exists`: whether the team of `before` is there still.
    """

    id: int
    twizzit_id: str
    local_id: int
    kind: Kind
    status: Status
    before: Mapping[str, object] = field(default_factory=dict)
    base: Mapping[str, object] | None = None
    mapping: Mapping[str, object] | None = None
    team_exists: bool = False
    proved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A mapped row that a complete scan does not list.

    `before`: the columns of ShotSpot's row that a departure changes, and where the row stands; `mapping`: the mapping
    as `ownership.current_mapping` has it; `clubs`: of ShotSpot, in which the limit counts it.
    """

    twizzit_id: str
    local_id: int
    mapping_id: int
    mapping: Mapping[str, object]
    before: Mapping[str, object]
    clubs: tuple[int, ...]
    departure: Departure | None = None

    @property
    def base(self) -> Mapping[str, object]:
        """What Twizzit said when it listed it last."""
        base = self.mapping["last_values"]
        return base if isinstance(base, Mapping) else {}

    @property
    def is_approved(self) -> bool:
        """Whether a person has approved its departure, which is to be done now."""
        return self.departure is not None and self.departure.status == "approved"


@dataclass(frozen=True, slots=True)
class Due:
    """A departure that is in ShotSpot and that Twizzit was asked about again; `mapping_id`: what may be closed."""

    departure: Departure
    mapping_id: int
    said: Presence


@dataclass(frozen=True, slots=True)
class Absences:
    """What a run found out of those that its complete scan did not list: remote id → what Twizzit says.

    `due`: the same of departures that are in ShotSpot already, and were to be looked at again. Those that are in
    neither were not asked for. `moved_on`: teams that are gone from an account that cannot be asked.
    """

    can_ask: bool
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    due: Mapping[str, Presence] = field(default_factory=dict)
    moved_on: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """How many may leave a club within a day by themselves: not more than a share of it, unless they are few."""

    share: float = 0.2
    least: int = 5

    def exceeded(self, leaving: int, of: int) -> bool:
        """Whether so many are too many."""
        return leaving >= self.least and leaving > self.share * of


@dataclass(frozen=True, slots=True)
class Departures:
    """Everything that decides about departures of one entity; empty where the scan was not complete.

    Attributes:
        missing: those that the scan does not list, of whom nothing is decided yet, or a person has approved it.
        kinds: remote id → what Twizzit says; those that are not in it stay as they are.
        can_ask: whether Twizzit can be asked for an id at all.
        due: those to be looked at again.
        back: remote id → the departure of one that the scan lists (again).
        left: remote id → the departure of a player that is in ShotSpot, and whose mapping is there still.
        unlisted: remote id → the departure of a team or a match that the scan does not list.
        moved_on: remote ids of teams that two readings lack, of an account that cannot be asked and is the same club's.
        active: club → how many of the mapped ones are active; `recent`: how many left in the last day unapproved;
            `held`: how many are held back. None → how many of all clubs, where a row counts in two.
        still_held: remote ids of those that wait for a person, before this plan.
    """

    missing: Sequence[Missing] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    can_ask: bool = True
    due: Sequence[Due] = ()
    back: Mapping[str, Departure] = field(default_factory=dict)
    active: Mapping[int | None, int] = field(default_factory=dict)
    recent: Mapping[int | None, int] = field(default_factory=dict)
    held: Mapping[int | None, int] = field(default_factory=dict)
    still_held: Collection[str] = ()
    limit: Limit = Limit()
    season: str = ""
    left: Mapping[str, Departure] = field(default_factory=dict)
    unlisted: Mapping[str, Departure] = field(default_factory=dict)
    moved_on: Collection[str] = ()

    def of(self, remote_id: str) -> Departure | None:
        """What is known of one that has left, listed again or not."""
        return self.back.get(remote_id) or self.unlisted.get(remote_id)


NO_DEPARTURES = Departures()


@dataclass(frozen=True, slots=True)
class Record:
    """A row of `twizzit_departures` as a plan leaves it; a new one where `id` is None.

    `proved`, `applied`, `returned`: whether that moment is now. `closes`: the mapping that goes, with the row.
    """

    id: int | None
    twizzit_id: str
    local_id: int
    kind: Kind
    status: Status
    before: Mapping[str, object] | None = None
    base: Mapping[str, object] | None = None
    proved: bool = False
    applied: bool = False
    returned: bool = False
    closes: int | None = None
    season: str = ""
