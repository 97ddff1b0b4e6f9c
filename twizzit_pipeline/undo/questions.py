"""The questions that an undo leaves without sense: they are closed, so that no list shows what takes no answer. Pure.

A question is closed where a sync asked it that is undone, for the base which its answer counts on is taken back; where
the mapping that it is about goes; or where no row is left that it may be. An undo of that undo opens it again.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twizzit_pipeline.entities import ENTITIES, asked_table
from twizzit_pipeline.undo.rows import Entry, Facts, Key, Step, UndoPlan, Values

ASK = "ask"  # the action of the journal's entries about a question that was asked anew while it waited
CLOSED = "undone"  # the resolution of a question that an undo closed
TABLE = "twizzit_conflicts"
_OPEN = "open"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, as its row says it.

    Attributes:
        mappings: those of the remote row that it is about, and of the local one, whichever each of them names by now.
    """

    key: Key
    values: Values
    mappings: Mapping[Key, Values] = field(default_factory=dict)


def still_asked(entries: Iterable[Entry], now: Mapping[Key, Values]) -> list[Entry]:
    """The entries without those that only changed a question which is over by now: it keeps what it was about."""
    entries = list(entries)
    opened = {entry.key for entry in entries if entry.key.table == TABLE and entry.action != ASK}
    opened |= {key for key, values in now.items() if key.table == TABLE and values.get("status") == _OPEN}
    return [entry for entry in entries if entry.action != ASK or entry.key in opened]


def asked_by(questions: Iterable[Asked], history_ids: Collection[int]) -> set[Key]:
    """The questions that these rows of the history asked, and that are open: an undo of them closes each."""
    return {one.key for one in questions if _is_open_of(one.values, history_ids)}


def without_holders(facts: Facts, closing: Collection[Key]) -> Facts:
    """The facts, with nothing held by these questions: what they were asked instead of may be asked again."""
    holders = {
        (slot, values): [one for one in ids if Key(slot.table, one) not in closing]
        for (slot, values), ids in facts.holders.items()
    }
    return replace(facts, holders=holders)


def closed(plan: UndoPlan, questions: Iterable[Asked], history_ids: Collection[int]) -> UndoPlan:
    """The plan, with the questions closed that take no answer once it is done.

    Args:
        questions: those that are open, and those that the plan opens.
        history_ids: what is undone.
    """
    steps = {step.key: step for step in plan.steps}
    for one in questions:
        step = steps.get(one.key)
        after = {**one.values, **({} if step is None else step.after)}
        if after["status"] == _OPEN and _is_moot(one, after, steps, history_ids):
            steps[one.key] = _closing(one, step)
    if len(steps) == len(plan.steps) and all(steps[step.key] is step for step in plan.steps):
        return plan
    return replace(plan, steps=tuple(steps.values()))


def stamped(plan: UndoPlan, *, moment: str, by: str) -> UndoPlan:
    """The plan, with when and by what the questions were closed."""
    return replace(plan, steps=tuple(_stamped(step, moment, by) for step in plan.steps))


def _stamped(step: Step, moment: str, by: str) -> Step:
    if step.key.table != TABLE or step.after.get("resolution") != CLOSED:
        return step
    return replace(step, after={**step.after, "resolved_at": moment, "resolved_by": by})


def _closing(one: Asked, step: Step | None) -> Step:
    answer = {"status": "settled", "resolution": CLOSED, "value": None, "resolved_at": None, "resolved_by": None}
    before = {name: one.values[name] for name in answer}
    if step is not None:
        before, answer = {**step.before, **before}, {**step.after, **answer}
    return Step("restore", one.key, str(one.values["twizzit_id"]), "", before, answer)


def _is_open_of(values: Values, history_ids: Collection[int]) -> bool:
    return values["status"] == _OPEN and values["history_id"] in history_ids


def _is_moot(one: Asked, after: Mapping[str, Any], steps: Mapping[Key, Step], history_ids: Collection[int]) -> bool:
    if _is_open_of(after, history_ids):
        return True
    entity = ENTITIES[after["entity"]]
    if after["local_id"] is None:
        table = asked_table(entity.name, after["kind"], after["column_name"])
        fitting = [steps.get(Key(table, row_id)) for row_id in after["candidates"] or ()]
        return bool(fitting) and all(step is not None and step.kind == "remove" for step in fitting)
    wanted = (after["local_id"], after["twizzit_id"])
    was = any(_pair(entity.name, values) == wanted for values in one.mappings.values())
    is_opened = one.key in steps
    return (was or is_opened) and not _will_be_mapped(one, wanted, entity.name, steps)


def _will_be_mapped(one: Asked, wanted: tuple[int, str], entity: str, steps: Mapping[Key, Step]) -> bool:
    """Whether a mapping names both once the plan is done: it stays, is written once more, or comes back."""
    table, will_be = ENTITIES[entity].mappings, dict(one.mappings)
    for step in steps.values():
        if step.kind == "remove":
            will_be.pop(step.key, None)
        elif step.key in will_be or (step.kind == "bring_back" and step.key.table == table):
            will_be[step.key] = {**will_be.get(step.key, {}), **step.after}
    return any(_pair(entity, values) == wanted for values in will_be.values())


def _pair(entity: str, mapping: Values) -> tuple[Any, Any]:
    """The local and the remote id that a row of a mapping names."""
    of = ENTITIES[entity]
    return mapping.get(of.local_id), mapping.get("twizzit_remote_id") or mapping.get(of.remote_id)
