"""Twizzit writes only what Twizzit changed: the three-way merge of a row, and the slots that one row alone may hold.

Where both sides changed a column, that is a conflict, and the credential's policy for the column says who wins.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from twizzit_pipeline.policies import TWIZZIT_WINS, Policies


def merge(
    base: Mapping[str, object] | None,
    remote: Mapping[str, object],
    local: Mapping[str, object],
    *,
    repairs: Collection[str] = (),
    policies: Policies = TWIZZIT_WINS,
    local_is_newer: bool = False,
    newer: Mapping[str, bool] | None = None,
) -> tuple[dict[str, object], tuple[str, ...]]:
    """What the columns of `remote` should be locally, and which of them both sides changed.

    Args:
        base: what Twizzit said at the last sync; None where that is not known, then only what is empty is filled.
        remote: what Twizzit says now.
        local: what ShotSpot holds.
        repairs: columns that are Twizzit's, edited locally or not, where Twizzit says anything.
        policies: who wins where both sides changed a column.
        local_is_newer: whether ShotSpot's row was written after Twizzit was last seen to say what the base says.
        newer: the same of single columns, where it is another.
    """
    values: dict[str, object] = {}
    conflicts = []
    for column, said in remote.items():
        held = local[column]
        known = base is not None and column in base
        before = base[column] if base is not None and known else None
        is_newer = (newer or {}).get(column, local_is_newer)
        both = known and said != before and held not in (before, said)
        if column in repairs and said is not None:
            values[column] = said
        elif not known:
            values[column] = said if held is None else held
        elif said == before or (both and policies.keeps(column, local_is_newer=is_newer)):
            values[column] = held
        else:
            values[column] = said
        if both:
            conflicts.append(column)
    return values, tuple(conflicts)


@dataclass(frozen=True, slots=True)
class Move:
    """A row that changes slots (a name in a club, a shirt number).

    `leaves`: the slot given up; `wants`: the slot asked for; `stays`: whether they keep the old one if that is taken.
    """

    who: Hashable
    leaves: Hashable | None
    wants: Hashable | None
    stays: bool


def denied(held: Collection[Hashable], moves: Sequence[Move]) -> frozenset[Hashable]:
    """Who cannot have the slot that they want; of several, the first in `moves` gets it.

    Args:
        held: the slots that are taken now, by any row.
        moves: in order of precedence. A slot that a row leaves is free for the others.
    """
    losers: set[Hashable] = set()
    while True:
        leaving = {move.leaves for move in moves if move.leaves is not None and not (move.stays and move.who in losers)}
        taken = {slot for slot in held if slot not in leaving}
        before = len(losers)
        for move in moves:
            if move.who in losers or move.wants is None:
                continue
            if move.wants in taken:
                losers.add(move.who)
            taken.add(move.wants)
        if len(losers) == before:
            return frozenset(losers)
