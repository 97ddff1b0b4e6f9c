"""Matches that wait since the name of their opponent fits several clubs or teams of ShotSpot.

Nothing on these pages decides it: two clubs of one name would stay as doubtful in ShotSpot itself. So the page says
what to do there.
"""

from typing import Any

from twizzit_pipeline.entities import MATCHES
from twizzit_pipeline.http_api.pages.visits import ClubVisit
from twizzit_pipeline.queries.left_out import LeftOut, left_out

_REASON = "opponent_doubtful"


def section(at: ClubVisit) -> dict[str, Any]:
    """The matches of the last sync that wait for that reason, `opponents`."""
    return {"opponents": waiting(at)}


def waiting(at: ClubVisit) -> list[LeftOut]:
    """Those matches; the rest of a long list is one without an id."""
    found = left_out(at.visit.service.engine, at.id, entity=MATCHES.name)
    return [one for one in found if one.reason == _REASON]
