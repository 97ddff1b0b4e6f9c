"""Departures: who and what Twizzit does not list any more, and deciding about it."""

from typing import Annotated

from fastapi import Query

from twizzit_pipeline.decisions.departures import Decided, Decision, decide, listing
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.auth import CurrentCaller, guarded_router
from twizzit_pipeline.http_api.decision_bodies import DepartureChoice
from twizzit_pipeline.http_api.problems import invalid_field
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import CredentialId, Here, Service

router = guarded_router("Decisions")


@router.get("/departures/{credentialId}", response_model=schemas.Departures, responses=answers(400, 404))
def departures(
    here: Here,
    credential_id: CredentialId,
    over: Annotated[bool, Query(description="Those who have returned, too")] = False,
) -> schemas.Departures:
    """Who and what Twizzit does not list any more, first what waits for a decision."""
    found = listing(here.engine, credential_id, over=over)
    return schemas.Departures(departures=[schemas.Departure.of(one) for one in found])


@router.post(
    "/departures/{credentialId}/approve", response_model=schemas.DepartureDecision, responses=answers(400, 404, 409)
)
def approve_departures(
    here: Here, caller: CurrentCaller, credential_id: CredentialId, body: DepartureChoice
) -> schemas.DepartureDecision:
    """Let go those who are held back: they leave with the next sync, unless Twizzit lists them again."""
    return _decided(here, caller, credential_id, "approve", body)


@router.post(
    "/departures/{credentialId}/refuse", response_model=schemas.DepartureDecision, responses=answers(400, 404, 409)
)
def refuse_departures(
    here: Here, caller: CurrentCaller, credential_id: CredentialId, body: DepartureChoice
) -> schemas.DepartureDecision:
    """Keep them as they are in ShotSpot, until they are approved or Twizzit lists them again."""
    return _decided(here, caller, credential_id, "refuse", body)


def _decided(
    here: Service, caller: Caller, credential_id: int, decision: Decision, body: DepartureChoice
) -> schemas.DepartureDecision:
    chosen = body.chosen
    if bool(body.everything) == bool(chosen):
        raise invalid_field("all", "say which ones (players, teams, matches), or all: true")
    done: Decided = decide(
        here.engine, credential_id, decision, None if body.everything else chosen, actor=caller.actor
    )
    return schemas.DepartureDecision(decision=decision, decided=len(done.marked), already=done.already)
