"""The plan: what is there, what should be, what differs. Pure functions over rows; nothing here reads or writes.

This module holds the plan's own words; the module of an entity makes one. A new row has a negative id until it is
applied; other changes may point at it by that id.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from twizzit_pipeline.entities import ENTITIES, EntityName, LocalTable
from twizzit_pipeline.plan.departed import Record

Action = Literal["create", "link", "adopt", "update", "mark", "depart", "return"]
QuestionKind = Literal["field", "doubtful_link", "opponent"]
# Why a question is none any more: both sides hold the same; Twizzit, or ShotSpot, holds again what was before, so that
# the other side's change stands alone; another policy decides by now; the row is gone, or no sync writes it any more;
# it is not in doubt any more which row is meant.
SettledBy = Literal["both_agree", "twizzit_reverted", "shotspot_reverted", "other_policy", "row_gone", "certain"]
# Why an item failed that several local rows fit, or of whose mapping it is not clear whose it is.
DOUBTFUL_LINK = "doubtful_link"
Table = LocalTable | Literal["clubs", "seasons", "competition_teams", "twizzit_opponents"]


@dataclass(frozen=True, slots=True)
class Change:
    """One local row, and the mapping that goes with it.

    Attributes:
        table: ShotSpot's table, or the pipeline's of opponents.
        action: create (made anew), link (found), adopt (the mapping had no owner), update; mark says in the mapping why
            its item failed, and leaves the local row alone; depart (Twizzit does not list it any more) and return (it
            does again).
        row_id: the local id; negative for a row to be made.
        twizzit_id: the remote id; None for what has no mapping (a club, a season).
        values: every column that a sync may write, as it should be.
        before: the same columns as they are; empty for a row to be made.
        mapping: the mapping row as it should be, without its local id; None where it stays as it is.
        mapping_id: the mapping's id; None for one to be made.
        conflicts: columns that both sides changed; the value of the one that wins stands in `values`.
        repaired: columns that are brought to Twizzit's value because a repair was asked for, and for no other reason.
    """

    table: Table
    action: Action
    row_id: int
    twizzit_id: str | None
    values: Mapping[str, object]
    before: Mapping[str, object] = field(default_factory=dict)
    mapping: Mapping[str, object] | None = None
    mapping_before: Mapping[str, object] = field(default_factory=dict)
    mapping_id: int | None = None
    conflicts: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()

    @property
    def changed(self) -> dict[str, object]:
        """The columns of the local row that differ."""
        return {
            name: value for name, value in self.values.items() if name not in self.before or self.before[name] != value
        }


@dataclass(frozen=True, slots=True)
class Failed:
    """An item that cannot be applied, and the local rows that are the reason."""

    twizzit_id: str
    reason: str
    local_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that did not stop an item but that a reader of the report should know."""

    twizzit_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Aside:
    """An item that is not meant to come, and why: no failure, and nothing that a person could settle."""

    twizzit_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is to decide: whose value a column gets, or which local row a remote one, or an opponent, is.

    Attributes:
        kind: field, doubtful_link, or opponent.
        twizzit_id: the remote id; of an opponent, who has none, the key of its name (`opponent_choices`).
        column: of a conflict; of an opponent which of its rows is not clear; empty for a doubtful link.
        local_id: of a conflict; of a doubtful link the row that the remote one is mapped to, None where it is to none.
        base, local, remote: of a conflict, as JSON has them: what Twizzit said before both sides changed it, what
            ShotSpot holds, and what Twizzit says. The base of a doubtful link of one that is mapped: which candidates
            are mapped, and to which remote id; of a team whose name is taken: the same of a candidate whose remote
            team is not listed any more. The remote of an opponent: its name, and a match that waits
            (`opponent_questions.said_of`).
        candidates: of a doubtful link and an opponent: the local rows that fit.
    """

    kind: QuestionKind
    twizzit_id: str
    column: str = ""
    local_id: int | None = None
    base: object = None
    local: object = None
    remote: object = None
    candidates: tuple[int, ...] = ()

    @property
    def is_of_name(self) -> bool:
        """Whether it is about a new team whose name in the season another team has."""
        return is_of_name(self.kind, self.local_id, self.base)


def is_of_name(kind: str, local_id: int | None, base: object) -> bool:
    """Whether a question is about a new team whose name in the season another team has, which is its candidate."""
    return kind == "doubtful_link" and local_id is None and base is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync will do to one entity: nothing more, nothing less.

    `unchanged` counts the items that are already as they should be. `news`: what happened to some of those that change
    (``moved``, ``cancelled``) → their remote ids. `set_aside`: the items that are none of `items`. `seen`: ids of the
    mappings that ShotSpot's own integration may have written, and that have been looked at now. `first_fed`: clubs that
    get their first team of the organization. `questions`: what a person is to decide, where that is new; `settled`: ids
    of earlier questions that are none any more.

    `departures`: the rows of `twizzit_departures` to be written. `held`, `waiting`: remote ids of those that wait for a
    person, or for proof, after it; `closed`: of those whose mapping goes.
    """

    entity: EntityName
    changes: Sequence[Change] = ()
    failed: Sequence[Failed] = ()
    warned: Sequence[Warned] = ()
    unchanged: int = 0
    news: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    set_aside: Sequence[Aside] = ()
    seen: Sequence[int] = ()
    first_fed: Collection[int] = ()
    departures: Sequence[Record] = ()
    held: Sequence[str] = ()
    waiting: Sequence[str] = ()
    closed: Sequence[str] = ()
    questions: Sequence[Question] = ()
    settled: Mapping[int, SettledBy] = field(default_factory=dict)

    @property
    def table(self) -> Table:
        """ShotSpot's table of the entity."""
        return ENTITIES[self.entity].local

    def count(self, action: Action) -> int:
        """How many items of the entity (what is made for them aside) have this action."""
        return sum(change.action == action and change.table == self.table for change in self.changes)

    def made(self, table: Table) -> int:
        """How many rows of this table the plan makes."""
        return sum(change.action == "create" and change.table == table for change in self.changes)

    @property
    def items(self) -> int:
        """How many items of the entity are in the plan."""
        applied = sum(change.table == self.table and change.action not in ("mark", "depart") for change in self.changes)
        return applied + len({item.twizzit_id for item in self.failed}) + self.unchanged


def by_reason(items: Sequence[Failed] | Sequence[Warned] | Sequence[Aside]) -> dict[str, tuple[str, ...]]:
    """Reason → remote ids, in the plan's order."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for item in items:
        grouped[item.reason].append(item.twizzit_id)
    return {reason: tuple(ids) for reason, ids in grouped.items()}


def id_order(remote_id: str) -> tuple[int, int, str]:
    """Sort key of remote ids: numbers by value, before texts."""
    return (0, int(remote_id), remote_id) if remote_id.isdecimal() else (1, 0, remote_id)
