"""Undo of a sync: first what it would do, row by row, and what it would leave; then doing just that."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import Response

from twizzit_pipeline.errors import NotAsShown
from twizzit_pipeline.http_api.pages.journal import SyncId
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.texts import Texts
from twizzit_pipeline.http_api.pages.values import Field, column_of, fields_of
from twizzit_pipeline.http_api.pages.visits import ClubVisit, Refusal, at_club
from twizzit_pipeline.queries.row_names import names_of
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.details import NO_SYNCS
from twizzit_pipeline.undo import undoing
from twizzit_pipeline.undo.departed import TABLE as DEPARTURES
from twizzit_pipeline.undo.questions import TABLE as QUESTIONS
from twizzit_pipeline.undo.rows import Left, Step
from twizzit_pipeline.undo.undoing import Undo

router = page_router()

_MOST_SHOWN = 300
_IN_PART = (
    "restore",
    "deactivate",
)  # of which the columns that change are shown; of the others the name, if there is one

Undoing = Annotated[ClubVisit, at_club("POST /sync/undo/{syncId}")]


@dataclass(frozen=True, slots=True)
class Shown:
    """A row that an undo writes, with its columns in words."""

    step: Step
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Stays:
    """A row, or some of its columns, that an undo leaves, and why."""

    left: Left
    columns: str
    why: str


@router.get("/clubs/{credentialId}/syncs/{syncId}/undo")
def undo_page(at: Undoing, sync_id: SyncId) -> Response:
    """What an undo of this sync would do."""
    found = _preview(at, sync_id)
    rows = [step for step in found.plan.steps if not _is_link(step)]
    left = [one for one in found.plan.left if not _is_link(one)]
    return at.page(
        "undo.html",
        sync_id=sync_id,
        steps=_shown(at, rows[:_MOST_SHOWN]),
        more=max(0, len(rows) - _MOST_SHOWN),
        links=sum(_is_link(step) and step.key.table not in (QUESTIONS, DEPARTURES) for step in found.plan.steps),
        writes=len(found.plan.steps),
        follows=found.follows,
        kind=_kind(at, sync_id),
        stays=[_stays(at, one) for one in left[:_MOST_SHOWN]],
        more_stays=max(0, len(left) - _MOST_SHOWN),
        passed_over=sum(found.passed_over.values()),
        mark=_mark(found),
    )


@router.post("/clubs/{credentialId}/syncs/{syncId}/undo")
def undo_sync(at: Undoing, sync_id: SyncId) -> Response:
    """Undo it, as far as that is still what was shown."""
    found = _preview(at, sync_id)
    if at.visit.form.text("mark") != _mark(found):
        raise NotAsShown("What the undo would do has changed since it was shown")
    done = undoing.undo(at.visit.service.engine, sync_id, actor=at.visit.caller.actor, shown=found)
    return at.visit.go(f"{at.place}/syncs/{done.undo_id or sync_id}", said=at.visit.texts("undo.done"))


def _preview(at: ClubVisit, sync_id: int) -> Undo:
    """
    Raises:
        Refusal: 404, the sync is none of this club's.
    """
    if history.one(at.visit.service.engine, at.id, sync_id) is None:
        raise Refusal(404, "error.not_found")
    return undoing.preview(at.visit.service.engine, sync_id)


def _kind(at: ClubVisit, sync_id: int) -> str:
    """What is undone: a sync, a decision, or an undo."""
    row = history.one(at.visit.service.engine, at.id, sync_id)
    return row.sync_direction if row is not None and row.sync_direction in NO_SYNCS else "sync"


def _is_link(one: Step | Left) -> bool:
    return one.key.table.startswith("twizzit_")


def _shown(at: ClubVisit, steps: Sequence[Step]) -> list[Shown]:
    names = names_of(at.visit.service.engine, (values for step in steps for values in (step.before, step.after)))
    texts = at.visit.texts
    return [Shown(step, _fields(step, names, texts)) for step in steps]


def _fields(step: Step, names: Mapping[tuple[str, int], str], texts: Texts) -> Sequence[Field]:
    if step.kind in _IN_PART:
        return fields_of(step.before, step.after, names, texts)
    return () if step.name else fields_of(step.before or None, step.after or None, names, texts)


def _stays(at: ClubVisit, left: Left) -> Stays:
    texts = at.visit.texts
    return Stays(left, ", ".join(column_of(column, texts) for column in left.columns), texts(f"left.{left.reason}"))


def _mark(found: Undo) -> str:
    """Another one as soon as the undo would do anything else."""
    said = json.dumps([asdict(found.plan), found.history_ids], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()
