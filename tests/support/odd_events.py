"""An account whose events a test names: matches, trainings, and what is odd about them."""

from datetime import date

import httpx

from tests.support.odd_account import Answer, account
from twizzit_pipeline.twizzit.records import Match, Season

SEASON = Season("7", "2026-2027", date(2026, 7, 1), date(2027, 6, 30))
TYPES = [
    {"id": 3, "name": {"EN": "Training", "NL": "Training", "FR": "Entraînement"}, "active": True},
    {"id": 4, "name": {"EN": "Match", "NL": "Wedstrijd", "FR": "Match"}, "active": True},
    {"id": 5, "name": {"EN": "Old match", "NL": "Oude wedstrijd", "FR": ""}, "active": False},
]
OWN = {"groupId": 10, "groupName": "U15 1", "groupShortName": "U15", "isHomeTeam": True}


def event(**changes: object) -> dict[str, object]:
    """A match of the series 77, at home on 21 November; keys with ``_`` are written with ``-``."""
    usual: dict[str, object] = {
        "id": 1,
        "name": "KC Éénhoorn U15 1 - AKC Zand 2",
        "start": "2026-11-21 15:00:00",
        "end": "2026-11-21 16:30:00",
        "description": "",
        "score": None,
        "series": {"id": 77, "name": "U15 reeks 2"},
        "event-groups": [OWN],
    }
    return usual | {name.replace("_", "-"): value for name, value in changes.items()}


def listed(*events: dict[str, object]) -> Answer:
    """Answers `/events` as the service does: by day and by page."""

    def answer(query: httpx.QueryParams) -> object:
        first, last = query["start-date"], query["end-date"]
        found = [row for row in events if first <= str(row["start"])[:10] <= last]
        offset = int(query["offset"])
        return found[offset : offset + min(int(query["limit"]), 250)]

    return answer


def only_match(**changes: object) -> Match | None:
    with account(event_types=TYPES, events=listed(event(**changes))) as (client, _):
        matches = client.calendar(SEASON).matches
    return matches[0] if matches else None
