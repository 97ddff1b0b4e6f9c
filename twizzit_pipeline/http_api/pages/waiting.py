"""What waits for a person of a club: one line each, and where to settle it."""

from dataclasses import dataclass

from twizzit_pipeline.http_api.pages.visits import ClubVisit
from twizzit_pipeline.queries.overview import CredentialStatus


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
    found = [
        Waiting("waiting.attention", int(status.needs_attention), f"{at.place}/syncs"),
        Waiting("waiting.questions", status.questions, f"{at.place}/decide"),
        Waiting("waiting.left_out", status.facts.items_failed, f"{at.place}/syncs"),
    ]
    return [one for one in found if one.count]
