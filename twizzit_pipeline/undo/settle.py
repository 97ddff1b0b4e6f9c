"""What an undo can do of what it wants: foreign keys and values that only one row may hold. Pure.

Each rule only ever leaves more as it is, so that they are applied again and again until none finds anything.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from twizzit_pipeline.entities import COMPETITIONS, MATCHES, PLAYERS, TEAMS
from twizzit_pipeline.undo.bases import MAPPINGS, mapped_row
from twizzit_pipeline.undo.rewind import Rewound
from twizzit_pipeline.undo.rows import (
    Facts,
    Key,
    Left,
    Reference,
    Referrer,
    Slot,
    Step,
    UndoPlan,
    Values,
    name_of,
    singular,
    written,
)

# What a row that must stay becomes, where it cannot go because others refer to it.
_OUT_OF_USE: Mapping[str, Values] = {
    PLAYERS.local: {"is_active": False},
    TEAMS.local: {"is_active": False},
    MATCHES.local: {"status": "cancelled"},
    COMPETITIONS.local: {"status": "cancelled"},
}
# Rows that are about others: a team in a competition's table, and which team an opponent's name is.
_BELONGS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "competition_teams": (("competition_id", COMPETITIONS.local), ("team_id", TEAMS.local)),
    "twizzit_opponents": (("team_id", TEAMS.local),),
}
_WORDS_SHOWN = 3


@dataclass(slots=True)
class _Settling:
    rows: dict[Key, Rewound]
    facts: Facts
    because: dict[Key, str] = field(default_factory=dict)
    out_of_use: set[Key] = field(default_factory=set)

    def stays_in_use(self, row: Rewound) -> bool:
        """Whether a sync made the row, and this undo leaves it as it is."""
        return "" in row.left and row.wanted is not None and row.key not in self.out_of_use

    def stay(self, row: Rewound, reason: str, because: str = "") -> None:
        row.stay(reason)
        self.because[row.key] = because


def settled(rows: Mapping[Key, Rewound], facts: Facts, refused: Mapping[Key, str] | None = None) -> UndoPlan:
    """The plan: what is written, and what is left.

    Args:
        rows: what the journal says; changed on the way.
        refused: rows that the database does not take → the rule that forbids it.
    """
    settling = _Settling(dict(rows), facts)
    for key, rule in (refused or {}).items():
        settling.stay(rows[key], "refused", rule)
    rules = (_taken_slots, _targets, _referred_to, _named, _needed_in_use, _what_belongs_to_rows_that_stay)
    while any(rule(settling) for rule in rules):
        pass
    in_order = sorted(_steps(settling), key=lambda step: _place(step.key))
    return UndoPlan(tuple(in_order), tuple(sorted(_left(settling), key=lambda left: _place(left.key))))


def _place(key: Key) -> tuple[bool, Key]:
    """ShotSpot's rows first: a mapping goes with its row."""
    return key.table.startswith("twizzit_"), key


def _what_belongs_to_rows_that_stay(settling: _Settling) -> bool:
    """A row that stays as it is keeps its mapping, without which a player may not play, and its place in a table."""
    found = False
    for row in settling.rows.values():
        if not row.goes or row.now is None:
            continue
        owners = [(key, settling.rows.get(key)) for key in _owners(row.key, row.now)]
        staying = [owner for _, owner in owners if owner is not None and settling.stays_in_use(owner)]
        given_up = any(owner is not None and (owner.goes or key in settling.out_of_use) for key, owner in owners)
        if staying and not given_up:
            settling.stay(row, "row_stays", _words(staying[0]))
            found = True
    return found


def _owners(key: Key, values: Values) -> list[Key]:
    """The rows that this one is about."""
    local = mapped_row(key, values)
    pointed = [Key(table, values[column]) for column, table in _BELONGS.get(key.table, ()) if values.get(column)]
    return [*([] if local is None else [local]), *pointed]


def _taken_slots(settling: _Settling) -> bool:
    """A value that only one row may hold, and that another one holds when the undo is done, is left to that one."""
    found = False
    claimed: dict[tuple[Slot, tuple[str, ...]], Key] = {}
    for key, row in settling.rows.items():
        for slot in settling.facts.slots:
            wanted = None if row.wanted is None or slot.table != key.table else slot.of(row.wanted)
            moves = row.returns or set(slot.decided_by) & set(row.changed)
            if wanted is None or not moves or row.wanted is None:
                continue
            holder = _holder(settling, slot, wanted, key) or claimed.get((slot, wanted))
            if holder is None:
                claimed[slot, wanted] = key
            else:
                _give_up(settling, row, slot.decided_by, "slot_taken", f"{singular(holder.table)} {holder.id}")
                found = True
    return found


def _holder(settling: _Settling, slot: Slot, values: tuple[str, ...], wanting: Key) -> Key | None:
    for row_id in settling.facts.holders.get((slot, values), ()):
        holder = Key(slot.table, row_id)
        row = settling.rows.get(holder)
        after = values if row is None else None if row.wanted is None else slot.of(row.wanted)
        if holder != wanting and after == values:
            return holder
    return None


def _targets(settling: _Settling) -> bool:
    """What points at a row that is not there when the undo is done is left."""
    found = False
    for key, row in settling.rows.items():
        for reference in settling.facts.references:
            named = None if row.wanted is None or reference.table != key.table else reference.of(row.wanted)
            moves = row.returns or set(reference.columns) & set(row.changed)
            if named is not None and moves and not _will_be_there(settling, reference, named):
                _give_up(settling, row, reference.columns, "target_gone", f"{singular(reference.to_table)} {named[0]}")
                found = True
    return found


def _will_be_there(settling: _Settling, reference: Reference, named: tuple[str, ...]) -> bool:
    target_id = settling.facts.targets.get((reference, named))
    if target_id is not None:
        row = settling.rows.get(Key(reference.to_table, target_id))
        return row is None or row.wanted is not None
    returning = (row for row in settling.rows.values() if row.returns and row.key.table == reference.to_table)
    return any(tuple(str((row.wanted or {}).get(name)) for name in reference.to_columns) == named for row in returning)


def _give_up(settling: _Settling, row: Rewound, columns: tuple[str, ...], reason: str, because: str) -> None:
    if row.returns:
        settling.stay(row, reason, because)
    else:
        row.leave([column for column in columns if column in row.changed], reason)
        settling.because.setdefault(row.key, because)


def _referred_to(settling: _Settling) -> bool:
    """A row that others refer to stays; out of use, where it can be."""
    found = False
    for key, row in settling.rows.items():
        referrers = [one for one in settling.facts.referrers.get(key, ()) if _still_refers(settling, one)]
        if not row.goes or not referrers:
            continue
        if key.table in _OUT_OF_USE:
            settling.out_of_use.add(key)
        settling.stay(row, "still_referred_to", _some(referrers))
        found = True
    return found


def _named(settling: _Settling) -> bool:
    """A value by which others name a row that stays is left: PostgreSQL would refuse it, or write their rows."""
    found = False
    for key, referrers in settling.facts.named.items():
        row = settling.rows[key]
        for referrer in referrers:
            columns = written(key.table, row.changed, referrer.reference.to_columns)
            if columns and _still_refers(settling, referrer):
                _give_up(settling, row, tuple(sorted(columns)), "still_referred_to", referrer.words)
                found = True
    return found


def _still_refers(settling: _Settling, referrer: Referrer) -> bool:
    row = None if referrer.key is None else settling.rows.get(referrer.key)
    if row is None:
        return True
    return row.wanted is not None and not set(referrer.reference.columns) & set(row.changed)


def _needed_in_use(settling: _Settling) -> bool:
    """What a mapping that stays is of, and what a row that stays in use refers to, is not made inactive."""
    needed = set(_still_mapped(settling))
    for key in settling.out_of_use:
        referrers = (one for one in settling.facts.referrers.get(key, ()) if _still_refers(settling, one))
        known = (settling.rows.get(one.key) for one in referrers if one.key is not None)
        if any(row is not None and settling.stays_in_use(row) for row in known):
            needed.add(key)
    found = bool(needed & settling.out_of_use)
    settling.out_of_use -= needed
    return found


def _still_mapped(settling: _Settling) -> Iterator[Key]:
    """Rows of mappings that stay, those of other syncs too: the syncs keep them."""
    for key in settling.out_of_use:
        referrers = settling.facts.referrers.get(key, ())
        if any(one.key is not None and one.key.table in MAPPINGS and one.key not in settling.rows for one in referrers):
            yield key
    for key, row in settling.rows.items():
        local = mapped_row(key, row.now) if row.wanted is not None and row.now is not None else None
        if local is not None:
            yield local


def _out_of_use(settling: _Settling, row: Rewound) -> Values:
    """The columns that put a row out of use, where it is to be and is not yet."""
    if row.now is None or row.key not in settling.out_of_use:
        return {}
    return {
        column: value
        for column, value in _OUT_OF_USE[row.key.table].items()
        if column in row.now and row.now[column] != value
    }


def _steps(settling: _Settling) -> Iterator[Step]:
    for key, row in settling.rows.items():
        values = row.now if row.wanted is None else row.wanted
        if values is None:
            continue
        name = name_of(key, values)
        if row.goes and row.now is not None:
            yield Step("remove", key, row.twizzit_id, name, row.now, {})
        elif row.returns and row.wanted is not None:
            yield Step("bring_back", key, row.twizzit_id, name, {}, row.wanted)
        elif row.now is not None and (after := _out_of_use(settling, row)):
            before = {column: row.now[column] for column in after}
            yield Step("deactivate", key, row.twizzit_id, name, before, after, settling.because.get(key, ""))
        elif row.now is not None and row.wanted is not None and row.changed:
            before = {column: row.now[column] for column in row.changed}
            after = {column: row.wanted[column] for column in row.changed}
            yield Step("restore", key, row.twizzit_id, name, before, after)


def _left(settling: _Settling) -> Iterator[Left]:
    """What is out of use is a step, and no more is left of it."""
    for key, row in settling.rows.items():
        if not row.left or row.goes or _out_of_use(settling, row):
            continue
        name = name_of(key, row.now or row.wanted or {})
        whole = row.left.get("")
        columns = tuple(column for column in row.left if column)
        because = settling.because.get(key, "")
        if whole is not None:
            yield Left(key, row.twizzit_id, name, columns, whole, because)
            continue
        for reason in dict.fromkeys(row.left.values()):
            of_reason = tuple(column for column in columns if row.left[column] == reason)
            said = because if reason in ("slot_taken", "target_gone", "still_referred_to") else ""
            yield Left(key, row.twizzit_id, name, of_reason, reason, said)


def _some(referrers: list[Referrer]) -> str:
    counted = Counter(one.words for one in referrers)
    words = list(counted)
    more = f" and {len(words) - _WORDS_SHOWN} more" if len(words) > _WORDS_SHOWN else ""
    return ", ".join(words[:_WORDS_SHOWN]) + more


def _words(row: Rewound) -> str:
    return f"{singular(row.key.table)} {row.key.id}"
