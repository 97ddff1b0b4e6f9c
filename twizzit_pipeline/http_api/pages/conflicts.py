"""Conflicts and doubtful links on the page of decisions: both sides, and whose it is to be."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Path, Response

from twizzit_pipeline.decisions import linking, resolving
from twizzit_pipeline.decisions.listing import Waiting, listing, one
from twizzit_pipeline.errors import NotAsShown
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.texts import Texts
from twizzit_pipeline.http_api.pages.values import column_of, value_of
from twizzit_pipeline.http_api.pages.visits import ClubVisit, Refusal, at_club
from twizzit_pipeline.queries.row_names import names_of

router = page_router()

RESOLVE = "PUT /conflicts/{conflictId}/resolve"
_MOST = 200


@dataclass(frozen=True, slots=True)
class Sides:
    """A field that both sides changed, in words. `mark`: another one as soon as either side says something else."""

    of: Waiting
    field: str
    before: str
    shotspot: str
    twizzit: str
    mark: str


def section(at: ClubVisit) -> dict[str, Any]:
    """What waits: `sides` of fields, and doubtful `links`; of very many the oldest."""
    engine, texts = at.visit.service.engine, at.visit.texts
    found, total = listing(engine, credential_ids=[at.id], limit=_MOST)
    fields = [each for each in found if each.kind == "field"]
    names = names_of(engine, ({each.column: value} for each in fields for value in (each.base, each.now, each.remote)))
    return {
        "sides": [_sides(each, names, texts) for each in fields],
        "links": [each for each in found if each.kind != "field"],
        "unseen": total - len(found),
        "may_resolve": at.visit.may(RESOLVE),
    }


@router.post("/clubs/{credentialId}/conflicts/{conflictId}")
def resolve(
    at: Annotated[ClubVisit, at_club(RESOLVE)], conflict_id: Annotated[int, Path(alias="conflictId", ge=1)]
) -> Response:
    """Settle one of them, as the button says that was pressed."""
    engine, form, actor = at.visit.service.engine, at.visit.form, at.visit.caller.actor
    shown = one(engine, conflict_id)
    if shown.credential_id != at.id:
        raise Refusal(404, "error.not_found")
    chosen = form.text("resolution")
    word = next((each for each in resolving.FIELD_RESOLUTIONS if each == chosen and each != "value"), None)
    if word is not None:
        if form.text("mark") != _mark(shown):
            raise NotAsShown("Another value is there by now")
        resolving.resolve(engine, conflict_id, word, actor=actor)
    else:
        start = at.visit.service.settings.season_start
        linking.link(engine, conflict_id, _local_id(chosen), actor=actor, season_start=start)
    return at.visit.back(said=at.visit.texts("conflicts.done"))


def _local_id(chosen: str) -> int | None:
    """The row of ShotSpot that was chosen; None where one is to be made.

    Raises:
        Refusal: nothing was chosen.
    """
    if chosen == "create":
        return None
    word, _, number = chosen.partition(":")
    if word == "link" and number.isascii() and number.isdigit() and len(number) < 11:
        return int(number)
    raise Refusal(400, "conflicts.none_chosen")


def _sides(of: Waiting, names: Mapping[tuple[str, int], str], texts: Texts) -> Sides:
    before, here, there = (value_of(of.column, value, names, texts) for value in (of.base, of.now, of.remote))
    return Sides(of, column_of(of.column, texts), before, here, there, _mark(of))


def _mark(of: Waiting) -> str:
    said: Sequence[object] = (of.id, of.now, of.remote)
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()[:16]
