"""The sync history: what ran, and what did not arrive."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic.alias_generators import to_camel

from twizzit_pipeline.accounts.naming import named
from twizzit_pipeline.credentials import store
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import guarded_router
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.problems import Problem
from twizzit_pipeline.http_api.results import failed_items
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import CredentialId, Here, Offset
from twizzit_pipeline.plan.repair import REPAIRED_ON_REQUEST
from twizzit_pipeline.runs import details, history
from twizzit_pipeline.runs.asides import SetAsideRows, counts_of, set_aside_of
from twizzit_pipeline.runs.sentences import sentence
from twizzit_pipeline.storage.engine import driver_errors

router = guarded_router("Synchronization")


@router.get(
    "/sync/history/{credentialId}",
    response_model=schemas.History,
    responses=answers(400, 404),
)
def sync_history(
    here: Here,
    credential_id: CredentialId,
    limit: Annotated[int, Query(ge=1, le=100, description="Rows at most")] = 50,
    offset: Offset = 0,
) -> schemas.History:
    """The syncs of a credential, newest first: one row for each entity of a run."""
    with driver_errors():
        store.get(here.engine, credential_id)
        found = history.recent(here.engine, credential_id, limit=limit, offset=offset)
    return schemas.History(history=[schemas.HistoryRow.of(row) for row in found])


@router.get(
    "/sync/history/{credentialId}/{syncId}",
    response_model=schemas.HistoryOne,
    responses=answers(400, 404),
)
def one_sync(
    here: Here,
    credential_id: CredentialId,
    sync_id: Annotated[int, Path(alias="syncId", ge=1, description="A sync"), PLAIN],
) -> schemas.HistoryOne:
    """One sync, with the rows that broke a rule and the items that could not be applied."""
    with driver_errors():
        store.get(here.engine, credential_id)
        row = history.one(here.engine, credential_id, sync_id)
        if row is None:
            raise Problem(404, "Sync not found")
        rejected = history.rejected_rows(here.engine, sync_id)
        undone = history.undone_by(here.engine, credential_id)
    entry = schemas.HistoryEntry.of(
        row,
        rejected_rows=[_rejected(one, credential_id) for one in rejected],
        failed_items=failed_items(row, kinds=("failed",)),
        rows=None if (counts := counts_of(row.details)) is None else schemas.RowCounts.of(counts),
        set_aside=[_set_aside(aside) for aside in set_aside_of(row.details)],
        event_types=schemas.EventTypes(**types) if (types := row.details.get(details.EVENT_TYPES)) else None,
        unknown_words=row.details.get(details.UNKNOWN_WORDS) or {},
        repair=_repaired(row),
        departures=_departures(row),
        undone_by=undone.get(sync_id),
        undid=list(row.undid),
    )
    return schemas.HistoryOne(history=entry)


def _rejected(row: history.RejectedRow, credential_id: int) -> schemas.RejectedRow:
    return schemas.RejectedRow.of(row, message=named(sentence(row.entity, row.rule), credential_id))


def _repaired(row: history.HistoryRow) -> schemas.Repaired | None:
    if row.details.get(details.REPAIR) is not True:
        return None
    items: Mapping[str, Any] = (row.details.get("warnings") or {}).get(REPAIRED_ON_REQUEST) or {}
    return schemas.Repaired(
        count=items.get("count", 0),
        columns=row.details.get(details.REPAIRED) or {},
        twizzit_ids=items.get("twizzit_ids", []),
        message=sentence(row.entity, REPAIRED_ON_REQUEST),
    )


def _departures(row: history.HistoryRow) -> schemas.DepartureCounts | None:
    waiting = row.details.get(details.DEPARTURES) or {}
    counts = schemas.DepartureCounts(
        departed=row.details.get("depart", 0),
        returned=row.details.get("return", 0),
        **{name: waiting.get(name, 0) for name in ("closed", "held", "waiting")},
    )
    return counts if any(counts.model_dump().values()) else None


def _set_aside(rows: SetAsideRows) -> schemas.SetAsideRows:
    change = None
    if rows.change is not None:
        name, word, meaning = rows.change
        change = {to_camel(name): {word: meaning}}
    return schemas.SetAsideRows.of(rows, change=change)
