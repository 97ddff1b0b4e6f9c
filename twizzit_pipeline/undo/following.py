"""What the next sync makes of an undo, in words of a closed set: the same again, or something else. Pure.

It depends on what is undone: a sync, a person's decision, or an undo of one of them, which brings that back.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal, get_args

from twizzit_pipeline.runs.details import DECISION, UNDO
from twizzit_pipeline.undo.departed import DEPART, HELD
from twizzit_pipeline.undo.departed import TABLE as DEPARTURES
from twizzit_pipeline.undo.questions import CLOSED
from twizzit_pipeline.undo.questions import TABLE as QUESTIONS
from twizzit_pipeline.undo.rows import UndoPlan

FollowKind = Literal[
    "again",  # the next sync of these seasons does the same, as long as Twizzit says so
    "held",  # what had departed is back, and is held back until a person decides
    "reopened",  # mappings that were closed are there again, and the next sync leaves them so
    "repaired",  # what a repair wrote comes again with another repair alone
    "asked",  # what a person decided is a question again
    "looked_at",  # the same, but another question, or a person's change, has taken its place
    "stays",  # what an undo took away is back, and no sync takes it away
    "decided",  # a decision holds again
    "closed",  # questions that waited are closed, and are asked again where that is still so
]
_Effect = tuple[FollowKind, str | None]  # with the season, where that matters
FOLLOW_KINDS: tuple[FollowKind, ...] = get_args(FollowKind)
_REPAIR = "repair"  # the action of the journal's entries


@dataclass(frozen=True, slots=True)
class Follow:
    """One thing that follows; `seasons` are those of the syncs, where that matters."""

    kind: FollowKind
    seasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """A row of the history.

    Attributes:
        undone: of an undo: the rows that it undid.
        actions: of its entries in the journal.
    """

    direction: str
    season: str | None = None
    undone: frozenset[int] = frozenset()
    actions: frozenset[str] = frozenset()


def following(
    past: Mapping[int, Past], history_ids: Collection[int], moved: Collection[str], plan: UndoPlan, *, reopens: bool
) -> tuple[Follow, ...]:
    """What follows from an undo of these rows of the history; nothing where nothing is written.

    Args:
        past: these rows, and those that undos among them undid, and so on.
        moved: the actions of those entries whose rows the undo writes.
        reopens: whether a mapping is there again that a departure had closed.
    """
    found: dict[FollowKind, set[str]] = {}
    written = {one: replace(past[one], actions=past[one].actions & set(moved)) for one in history_ids if one in past}
    for kind, season in _taken_back({**past, **written}, written.keys()):
        found.setdefault(kind, set()).update([season] if season else [])
    _look_at_departures(found, plan, reopens=reopens)
    _look_at_questions(found, plan)
    return tuple(Follow(kind, tuple(sorted(found[kind]))) for kind in FOLLOW_KINDS if kind in found)


def _in_effect(past: Mapping[int, Past], ids: Set[int]) -> tuple[list[int], set[int]]:
    """Those of these rows that no undo among them took back, the newest first; and what undos among those took back."""
    kept, gone = list[int](), set[int]()
    for history_id in sorted(ids & past.keys(), reverse=True):
        if history_id not in gone:
            kept.append(history_id)
            gone |= past[history_id].undone
    return kept, gone


def _taken_back(past: Mapping[int, Past], ids: Set[int]) -> Iterator[_Effect]:
    """What follows where these rows are not in effect any more."""
    kept, gone = _in_effect(past, ids)
    for history_id in kept:
        yield from _of_row(past[history_id], back=False)
    if any(past[one].direction == UNDO and past[one].actions for one in kept):
        yield from _brought_back(past, gone - ids)


def _brought_back(past: Mapping[int, Past], ids: Set[int]) -> Iterator[_Effect]:
    """What follows where these rows are in effect once more."""
    kept, gone = _in_effect(past, ids)
    for history_id in kept:
        yield from _of_row(past[history_id], back=True)
    if gone - ids:
        yield from _taken_back(past, gone - ids)


def _of_row(one: Past, *, back: bool) -> Iterator[_Effect]:
    actions = one.actions
    if not actions or one.direction == UNDO:
        return
    if back:
        yield ("decided" if one.direction == DECISION else "stays"), None
    elif one.direction == DECISION:
        yield "asked", None
    else:
        if DEPART in actions:
            yield "held", one.season
        if _REPAIR in actions:
            yield "repaired", None
        if actions - {DEPART, _REPAIR}:
            yield "again", one.season


def _look_at_departures(found: dict[FollowKind, set[str]], plan: UndoPlan, *, reopens: bool) -> None:
    """A departure that is not known any more is none that waits: the next sync lets it go."""
    if "held" not in found:
        return
    seasons = found.pop("held")
    if any(step.key.table == DEPARTURES and step.after.get("status") == HELD for step in plan.steps):
        found["held"] = set()
    elif reopens:
        found["reopened"] = set()
    else:
        found.setdefault("again", set()).update(seasons)


def _look_at_questions(found: dict[FollowKind, set[str]], plan: UndoPlan) -> None:
    questions: Sequence[Mapping[str, object]] = [one.after for one in plan.steps if one.key.table == QUESTIONS]
    if "asked" in found and not any(after.get("status") == "open" for after in questions):
        del found["asked"]
        found["looked_at"] = set()
    if any(after.get("resolution") == CLOSED for after in questions):
        found["closed"] = set()
