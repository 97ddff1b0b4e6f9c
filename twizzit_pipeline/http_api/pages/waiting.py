"""What waits for a person of a club: one line each, and where to settle it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from twizzit_pipeline.http_api.pages.visits import ClubVisit
from twizzit_pipeline.queries import monitoring_views
from twizzit_pipeline.queries.credential_state import CredentialState
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
        at: when the sync ended that the text speaks of.
    """

    key: str
    count: int
    place: str
    at: datetime | None = None


def of_club(at: ClubVisit, status: CredentialStatus) -> list[Waiting]:
    """Everything that waits; the most urgent first."""
    waiting = [one for one in plans.held(at.visit.service.engine) if one.credential_id == at.id]
    found = [
        Waiting("waiting.attention", int(status.lasting.needs_attention), f"{at.place}/{_where(status.lasting)}"),
        Waiting("waiting.none_listed", int(status.none_listed is not None), f"{at.place}/syncs"),
        Waiting("waiting.plans", len(waiting), f"{at.place}/preview"),
        Waiting("waiting.departures", status.held, f"{at.place}/decide"),
        *(
            Waiting(f"waiting.{kind}", status.questions_of.get(kind, 0), f"{at.place}/decide#{where}")
            for kind, where in _QUESTIONS
        ),
        *_left_out(at),
    ]
    return [one for one in found if one.count]


def _where(state: CredentialState) -> str:
    """The page that has to do with a state: what keeps syncs from coming is in the settings, and in no sync."""
    return "settings" if state in (CredentialState.BROKEN, CredentialState.PAUSED) else "syncs"


def _left_out(at: ClubVisit) -> Iterator[Waiting]:
    """What the status counts as left out, by the syncs that did so: teams may have been synced later than players."""
    last = monitoring_views.last_whole_syncs(at.visit.service.engine, credential_id=at.id)
    by_run = sorted(last, key=lambda one: one.history_id, reverse=True)
    for _, of_run in groupby(by_run, key=lambda one: one.dagster_run_id or one.history_id):
        rows = list(of_run)
        count = sum(one.items_failed for one in rows)
        yield Waiting(
            "waiting.left_out", count, f"{at.place}/syncs/{rows[0].history_id}#left-out", rows[0].completed_at
        )
