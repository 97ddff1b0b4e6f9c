"""A stored plan that is applied: of a fresh plan the changes that the stored one has as well. Pure functions.

Every decision is made among all rows, as in the plan that a person looked at; then what is kept is chosen. A row that
keeps a name or a shirt number because its own change is left takes it from the one that would have got it, and that
one is left as well, until what is kept holds together. What other rows need to stand on (a club, a season, an
opponent's team) comes along with them, and only then.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.plan import Change, Failed, Plan, SettledBy, Warned
from twizzit_pipeline.plan.departed import Record
from twizzit_pipeline.plan.ownership import REMOTE_ID
from twizzit_pipeline.plan.references import Names, columns, creations, pointed, same, same_values
from twizzit_pipeline.plan.states import EntityState, PlayerState, TeamState

# Why something of the stored plan, or of the fresh one, is left as it is.
LEFT_OUT = "left_out"
NO_LONGER_TRUE = "no_longer_true"
NEW_SINCE_PLAN = "new_since_plan"
NEEDS_WHAT_IS_LEFT = "needs_what_is_left"
LEFT = (LEFT_OUT, NO_LONGER_TRUE, NEEDS_WHAT_IS_LEFT, NEW_SINCE_PLAN)

# A departure that is over: its mapping goes, and ShotSpot's row stays as it is.
CLOSE = "close"

_FOLLOWS = "team_not_mapped"
_SLOT: Mapping[str, tuple[str, ...]] = {each.local: each.once for each in ENTITIES.values() if each.once}
Slot = tuple[object, ...]
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChosenEntity:
    """What a stored plan says of one entity.

    Attributes:
        items: remote id → its change: `action`, and `columns` with `old` and `new`.
        beside: table → the values of the rows that are made for those items.
        failed: remote id and reason of what could not be applied then either.
    """

    items: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    beside: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    failed: Collection[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A stored plan that a sync is narrowed to.

    Attributes:
        plan_id: None for a plan of which nothing was stored, since it has no change.
        without: entity and remote id of what the person who applies it leaves out.
    """

    plan_id: int | None
    entities: Mapping[str, ChosenEntity] = field(default_factory=dict)
    without: frozenset[tuple[str, str]] = frozenset()

    @property
    def sync_types(self) -> frozenset[str]:
        """What a sync must bring to apply it."""
        return frozenset(ENTITIES[entity].sync_type for entity in self.entities)

    def of(self, entity: str) -> ChosenEntity:
        """What it says of an entity; nothing where it was not planned."""
        return self.entities.get(entity, ChosenEntity())


def is_item(change: Change, plan: Plan) -> bool:
    """Whether a change is of one of the entity's items; the others are made for those."""
    return change.twizzit_id is not None and change.table == plan.table


def item_of(change: Change, names: Names) -> dict[str, Any]:
    """An item's change as it is stored."""
    said = columns(change, names)
    return {
        "twizzit_id": str(change.twizzit_id),
        "local_id": None if change.row_id < 0 else change.row_id,
        "action": change.action,
        "columns": {column: {"old": old, "new": new} for column, (old, new) in said.items()},
    }


def closing_of(remote_id: str) -> dict[str, Any]:
    """The closing of a mapping as it is stored."""
    return {"twizzit_id": remote_id, "local_id": None, "action": CLOSE, "columns": {}}


def row_beside(change: Change, names: Names) -> dict[str, Any]:
    """A row that is made for items, as it is stored."""
    values = {column: names.value(column, value) for column, value in change.changed.items()}
    return {"table": change.table, "action": change.action, "values": values}


def keep(whole: Plan, state: EntityState, chosen: Chosen, names: Names) -> Plan:
    """The part of a fresh plan that the stored one has as well; the rest is in `warned`, each item with its reason.

    Args:
        names: of the rows that are there and that the fresh plan points at.
    """
    stored = chosen.of(whole.entity)
    out = {remote_id for entity, remote_id in chosen.without if entity == whole.entity}
    names = Names({**names.of, **creations(whole)}, names.made)
    items = {str(change.twizzit_id): change for change in whole.changes if is_item(change, whole)}
    equal = {
        remote_id
        for remote_id, change in items.items()
        if remote_id not in out and remote_id in stored.items and _equal(stored.items[remote_id], change, names)
    }
    kept = _holding_together(equal, items, _held(state))
    closed = [one for one in whole.closed if one not in out and stored.items.get(one, {}).get("action") == CLOSE]
    failed = [one for one in whole.failed if one.reason != _FOLLOWS or (one.twizzit_id, one.reason) in stored.failed]
    left = _left(whole, stored, out, kept | set(closed), equal, {one.twizzit_id for one in failed})
    part = _part(whole, kept, items, failed, left, stored, names)
    return replace(
        part,
        closed=closed,
        departures=_departures(whole, items.keys() - kept, closed),
        settled=_settled(whole, state, _with_earlier({one.twizzit_id for one in left}, items)),
    )


def _with_earlier(left: Set[str], items: Mapping[str, Change]) -> set[str]:
    """The remote ids of items that are left, and those that their mappings had until now."""
    earlier = (items[remote_id].mapping_before.get(REMOTE_ID) for remote_id in left & items.keys())
    return {*left, *(str(remote_id) for remote_id in earlier if remote_id is not None)}


def _settled(whole: Plan, state: EntityState, left: Set[str]) -> dict[int, SettledBy]:
    """The questions that are none any more, but for those of items that are left: their answer is not written yet."""
    waiting = {one.id for one in state.decisions.open if one.twizzit_id in left}
    return {question_id: why for question_id, why in whole.settled.items() if question_id not in waiting}


def _departures(whole: Plan, left: Set[str], closed: Collection[str]) -> list[Record]:
    """What is remembered of departures, but for those of items that are left, and closings that are."""
    return [
        one
        for one in whole.departures
        if (one.twizzit_id in closed if one.closes is not None else one.twizzit_id not in left)
    ]


def _equal(stored: Mapping[str, Any], change: Change, names: Names) -> bool:
    local = stored["local_id"]
    same_row = change.row_id < 0 if local is None else local == change.row_id
    return stored["action"] == change.action and same_row and same(stored["columns"], columns(change, names))


def _held(state: EntityState) -> dict[int, Row]:
    """Local id → the columns that make up a name or a number that ShotSpot allows once, as the row holds them."""
    if isinstance(state, TeamState | PlayerState):
        names = _SLOT["teams" if isinstance(state, TeamState) else "players"]
        return {row.id: {name: getattr(row, name) for name in names} for row in state.local}
    return {}


def _slot(row: Row) -> Slot | None:
    values = tuple(row.values())
    return None if None in values else values


def _wanted(change: Change, held: Mapping[int, Row]) -> Slot | None:
    row = held.get(change.row_id, {})
    names = _SLOT.get(change.table, ())
    return _slot({name: change.values.get(name, row.get(name)) for name in names}) if names else None


def _holding_together(equal: Set[str], items: Mapping[str, Change], held: Mapping[int, Row]) -> set[str]:
    """Without those whose name or number a row keeps that is not among them."""
    kept = set(equal)
    while True:
        moving = {items[remote_id].row_id for remote_id in kept}
        taken = {_slot(row) for row_id, row in held.items() if row_id not in moving} - {None}
        losers = {remote_id for remote_id in kept if _wanted(items[remote_id], held) in taken}
        if not losers:
            return kept
        kept -= losers


def _left(
    whole: Plan, stored: ChosenEntity, out: Set[str], kept: Set[str], equal: Set[str], failed: Set[str]
) -> list[Warned]:
    """Each item of either plan that is not applied, with the reason; those that failed have theirs."""
    follow = {one.twizzit_id for one in whole.failed if one.reason == _FOLLOWS} - failed
    fresh = [str(change.twizzit_id) for change in whole.changes if is_item(change, whole) and change.action != "mark"]
    spoken = dict.fromkeys([*stored.items, *fresh, *whole.closed, *sorted(follow)])

    def why(remote_id: str) -> str:
        if remote_id in out:
            return LEFT_OUT
        if remote_id not in stored.items:
            return NEW_SINCE_PLAN
        return NEEDS_WHAT_IS_LEFT if remote_id in equal or remote_id in follow else NO_LONGER_TRUE

    return [
        Warned(remote_id, why(remote_id)) for remote_id in spoken if remote_id not in kept and remote_id not in failed
    ]


def _part(
    whole: Plan,
    kept: Set[str],
    items: Mapping[str, Change],
    failed: Sequence[Failed],
    left: Sequence[Warned],
    stored: ChosenEntity,
    names: Names,
) -> Plan:
    gone = {one.twizzit_id for one in left}
    unlooked = {change.mapping_id for remote_id, change in items.items() if remote_id not in kept}
    applied = [change for remote_id, change in items.items() if remote_id in kept]
    beside = {id(change) for change in _beside(whole, applied, stored, names)}
    return replace(
        whole,
        changes=[change for change in whole.changes if id(change) in beside or _applies(change, whole, kept)],
        failed=failed,
        warned=[*(one for one in whole.warned if one.twizzit_id not in gone), *left],
        news={word: found for word, ids in whole.news.items() if (found := tuple(one for one in ids if one in kept))},
        questions=[one for one in whole.questions if one.twizzit_id not in gone],
        seen=[mapping_id for mapping_id in whole.seen if mapping_id not in unlooked],
    )


def _applies(change: Change, whole: Plan, kept: Set[str]) -> bool:
    return is_item(change, whole) and change.twizzit_id in kept


def _beside(whole: Plan, applied: Sequence[Change], stored: ChosenEntity, names: Names) -> Iterator[Change]:
    """What is made for the changes that are applied: what they point at, and what points at them."""
    others = [change for change in whole.changes if not is_item(change, whole)]
    needed, missing = set[int](), {value for change in applied for value in _made_ids(change)}
    for change in reversed(others):  # what others point at stands before them
        if (change.table, change.row_id) in missing:
            missing |= _made_ids(change)
            needed.add(id(change))
    teams = {change.values.get(side) for change in applied for side in ("home_team_id", "away_team_id")}
    pairs = {(change.values.get("competition_id"), team) for change in applied for team in _teams(change)}
    spoken = {
        (change.values.get("competition_id"), team)
        for change in whole.changes
        if is_item(change, whole)
        for team in _teams(change)
    }
    for change in others:
        if change.table == "twizzit_opponents":
            wanted = change.values["team_id"] in teams
        elif change.table == "competition_teams":
            pair = (change.values["competition_id"], change.values["team_id"])
            wanted = pair in pairs or (pair not in spoken and _is_stored(change, stored, names))
        else:
            wanted = id(change) in needed
        if wanted:
            yield change


def _teams(change: Change) -> tuple[object, object]:
    return change.values.get("home_team_id"), change.values.get("away_team_id")


def _made_ids(change: Change) -> set[tuple[str, int]]:
    """The rows that the plan makes and that the change points at."""
    return {
        (table, value)
        for column, value in change.values.items()
        if isinstance(value, int) and value < 0 and (table := pointed(column)) is not None
    }


def _is_stored(change: Change, stored: ChosenEntity, names: Names) -> bool:
    values = {column: names.value(column, value) for column, value in change.values.items()}
    return any(same_values(row, values) for row in stored.beside.get(change.table, ()))
