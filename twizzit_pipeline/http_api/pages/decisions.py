"""To decide: everything that waits for a person of the club, each with both sides and two buttons."""

from typing import Annotated

from fastapi import Path, Response

from twizzit_pipeline.http_api.access_table import ACCESS
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.pages import conflicts, departures
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.visits import ClubVisit, at_club

router = page_router()

# One page of two lists of the API's, which the same roles read.
_DEPARTURES, _CONFLICTS = "GET /departures/{credentialId}", "GET /conflicts"
assert ACCESS[_DEPARTURES] == ACCESS[_CONFLICTS]


@router.get("/clubs/{credentialId}/decide")
def decide_page(at: Annotated[ClubVisit, at_club(_DEPARTURES)]) -> Response:
    """What waits for a decision, and what was decided."""
    return _page(at, wrong=None)


@router.post("/clubs/{credentialId}/conflicts/{conflictId}")
def resolve(
    at: Annotated[ClubVisit, at_club(conflicts.RESOLVE)],
    conflict_id: Annotated[int, Path(alias="conflictId", ge=1), PLAIN],
) -> Response:
    """Settle a conflict or a doubtful link. A value that does not fit is shown as it was typed, with what would."""
    wrong = conflicts.resolved(at, conflict_id)
    if wrong is not None:
        return _page(at, wrong=wrong, code=400)
    return at.visit.back(said=at.visit.texts("conflicts.done"))


def _page(at: ClubVisit, *, wrong: conflicts.Wrong | None, code: int = 200) -> Response:
    lists = {**departures.section(at), **conflicts.section(at)}
    return at.page("decide.html", code=code, **lists, wrong=wrong)
