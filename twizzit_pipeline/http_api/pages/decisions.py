"""To decide: everything that waits for a person of the club, each with both sides and two buttons."""

from typing import Annotated

from fastapi import Response

from twizzit_pipeline.http_api.pages import conflicts
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.visits import ClubVisit, at_club

router = page_router()


@router.get("/clubs/{credentialId}/decide")
def decide_page(at: Annotated[ClubVisit, at_club("GET /conflicts")]) -> Response:
    """What waits for a decision, and what was decided."""
    return at.page("decide.html", **conflicts.section(at))
