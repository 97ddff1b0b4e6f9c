"""Syncs: the list, and one sync with every row that it changed or left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Path, Query, Response

from twizzit_pipeline.entities import ENTITIES, TEAMS
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.pages.reasons import reason_of
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.syncs import Sync, by_run
from twizzit_pipeline.http_api.pages.values import Field, fields_of
from twizzit_pipeline.http_api.pages.visits import ClubVisit, Refusal, at_club
from twizzit_pipeline.queries import journal
from twizzit_pipeline.queries.journal import Changed
from twizzit_pipeline.queries.row_names import names_of
from twizzit_pipeline.runs import history, sentences
from twizzit_pipeline.runs.details import PLAYERS_NOT_READ
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.runs.sentences import lines

router = page_router()

_ROWS_OF_HISTORY = 60
_MOST_OF_A_RUN = len(ENTITIES)
# A page begins and ends where a run does, and none is left out between two pages.
_BACK = _ROWS_OF_HISTORY - 2 * _MOST_OF_A_RUN
_CHANGES = 200
_UNDONE_SHOWN = 50  # an undo may be of all since a moment

Offset = Annotated[int, Query(ge=0, le=2**31 - 1)]
SyncId = Annotated[int, Path(alias="syncId", ge=1, le=2**31 - 1), PLAIN]


@dataclass(frozen=True, slots=True)
class Line:
    """One row that a sync changed, in words."""

    changed: Changed
    fields: Sequence[Field]


@router.get("/clubs/{credentialId}/syncs")
def syncs_page(at: Annotated[ClubVisit, at_club("GET /sync/history/{credentialId}")], offset: Offset = 0) -> Response:
    """The syncs of a club, newest first."""
    engine = at.visit.service.engine
    before = min(offset, _MOST_OF_A_RUN)
    around = history.recent(engine, at.id, limit=before + _ROWS_OF_HISTORY + 1, offset=offset - before)
    first = _beginning(around, before)
    offset -= before - first
    rows = around[first : first + _ROWS_OF_HISTORY + 1]
    more = len(rows) > _ROWS_OF_HISTORY
    counts = journal.counts(engine, [row.id for row in rows])
    found = by_run(rows, counts)
    if more and len(found) > 1:  # of the last one, some rows may be missing
        found = found[:-1]
    older = offset + sum(len(one.rows) for one in found)
    newer = max(0, offset - _BACK) if offset else None
    undone = history.undone_by(engine, at.id)
    return at.page("syncs.html", syncs=found, undone=undone, older=older if more else None, newer=newer)


@router.get("/clubs/{credentialId}/syncs/{syncId}")
def sync_page(
    at: Annotated[ClubVisit, at_club("GET /sync/history/{credentialId}/{syncId}")], sync_id: SyncId, offset: Offset = 0
) -> Response:
    """One sync: what it changed and what it left out, row by row."""
    engine = at.visit.service.engine
    row = history.one(engine, at.id, sync_id)
    if row is None:
        raise Refusal(404, "error.not_found")
    rows = [row] if row.dagster_run_id is None else history.for_run(engine, row.dagster_run_id, credential_id=at.id)
    ids = [one.id for one in rows]
    changes = journal.changes(engine, at.id, history_ids=ids, limit=_CHANGES + 1, offset=offset)
    counts = journal.counts(engine, ids)
    sync = Sync(rows, sum(counts.values()))
    return at.page(
        "sync.html",
        sync=sync,
        undone=sync.undone(history.undone_by(engine, at.id)),
        undid=by_run(history.these(engine, at.id, sync.undid), {})[:_UNDONE_SHOWN] if sync.undid else (),
        lines=_in_words(at, changes[:_CHANGES]),
        left_out=_left_out(at, rows),
        older=offset + _CHANGES if len(changes) > _CHANGES else None,
        newer=max(0, offset - _CHANGES) if offset else None,
    )


def _beginning(rows: Sequence[HistoryRow], place: int) -> int:
    """Where the run begins that the row at this place is of, so that no page shows the older half of one alone."""
    while 0 < place < len(rows) and rows[place].dagster_run_id is not None:
        if rows[place - 1].dagster_run_id != rows[place].dagster_run_id:
            break
        place -= 1
    return place


def _in_words(at: ClubVisit, changes: Sequence[Changed]) -> list[Line]:
    names = names_of(at.visit.service.engine, _rows(changes))
    return [Line(one, fields_of(one.before, one.after, names, at.visit.texts)) for one in changes]


def _rows(changes: Iterable[Changed]) -> Iterable[Mapping[str, Any] | None]:
    for one in changes:
        yield one.before
        yield one.after


def _left_out(at: ClubVisit, rows: Sequence[HistoryRow]) -> list[dict[str, object]]:
    return [
        {"entity": _of(line), "kind": line.kind, "count": line.count, "ids": line.ids, "why": said}
        for row in rows
        for line in lines(row.entity, row.details)
        if (said := reason_of(at.visit.texts, line.entity, line.reason))
    ]


def _of(line: sentences.Line) -> str:
    """What the count is of: a roster that could not be read is a team's, though it is counted with the players."""
    return TEAMS.name if line.reason == PLAYERS_NOT_READ else line.entity
