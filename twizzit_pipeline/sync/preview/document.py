"""The document of a plan: what a sync would do, row by row, as JSON; and the same in numbers, without names. Pure."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from twizzit_pipeline.plan import Change, Failed, Plan, Question, QuestionKind
from twizzit_pipeline.plan.chosen import CLOSE, closing_of, is_item, item_of, row_beside
from twizzit_pipeline.plan.opponent_questions import OPPONENT, said_of
from twizzit_pipeline.plan.ownership import REMOTE_ID
from twizzit_pipeline.runs.asides import SetAsideRows
from twizzit_pipeline.runs.entity_counts import EntityCounts
from twizzit_pipeline.runs.plans import FORMAT, is_remembered
from twizzit_pipeline.runs.sentences import sentence
from twizzit_pipeline.sync.preview.rehearsal import People, Planned, Rehearsed

# Why a row is what it is, by what is done to it; whether ShotSpot's row changes with it says `REMEMBERED`.
WHY: Mapping[str, str] = {
    "create": "no row of ShotSpot fits, so it is made",
    "link": "exactly one row of ShotSpot fits, so it is linked",
    "adopt": "ShotSpot has mapped it already, so that mapping is taken over",
    "update": "Twizzit says otherwise than at the last sync",
    "mark": "its mapping says why it could not be applied",
    "depart": "Twizzit does not list it any more",
    "return": "Twizzit lists it again",
    CLOSE: "gone from Twizzit beyond the days of grace: the mapping is closed, and the player not registered any more",
}
# What a person would be asked, by the kind of question; a doubtful link of one that is mapped, or made, meanwhile.
ASKED: Mapping[QuestionKind, str] = {
    "field": "both sides changed it, and a person decides",
    "doubtful_link": "several rows of ShotSpot may be it, and a person decides",
    "opponent": "several clubs or teams of ShotSpot have the opponent's name, and a person decides; its matches wait",
}
ASKED_OF_MAPPED = "another row of ShotSpot may be it, and a person decides; until then nothing changes for it"
ASKED_OF_NAME = "a team of ShotSpot's has its name in the season, which only one may have, and a person decides"
REMEMBERED = "ShotSpot's row stays as it is; what Twizzit says of it is remembered"
ANOTHER_ID = "made anew in Twizzit: it has another id there, and ShotSpot's row is the same"
_COUNTED = ("create", "link", "adopt", "update")


def document(found: Rehearsed, *, calls: int) -> dict[str, Any]:
    """Everything that a person needs to decide, with names."""
    return {
        "season": found.season,
        "season_exists": found.season_exists,
        "calls": calls,
        "people": None if found.people is None else asdict(found.people),
        "entities": [_entity(one) for one in found.entities],
    }


def counts(document: Mapping[str, Any]) -> dict[str, Any]:
    """A preview's document in numbers. `changes`: items that a sync would change; `remembered`: that it would note."""
    entities = {one["entity"]: one["counts"] for one in document["entities"]}
    return {
        "changes": sum(_changes(one) for one in document["entities"]),
        "remembered": sum(is_remembered(item) for one in document["entities"] for item in one["items"]),
        "entities": entities,
        "people": document["people"],
    }


def digest(document: Mapping[str, Any]) -> str:
    """What two plans of one format have in common that would write the same."""
    said = [
        [one["entity"], [[item["twizzit_id"], item["action"], item["columns"]] for item in one["items"]], one["beside"]]
        for one in document["entities"]
    ]
    return hashlib.sha256(json.dumps([FORMAT, said], sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def share(people: People | Mapping[str, Any] | None) -> str | None:
    """What share of the people was found in ShotSpot, in words; None where none were listed."""
    said = asdict(people) if isinstance(people, People) else people
    if not said or not said["scanned"]:
        return None
    scanned, found, there = said["scanned"], said["found"], said["there"]
    whose = f"ShotSpot has {there:,} in their clubs" if there else "ShotSpot has none in their clubs yet"
    return f"{found:,} of {scanned:,} people ({100 * found // scanned} %) were found in ShotSpot; {whose}"


def _changes(entity: Mapping[str, Any]) -> int:
    changes = sum(item["action"] != "mark" and not is_remembered(item) for item in entity["items"])
    return changes or len(entity["beside"])


def _entity(one: Planned) -> dict[str, Any]:
    plan, counted = one.plan or Plan(one.entity), one.counts or EntityCounts(one.entity)
    items = [_item(change, one) for change in plan.changes if is_item(change, plan)]
    items += [_closing(remote_id, one) for remote_id in plan.closed]
    beside = [row_beside(change, one.names) for change in plan.changes if not is_item(change, plan)]
    failed = [_failed(item, one) for item in plan.failed]
    unread = [
        _aside(one, reason, remote_id)
        for reason, ids in counted.failed.items()
        if reason not in {item.reason for item in plan.failed}
        for remote_id in ids
    ]
    rejected = [_aside(one, rule, remote_id) for rule, ids in counted.rejected.items() for remote_id in ids]
    warned = _warned(one, plan, counted)
    set_aside = [_set_aside(one, label, remote_id) for label, ids in counted.set_aside.items() for remote_id in ids]
    return {
        "entity": one.entity,
        "error": one.error,
        "rows": None if counted.rows is None else asdict(counted.rows),
        "counts": {
            **{action: _count(action, items) for action in _actions(plan)},
            **({CLOSE: len(plan.closed)} if plan.closed else {}),
            "remembered": sum(is_remembered(item) for item in items),
            "unchanged": plan.unchanged,
            "conflicts": sum(len(item["conflicts"]) for item in items),
            "questions": len(plan.questions),
            "beside": dict(Counter(row["table"] for row in beside)),
            "failed": len({item["twizzit_id"] for item in failed}) + len(unread),
            "rejected": len(counted.rejected_items),
            "set_aside": len(set_aside),
            "warned": len(warned),
        },
        "items": items,
        "beside": beside,
        "questions": [_question(question, one) for question in plan.questions],
        "failed": [*failed, *unread],
        "rejected": rejected,
        "set_aside": set_aside,
        "warned": warned,
    }


def _actions(plan: Plan) -> list[Any]:
    """Those that are counted even where there is none, and whichever else the plan has."""
    found = (change.action for change in plan.changes if is_item(change, plan) and change.action != "mark")
    return [*dict.fromkeys([*_COUNTED, *found])]


def _count(action: str, items: Sequence[Mapping[str, Any]]) -> int:
    """How many items have this action; an update that is only remembered is counted apart."""
    return sum(item["action"] == action and not is_remembered(item) for item in items)


def _item(change: Change, one: Planned) -> dict[str, Any]:
    said = item_of(change, one.names)
    earlier = None if change.mapping is None else change.mapping_before.get(REMOTE_ID)
    said |= {} if earlier is None else {"earlier_id": earlier}
    why = REMEMBERED if is_remembered(said) else WHY.get(change.action, change.action)
    return {
        **said,
        "name": _name(change, one),
        "why": why if earlier is None else ANOTHER_ID,
        "conflicts": list(change.conflicts),
    }


def _question(question: Question, one: Planned) -> dict[str, Any]:
    """What a person would be asked: both sides of a field, or the rows of ShotSpot that one of Twizzit may be.

    Twizzit's side of an opponent is a match that waits for it.
    """
    of_mapped = question.kind == "doubtful_link" and question.local_id is not None
    old = question.base if question.kind == "field" else None
    name, remote = one.labels.get(question.twizzit_id, ""), question.remote
    if question.kind == OPPONENT:
        name, remote = (said_of(question.remote)[word] for word in ("name", "match"))
    sides = {"old": old, "shotspot": question.local, "twizzit": remote}
    local_id = None if (question.local_id or 0) < 0 else question.local_id
    return {
        "kind": question.kind,
        "twizzit_id": question.twizzit_id,
        "local_id": local_id,
        "name": name,
        "column": question.column or None,
        **{side: one.names.value(question.column, value) for side, value in sides.items()},
        "candidates": list(question.candidates),
        "of_mapped": of_mapped,
        "why": ASKED_OF_MAPPED if of_mapped else ASKED_OF_NAME if question.is_of_name else ASKED[question.kind],
    }


def _closing(remote_id: str, one: Planned) -> dict[str, Any]:
    return {**closing_of(remote_id), "name": one.labels.get(remote_id, ""), "why": WHY[CLOSE], "conflicts": []}


def _name(change: Change, one: Planned) -> str:
    said = (change.mapping or change.mapping_before).get("twizzit_name")
    return one.labels.get(str(change.twizzit_id)) or str(said or "")


def _failed(item: Failed, one: Planned) -> dict[str, Any]:
    return {**_aside(one, item.reason, item.twizzit_id), "local_ids": list(item.local_ids)}


def _aside(one: Planned, reason: str, remote_id: str) -> dict[str, Any]:
    return {
        "twizzit_id": remote_id,
        "name": one.labels.get(remote_id, ""),
        "reason": reason,
        "why": sentence(one.entity, reason),
    }


def _set_aside(one: Planned, label: str, remote_id: str) -> dict[str, Any]:
    name, between, word = label.partition(": ")
    return {
        "twizzit_id": remote_id,
        "name": one.labels.get(remote_id, ""),
        "reason": label,
        "why": SetAsideRows(name, word if between else None, 1, ()).words,
    }


def _warned(one: Planned, plan: Plan, counted: EntityCounts) -> list[dict[str, Any]]:
    found: Iterable[tuple[str, Sequence[str]]] = [
        *counted.hints.items(),
        *((item.reason, [item.twizzit_id]) for item in plan.warned),
    ]
    return [_aside(one, reason, remote_id) for reason, ids in found for remote_id in ids]
