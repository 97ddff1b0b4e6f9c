"""Departures on the page of decisions: who and what Twizzit does not list any more, to let go or to keep."""

from typing import Annotated, Any

from fastapi import Response

from twizzit_pipeline.decisions.departures import HELD, Chosen, Decision, decide, listing
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.visits import ClubVisit, Refusal, at_club

router = page_router()

APPROVE, REFUSE = "POST /departures/{credentialId}/approve", "POST /departures/{credentialId}/refuse"
_LATER, _DECIDED = "waiting", ("approved", "refused")


def section(at: ClubVisit) -> dict[str, Any]:
    """The departures of the club by where they stand: `held` waits for a person, `later` for proof or its grace."""
    found = listing(at.visit.service.engine, at.id)
    return {
        "held": [one for one in found if one.status in HELD],
        "later": [one for one in found if one.status == _LATER],
        "settled": [one for one in found if one.status in _DECIDED],
        "gone": [one for one in found if one.status not in (*HELD, _LATER, *_DECIDED)],
        "may_decide": at.visit.may(APPROVE) and at.visit.may(REFUSE),
    }


@router.post("/clubs/{credentialId}/departures/approve")
def approve(at: Annotated[ClubVisit, at_club(APPROVE)]) -> Response:
    """Let those go who are named."""
    return _decided(at, "approve")


@router.post("/clubs/{credentialId}/departures/refuse")
def refuse(at: Annotated[ClubVisit, at_club(REFUSE)]) -> Response:
    """Keep them as they are."""
    return _decided(at, "refuse")


def _decided(at: ClubVisit, decision: Decision) -> Response:
    done = decide(at.visit.service.engine, at.id, decision, _chosen(at), actor=at.visit.caller.actor)
    count = len(done.marked) + done.already
    return at.visit.back(said=at.visit.texts.count(f"departures.done_{decision}", count))


def _chosen(at: ClubVisit) -> list[Chosen]:
    """Entity and remote id of each that the form names: those that were shown, and no others.

    Raises:
        Refusal: it names none.
    """
    named = [one.partition(":") for one in at.visit.form.all("chosen")]
    chosen = [(entity, twizzit_id) for entity, between, twizzit_id in named if between]
    if not chosen:
        raise Refusal(400, "departures.none_chosen")
    return chosen
