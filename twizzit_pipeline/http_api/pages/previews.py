"""What will happen: the plan of the next sync, row by row and field by field, to apply as it stands, in part or not."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path, Response

from twizzit_pipeline.errors import PlanRefused
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.pages.clubs import progress_of
from twizzit_pipeline.http_api.pages.reasons import reason_of
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.texts import Texts
from twizzit_pipeline.http_api.pages.values import NOTHING, Field, column_of, value_of
from twizzit_pipeline.http_api.pages.visits import ClubVisit, Refusal, at_club
from twizzit_pipeline.http_api.plan_wishes import applying, previewing
from twizzit_pipeline.runs import plans
from twizzit_pipeline.runs.plans import StoredPlan
from twizzit_pipeline.scheduling import discarding, requested, requests
from twizzit_pipeline.scheduling.requested import Request
from twizzit_pipeline.scheduling.wishes import Wish

router = page_router()

_MOST_SHOWN = 400  # items of an entity
_ASIDE = ("failed", "rejected", "warned", "set_aside")  # what does not come, or comes with a remark
_RECENT = 10
REMEMBER = "remember"  # beside the actions of a plan: an update that leaves ShotSpot's row as it is

PlanId = Annotated[int, Path(alias="planId", ge=1), PLAIN]
Looking = Annotated[ClubVisit, at_club("GET /sync/plans/{credentialId}")]
Asking = Annotated[ClubVisit, at_club("POST /sync/preview/{credentialId}")]
Applying = Annotated[ClubVisit, at_club("POST /sync/apply/{planId}")]
Discarding = Annotated[ClubVisit, at_club("DELETE /sync/plans/{credentialId}/{planId}")]


@dataclass(frozen=True, slots=True)
class Item:
    """What the plan does to one thing of Twizzit, in words. `key`: how a form names it."""

    key: str
    name: str
    why: str
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sync would ask a person.

    Attributes:
        field: None where it is not clear which row of ShotSpot it is.
        asks: the key of what is asked then.
    """

    name: str
    field: str | None
    shotspot: str
    twizzit: str
    asks: str = "links.which"


@dataclass(frozen=True, slots=True)
class Part:
    """What the plan has of one entity.

    Attributes:
        actions: action → its items, those that are shown; `counts`: how many there are; `more`: how many are not shown.
        asides: kind → its rows: `name`, `why`.
        questions: what a sync would ask a person, those that are shown; `asked`: how many there are.
    """

    entity: str
    error: str | None
    unchanged: int
    actions: Mapping[str, Sequence[Item]]
    counts: Mapping[str, int]
    more: int
    asides: Mapping[str, Sequence[Mapping[str, str]]]
    questions: Sequence[Asked]
    asked: int


@router.get("/clubs/{credentialId}/preview")
def preview_page(at: Looking) -> Response:
    """The plan that waits, if one does; else how to get one."""
    plan = _waiting(at)
    try:
        document = None if plan is None else plans.document(at.visit.service.engine, plan.id)
    except PlanRefused:  # it has just expired, or is of another version
        plan, document = None, None
    return at.page(
        "preview.html",
        plan=plan,
        people=None if document is None else document["people"],
        parts=[] if document is None else [_part(one, at.visit.texts) for one in document["entities"]],
        failure=_failure(at, plan),
        applying=None if plan is None else _applying(at, plan),
        **progress_of(at),
    )


@router.post("/clubs/{credentialId}/preview")
def ask_for_preview(at: Asking) -> Response:
    """Ask for a plan; nothing of it is written."""
    _ask(at, previewing())
    return at.visit.back(said=at.visit.texts("preview.asked"))


@router.post("/clubs/{credentialId}/plans/{planId}/apply")
def apply_plan(at: Applying, plan_id: PlanId) -> Response:
    """Apply a plan, without what is ticked."""
    plan = _of_club(at, plan_id)
    left_out = [one.partition(":") for one in at.visit.form.all("without")]
    _ask(at, applying(at.visit.service.engine, plan, [(entity, remote_id) for entity, _, remote_id in left_out]))
    return at.visit.back(said=at.visit.texts("preview.applying"))


@router.post("/clubs/{credentialId}/plans/{planId}/discard")
def discard_plan(at: Discarding, plan_id: PlanId) -> Response:
    """Say that a plan is not wanted."""
    _of_club(at, plan_id)
    discarding.discard(at.visit.service.engine, plan_id, actor=at.visit.caller.actor)
    return at.visit.back(said=at.visit.texts("preview.discarded"))


def _ask(at: ClubVisit, wish: Wish) -> requests.Answer:
    visit = at.visit
    visit.service.syncs.spend(visit.caller, at.id)
    return requests.ask(
        visit.service.engine,
        at.id,
        sync_type=wish.sync_type,
        season=wish.season,
        options=wish.options,
        actor=visit.caller.actor,
        queue=True,
    )


def _of_club(at: ClubVisit, plan_id: int) -> StoredPlan:
    """
    Raises:
        Refusal: 404, the plan is none of this club's.
        UnknownPlan: there is none.
    """
    found = plans.get(at.visit.service.engine, plan_id)
    if found.credential_id != at.id:
        raise Refusal(404, "error.UnknownPlan")
    return found


def _waiting(at: ClubVisit) -> StoredPlan | None:
    found = plans.of_credential(at.visit.service.engine, at.id, limit=_RECENT)
    now = datetime.now(UTC)
    return next((one for one in found if one.status == plans.WAITING and one.expires_at > now), None)


def _applying(at: ClubVisit, plan: StoredPlan) -> Request | None:
    """The request that applies it and is not over: until then no other person chooses what is left out of it."""
    found, _ = requested.listing(at.visit.service.engine, credential_ids=[at.id], limit=_RECENT)
    return next((one.request for one in found if one.request.options.plan_id == plan.id), None)


def _failure(at: ClubVisit, plan: StoredPlan | None) -> tuple[str, str] | None:
    """What the last plan, or applying one, came to where it failed: the key of what failed, and why.

    Without this, a person whose plan another one discarded in the same moment would believe that it was applied.
    """
    found, _ = requested.listing(at.visit.service.engine, credential_ids=[at.id], over=True, limit=_RECENT)
    options = ((one.request, one.request.options) for one in found)
    last = next((request for request, wish in options if wish.preview or wish.plan_id is not None), None)
    if last is None or last.status != "failed" or (plan is not None and plan.made_at > last.requested_at):
        return None
    return "preview.failed" if last.options.preview else "preview.not_applied", last.error or NOTHING


def _part(found: Mapping[str, Any], texts: Texts) -> Part:
    entity = found["entity"]
    shown = found["items"][:_MOST_SHOWN]
    actions: dict[str, list[Item]] = {}
    for item in sorted(shown, key=plans.is_remembered):  # what changes nothing in ShotSpot comes last
        actions.setdefault(_action(item), []).append(_item(entity, item, texts))
    return Part(
        entity=entity,
        error=found["error"],
        unchanged=int(found["counts"]["unchanged"]),
        actions=actions,
        counts=Counter(map(_action, found["items"])),
        more=len(found["items"]) - len(shown),
        asides={kind: [_aside(entity, row, texts) for row in found[kind]] for kind in _ASIDE if found[kind]},
        questions=[_asked(row, texts) for row in found.get("questions", ())[:_MOST_SHOWN]],
        asked=len(found.get("questions", ())),
    )


def _action(item: Mapping[str, Any]) -> str:
    return REMEMBER if plans.is_remembered(item) else str(item["action"])


def _item(entity: str, item: Mapping[str, Any], texts: Texts) -> Item:
    made = item["action"] == "create"
    fields = [
        Field(column_of(column, texts), None if made else _said(column, both["old"], texts), new)
        for column, both in item["columns"].items()
        if (new := _said(column, both["new"], texts)) != NOTHING or not made
    ]
    key = "why.remembered" if plans.is_remembered(item) else f"why.{item['action']}"
    key = key if item.get("earlier_id") is None else "why.another_id"
    why = texts(key) if texts.has(key) else str(item["why"])
    return Item(f"{entity}:{item['twizzit_id']}", item["name"] or f"Twizzit {item['twizzit_id']}", why, fields)


def _asked(row: Mapping[str, Any], texts: Texts) -> Asked:
    name = row["name"] or f"Twizzit {row['twizzit_id']}"
    column = row["column"]
    if row["kind"] != "field":
        fitting = ", ".join(map(str, row["candidates"]))
        return Asked(name, None, fitting, str(row["twizzit_id"]), _asks(row))
    shotspot, twizzit = (_said(column, row[side], texts) for side in ("shotspot", "twizzit"))
    return Asked(name, column_of(column, texts), shotspot, twizzit)


def _asks(row: Mapping[str, Any]) -> str:
    if row["kind"] == "opponent":
        return "links.opponent_club" if row["column"] == "club_id" else "links.opponent_team"
    return "links.instead" if row.get("of_mapped") else "links.which"


def _said(column: str, value: object, texts: Texts) -> str:
    """A stored value: an id comes with the name of its row."""
    if isinstance(value, Mapping):
        return str(value.get("name") or value.get("id") or NOTHING)
    return value_of(column, value, {}, texts)


def _aside(entity: str, row: Mapping[str, Any], texts: Texts) -> dict[str, str]:
    name = row["name"] or f"Twizzit {row['twizzit_id']}"
    return {"name": str(name), "why": reason_of(texts, entity, str(row["reason"]))}
