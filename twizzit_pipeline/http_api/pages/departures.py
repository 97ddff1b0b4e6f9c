"""Departures on the page of decisions: who and what Twizzit does not list any more, to let go or to keep."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Response

from twizzit_pipeline.decisions.departures import HELD, Chosen, Decision, FoundDeparture, decide, listing
from twizzit_pipeline.errors import NotAsShown
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.visits import ClubVisit, Refusal, at_club

router = page_router()

APPROVE, REFUSE = "POST /departures/{credentialId}/approve", "POST /departures/{credentialId}/refuse"
_LATER, _DECIDED = "waiting", ("approved", "refused")
_MOST = 200  # of each list; a form has no room for many more


@dataclass(frozen=True, slots=True)
class Listed:
    """One list of departures: how many, and those that are shown."""

    count: int
    shown: Sequence[FoundDeparture]

    @property
    def unseen(self) -> int:
        """How many are not shown."""
        return self.count - len(self.shown)


def section(at: ClubVisit) -> dict[str, Any]:
    """The departures of the club by where they stand: `held` waits for a person, `later` for proof or its grace.

    `held_mark`: another one as soon as others are held back.
    """
    found = listing(at.visit.service.engine, at.id)
    held = [one for one in found if one.status in HELD]
    gone = [one for one in found if one.status not in (*HELD, _LATER, *_DECIDED)]
    return {
        "held": _listed(held),
        "held_mark": _mark(held),
        "later": _listed([one for one in found if one.status == _LATER]),
        "settled": _listed([one for one in found if one.status in _DECIDED]),
        "gone": _listed(sorted(gone, key=lambda one: one.missed_at, reverse=True)),
        "may_decide": at.visit.may(APPROVE) and at.visit.may(REFUSE),
    }


def _listed(found: Sequence[FoundDeparture]) -> Listed:
    return Listed(len(found), found[:_MOST])


def _mark(held: Sequence[FoundDeparture]) -> str:
    said = "\n".join(sorted(f"{one.entity}:{one.twizzit_id}" for one in held))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


@router.post("/clubs/{credentialId}/departures/approve")
def approve(at: Annotated[ClubVisit, at_club(APPROVE)]) -> Response:
    """Let those go who are named."""
    return _decided(at, "approve")


@router.post("/clubs/{credentialId}/departures/refuse")
def refuse(at: Annotated[ClubVisit, at_club(REFUSE)]) -> Response:
    """Keep them as they are."""
    return _decided(at, "refuse")


def _decided(at: ClubVisit, decision: Decision) -> Response:
    chosen, shown = _chosen(at)
    done = decide(at.visit.service.engine, at.id, decision, chosen, actor=at.visit.caller.actor, shown=shown)
    count = len(done.marked) + done.already
    return at.visit.back(said=at.visit.texts.count(f"departures.done_{decision}", count))


def _chosen(at: ClubVisit) -> tuple[Sequence[Chosen], Mapping[Chosen, str]]:
    """Entity and remote id of each that the form names, or of all that are held back: those that were shown, no others.

    And the status of each, as it was shown: what another person decides from here on is not undone.

    Raises:
        Refusal: it names none.
        NotAsShown: of all, others are held back by now.
    """
    mark = at.visit.form.text("held_mark")
    if mark:
        held = [one for one in listing(at.visit.service.engine, at.id) if one.status in HELD]
        if mark != _mark(held):
            raise NotAsShown("Others are held back by now")
        shown = {(one.entity, one.twizzit_id): one.status for one in held}
        return tuple(shown), shown
    named = [one.partition(":") for one in at.visit.form.all("chosen")]
    chosen = [(entity, twizzit_id) for entity, between, twizzit_id in named if between]
    if not chosen:
        raise Refusal(400, "departures.none_chosen")
    return chosen, dict(zip(chosen, at.visit.form.all("shown"), strict=False))  # of one form all, or none
