"""The departures that an undo takes back: they wait for a person from then on, as the next sync would hold them. Pure.

Without that the list would say that they have left until the next sync, and, once the undo is undone, that they are
held back although they have left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from twizzit_pipeline.undo.bases import COLUMN, MAPPINGS
from twizzit_pipeline.undo.rows import Entry, Key, Step, UndoPlan, Values

TABLE = "twizzit_departures"
DEPART = "depart"  # the action of the journal's entries
HELD = "held"
_Departed = tuple[str, str]  # entity, remote id


def taken_back(plan: UndoPlan, entries: Iterable[Entry]) -> set[_Departed]:
    """Those whose mapping says no more, once the plan is done, that they have departed."""
    restored = {step.key for step in plan.steps if step.kind == "restore" and COLUMN in step.after}
    return {
        (MAPPINGS[entry.key.table].name, entry.twizzit_id)
        for entry in entries
        if entry.action == DEPART and entry.key in restored and entry.twizzit_id is not None
    }


def reopens(plan: UndoPlan, entries: Iterable[Entry]) -> bool:
    """Whether a mapping that a departure closed is there again."""
    back = {step.key for step in plan.steps if step.kind == "bring_back"}
    return any(entry.action == DEPART and entry.after is None and entry.key in back for entry in entries)


def held_again(plan: UndoPlan, departures: Mapping[Key, Values]) -> UndoPlan:
    """The plan, with these departures held back."""
    held = [
        Step("restore", key, str(row["twizzit_id"]), "", {"status": row["status"]}, {"status": HELD})
        for key, row in sorted(departures.items())
        if row["status"] == "applied" and row["returned_at"] is None
    ]
    return replace(plan, steps=(*plan.steps, *held)) if held else plan
