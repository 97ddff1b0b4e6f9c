"""What an undo is made of: entries of the journal, what the database says of the rows, and the plan. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from twizzit_pipeline.entities import ENTITIES

Values = Mapping[str, Any]  # column → value, as PostgreSQL's `to_jsonb` says it

# Table → the columns of its rows' name.
_NAMED_BY: dict[str, tuple[str, ...]] = {each.local: each.names for each in ENTITIES.values() if each.names}
_NAMED_BY |= dict.fromkeys(("clubs", "seasons", "twizzit_opponents"), ("name",))
_SINGULARS: dict[str, str] = {each.local: each.local_one for each in ENTITIES.values()}
_SINGULARS |= {"clubs": "club", "seasons": "season"}
_SINGULARS |= {each.mappings: f"{each.one} mapping" for each in ENTITIES.values()}


class Key(NamedTuple):
    """A row: its table and its id."""

    table: str
    id: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the journal; `before` is None where it made the row, `after` where it removed it."""

    id: int
    key: Key
    twizzit_id: str | None
    action: str
    before: Values | None
    after: Values | None


@dataclass(frozen=True, slots=True)
class Left:
    """What stays as it is, and why.

    Attributes:
        columns: those that stay; empty where it is the row as a whole.
        reason: a word of `REASONS`.
        because: what stands in the way, where that is a row or a table: ``player 12``, ``match_events (3 rows)``.
    """

    key: Key
    twizzit_id: str | None
    name: str
    columns: tuple[str, ...]
    reason: str
    because: str = ""


StepKind = Literal["restore", "remove", "bring_back", "deactivate"]


@dataclass(frozen=True, slots=True)
class Step:
    """One row that an undo writes.

    Attributes:
        before, after: the columns that change; the whole row on one side where it is removed or brought back.
        because: of a row that is deactivated, what refers to it.
    """

    kind: StepKind
    key: Key
    twizzit_id: str | None
    name: str
    before: Values
    after: Values
    because: str = ""


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo writes and what it leaves: ShotSpot's rows first, by table and id."""

    steps: Sequence[Step] = ()
    left: Sequence[Left] = ()

    def count(self, kind: StepKind) -> int:
        """How many rows are written in this way."""
        return sum(step.kind == kind for step in self.steps)


@dataclass(frozen=True, slots=True)
class Slot:
    """Columns of a table of which no two rows hold the same values.

    Attributes:
        nulls: whether two nulls are the same too.
        only: a column, and what it holds in the rows that this is about; None where it is about all.
    """

    table: str
    columns: tuple[str, ...]
    nulls: bool = False
    only: tuple[str, str] | None = None

    @property
    def decided_by(self) -> tuple[str, ...]:
        """The columns that say whether a row keeps others out, and which."""
        return self.columns if self.only is None else (*self.columns, self.only[0])

    def of(self, values: Values) -> tuple[str, ...] | None:
        """What a row holds here; None where that keeps no other row out."""
        if self.only is not None and values.get(self.only[0]) != self.only[1]:
            return None
        held = [values.get(column) for column in self.columns]
        return None if None in held and not self.nulls else tuple(map(_text, held))


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: columns of a table that name a row of another."""

    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]

    def of(self, values: Values) -> tuple[str, ...] | None:
        """What a row names with it; None where it names none."""
        named = [values.get(column) for column in self.columns]
        return None if None in named else tuple(map(_text, named))


@dataclass(frozen=True, slots=True)
class Referrer:
    """A row, or some rows of a table that only ShotSpot has, that refer to a row.

    Attributes:
        key: the row, where a sync may have written it; None elsewhere.
        words: what it is, for people.
    """

    reference: Reference
    key: Key | None
    words: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database says around the rows of an undo.

    Attributes:
        holders: who holds a slot that a row is to get back: slot → its values → the ids of rows.
        targets: what foreign keys of rows that are written name and is there: key → its values → the row's id.
        referrers: who refers to the rows that are to go.
        named: who names the rows that stay by a value that is written on the way.
    """

    slots: Sequence[Slot] = ()
    references: Sequence[Reference] = ()
    holders: Mapping[tuple[Slot, tuple[str, ...]], Sequence[int]] = field(default_factory=dict)
    targets: Mapping[tuple[Reference, tuple[str, ...]], int] = field(default_factory=dict)
    referrers: Mapping[Key, Sequence[Referrer]] = field(default_factory=dict)
    named: Mapping[Key, Sequence[Referrer]] = field(default_factory=dict)


# What only one row may have: table → its columns, the one of them that lets go of it for a moment, and the SQL that it
# becomes.
LET_GO: Mapping[str, tuple[frozenset[str], str, str]] = {
    **{each.local: (frozenset(each.once), each.lets_go, "NULL") for each in ENTITIES.values() if each.lets_go},
    "clubs": (frozenset({"name"}), "name", "left('undone ' || id || ' ' || md5(name), 100)"),
    "twizzit_player_mappings": (frozenset({"team_mapping_id"}), "team_mapping_id", "NULL"),
}


def written(table: str, changed: Collection[str], named_by: Collection[str]) -> frozenset[str]:
    """Of the columns of a row that change, those that write a value of `named_by`, be it for a moment."""
    slot, column, _ = LET_GO.get(table, (frozenset(), "", ""))
    return frozenset(changed) & (frozenset(named_by) | (slot if column in named_by else frozenset()))


# Why something is left → the same in a sentence.
REASONS: Mapping[str, str] = {
    "changed_since": "changed since, by a person or a later sync",
    "belongs_to_changed": "belongs to a column that was changed since",
    "gone_since": "the row is gone since",
    "there_again": "the row is there again",
    "slot_taken": "another row has that value now, which only one may have",
    "target_gone": "what it pointed at is gone",
    "still_referred_to": "other rows refer to it",
    "row_stays": "its row stays",
    "not_in_table": "the table has no such column any more",
    "refused": "the database does not take what was there before",
    "unreadable": "the journal does not say what was before",
}


def name_of(key: Key, values: Values) -> str:
    """What a row is called, by its own columns; empty where it has no name."""
    if key.table in _NAMED_BY:
        return " ".join(str(values.get(column) or "") for column in _NAMED_BY[key.table]).strip()
    names = (value for column, value in values.items() if column.startswith("twizzit_") and column.endswith("_name"))
    if key.table.endswith("_mappings"):
        return next((str(name) for name in names if name), "")
    return str(values.get("date") or "")


def singular(table: str) -> str:
    """What one row of a table is, for people."""
    return _SINGULARS.get(table, table)


def _text(value: object) -> str:
    """A value of JSON as PostgreSQL writes it into a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
