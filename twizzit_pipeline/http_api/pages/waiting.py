"""What waits for a person of a club: one line each, and where to settle it."""

from dataclasses import dataclass

from twizzit_pipeline.http_api.pages.visits import ClubVisit
from twizzit_pipeline.queries.left_out import left_out
from twizzit_pipeline.queries.overview import CredentialStatus
from twizzit_pipeline.runs import plans

# The kinds of questions, and their heading on the page where they are decided.
_QUESTIONS = (("field", "conflicts"), ("doubtful_link", "links"), ("opponent", "links"))


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing.

    Attributes:
        key: of its text, which counts.
        place: the page where it is settled.
    """

    key: str
    count: int
    place: str


def of_club(at: ClubVisit, status: CredentialStatus) -> list[Waiting]:
    """Everything that waits; the most urgent first."""
    waiting = [one for one in plans.held(at.visit.service.engine) if one.credential_id == at.id]
    found = [
        Waiting("waiting.attention", int(status.lasting.needs_attention), f"{at.place}/syncs"),
        Waiting("waiting.none_listed", int(status.none_listed is not None), f"{at.place}/syncs"),
        Waiting("waiting.plans", len(waiting), f"{at.place}/preview"),
        Waiting("waiting.departures", status.held, f"{at.place}/decide"),
        *(
            Waiting(f"waiting.{kind}", status.questions_of.get(kind, 0), f"{at.place}/decide#{where}")
            for kind, where in _QUESTIONS
        ),
        Waiting("waiting.left_out", status.facts.items_failed, _sync_of(at, status)),
    ]
    return [one for one in found if one.count]


def _sync_of(at: ClubVisit, status: CredentialStatus) -> str:
    """The newest sync that left something out; the list where none is kept."""
    if not status.facts.items_failed:
        return f"{at.place}/syncs"
    ids = [one.history_id for one in left_out(at.visit.service.engine, at.id) if one.kind in ("rejected", "failed")]
    return f"{at.place}/syncs/{max(ids)}#left-out" if ids else f"{at.place}/syncs"
