"""My club: how it is doing, its syncs, what waits for a person; and the list of clubs where there are several."""

import zlib
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path, Query, Response

from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import UnknownCredential
from twizzit_pipeline.http_api.access import forbidden
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.pages import waiting
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.syncs import by_run
from twizzit_pipeline.http_api.pages.visits import START, ClubVisit, Visit, at_club, signed_in
from twizzit_pipeline.queries import later, listing, overview
from twizzit_pipeline.queries.fixtures import match_mappings_of
from twizzit_pipeline.queries.overview import CredentialStatus
from twizzit_pipeline.runs import history
from twizzit_pipeline.scheduling import requested, requests
from twizzit_pipeline.scheduling.cancelling import cancel
from twizzit_pipeline.scheduling.requested import Request

router = page_router()

_NEXT_MATCHES = 5
_RECENT_ROWS = 12  # of the history: enough for the last sync behind one that is under way

Asking = Annotated[ClubVisit, at_club("POST /sync/teams/{credentialId}")]
Looking = Annotated[ClubVisit, at_club("GET /sync/history/{credentialId}")]
Cancelling = Annotated[ClubVisit, at_club("DELETE /sync/requests/{requestId}")]


@router.get("")
def first_page(visit: Annotated[Visit, signed_in("GET /organizations")]) -> Response:
    """The clubs that the visitor reaches; of one alone, its page."""
    engine = visit.service.engine
    found = [one for one in store.list_all(engine) if visit.caller.may_use(one.id)]
    if len(found) == 1:
        return visit.go(f"{START}/clubs/{found[0].id}")
    states = _statuses(visit)
    clubs = [states[one.id] for one in found if one.id in states]
    clubs.sort(key=lambda one: (one.lasting.urgency, one.facts.organization_name))
    return visit.page("clubs.html", clubs=clubs)


@router.get("/clubs/{credentialId}")
def club_page(at: Looking) -> Response:
    """How a club is doing."""
    engine = at.visit.service.engine
    status = _statuses(at.visit).get(at.id)
    if status is None:
        raise UnknownCredential(f"No credential has the id {at.id}")  # deleted since the visit began
    now = datetime.now(UTC)
    return at.page(
        "club.html",
        status=status,
        why_later=later.of_facts(status.facts, now),
        **progress_of(at),
        waiting=waiting.of_club(at, status),
        teams=listing.count_team_mappings(engine, credential_ids=[at.id]),
        players=listing.count_player_mappings(engine, credential_ids=[at.id]),
        matches=match_mappings_of(engine, credential_id=at.id, since=now, limit=_NEXT_MATCHES),
    )


@router.get("/clubs/{credentialId}/progress")
def progress(at: Looking, seen: Annotated[str, Query(max_length=20)] = "") -> Response:
    """What is under way: a part of the page, which asks for itself until all is over; then the page is shown anew.

    A browser that shows it already gets nothing, so that nothing is read out again.
    """
    found = progress_of(at)
    if found["busy"] and found["mark"] == seen:
        return Response(status_code=204)
    answer = at.page("progress.html", **found)
    if not found["busy"]:
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.post("/clubs/{credentialId}/sync")
def sync_now(at: Asking) -> Response:
    """Ask for a sync of everything."""
    at.visit.service.syncs.spend(at.visit.caller, at.id)
    made = requests.ask(
        at.visit.service.engine, at.id, sync_type="all", actor=at.visit.caller.actor, trigger="request", queue=True
    )
    said = "club.asked_already" if made.already_queued else "club.asked"
    return at.visit.back(said=at.visit.texts(said))


@router.post("/clubs/{credentialId}/requests/{requestId}/cancel")
def cancel_request(at: Cancelling, request_id: Annotated[int, Path(alias="requestId", ge=1), PLAIN]) -> Response:
    """Take back a sync that waits."""
    engine, caller = at.visit.service.engine, at.visit.caller
    found = requests.get(engine, request_id)
    if found.credential_id != at.id or not may_cancel(at, found):
        raise forbidden()
    cancel(engine, request_id, actor=caller.actor, own=caller.role != "admin")
    return at.visit.back(said=at.visit.texts("club.cancelled"))


def may_cancel(at: ClubVisit, request: Request) -> bool:
    """A coach cancels what they asked for; an administrator any."""
    caller = at.visit.caller
    return request.status == "queued" and (caller.role == "admin" or requested.asker(caller.actor) in request.askers)


def _statuses(visit: Visit) -> dict[int, CredentialStatus]:
    start = visit.service.settings.season_start
    found = overview.read(visit.service.engine, season_start=start, with_month=False)
    return {one.facts.credential_id: one for one in found.credentials}


def progress_of(at: ClubVisit) -> dict[str, Any]:
    """What waits and what is under way; `busy`: whether there is any; `mark`: another one as soon as that changes."""
    engine = at.visit.service.engine
    waits, _ = requested.listing(engine, credential_ids=[at.id])
    recent = history.recent(engine, at.id, limit=_RECENT_ROWS, syncs_alone=True)
    running = history.under_way(engine, at.id)
    stands = (
        [(one.request.id, one.request.status, one.request.error) for one in waits],
        [(row.id, row.status) for row in running],
    )
    return {
        "busy": bool(waits or running),
        "mark": f"{zlib.crc32(repr(stands).encode()):08x}",
        "asked": [(one.request, may_cancel(at, one.request)) for one in waits],
        "running": running,
        "last": next((one for one in by_run(recent, {}) if one.status != "in_progress"), None),
    }
