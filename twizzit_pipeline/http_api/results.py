"""What a sync came to, as an answer: counters, and every item that did not arrive, by id."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from twizzit_pipeline.accounts.naming import named
from twizzit_pipeline.entities import TEAMS
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.runs.sentences import sentence
from twizzit_pipeline.scheduling.requested import Request
from twizzit_pipeline.scheduling.usage import CallBudget
from twizzit_pipeline.scheduling.wishes import RequestType

_Answer = TypeVar("_Answer", schemas.SyncResult, schemas.SyncAccepted)
_KINDS = ("rejected", "failed")
_WITHOUT_SUCCESS = ("failed", "cancelled")


def failed_items(row: HistoryRow, *, kinds: Iterable[str] = _KINDS) -> list[schemas.SyncError]:
    """The items of a history row that broke a rule or could not be applied; of a long list, the first 200."""
    found: list[schemas.SyncError] = []
    for kind in kinds:
        reasons: Mapping[str, Any] = row.details.get(kind) or {}
        for reason, items in sorted(reasons.items()):
            found += [
                schemas.SyncError(entity=row.entity, twizzit_id=remote_id, error=reason, message=_said(row, reason))
                for remote_id in items.get("twizzit_ids", [])
            ]
    return found


def _said(row: HistoryRow, reason: str) -> str:
    said = sentence(row.entity, reason)
    return said if row.credential_id is None else named(said, row.credential_id)


def sync_result(request: Request, rows: Sequence[HistoryRow], wanted: RequestType | None = None) -> schemas.SyncResult:
    """The answer to a request that is over. `errors` and the counters of others are left unset where there are none.

    Args:
        rows: the history of its run.
        wanted: what was asked for, where the request brings more than that.
    """
    entity = _entity(wanted or request.sync_type)
    of_entity = {row.entity: row for row in rows}
    main = of_entity.pop(entity, None)
    others = {name: row for name, row in of_entity.items() if name != TEAMS.name}
    errors = [item for row in rows for item in failed_items(row)]
    if request.status in _WITHOUT_SUCCESS and not errors and request.error:
        errors = [schemas.SyncError(entity=entity, twizzit_id=None, error=request.error, message=request.error)]
    ended = request.completed_at or request.requested_at
    result = schemas.SyncResult(
        success=request.status not in _WITHOUT_SUCCESS,
        sync_id=None if main is None else main.id,
        request_id=request.id,
        message=_message(request, [row for row in (main, *others.values()) if row is not None]),
        status=request.status,
        processed=0 if main is None else main.items_processed,
        succeeded=0 if main is None else main.items_succeeded,
        failed=0 if main is None else main.items_failed,
        duration=round((ended - request.requested_at).total_seconds() * 1000),
    )
    if errors:
        result.errors = errors
    for name, row in others.items():
        setattr(result, name, schemas.SyncCounts.of(row))
    return result


def with_budget(answer: _Answer, budget: CallBudget | None) -> _Answer:
    """The answer, with what is left of the month's calls where the credential has a limit."""
    if budget is not None:
        answer.budget = schemas.CallBudget.of(budget)
    return answer


def sync_id(request: Request, rows: Sequence[HistoryRow], wanted: RequestType | None = None) -> int | None:
    """The history row of what was asked for, among those of its run; None as long as it has none."""
    entity = _entity(wanted or request.sync_type)
    return next((row.id for row in rows if row.entity == entity), None)


def _entity(sync_type: RequestType) -> str:
    return "teams" if sync_type == "all" else sync_type


def _message(request: Request, rows: Sequence[HistoryRow]) -> str:
    if request.status == "cancelled":
        return f"{request.error or 'Cancelled before it began'}: nothing was synced"
    if request.options.preview and request.status == "success":
        return "The plan is made, and nothing of it is written"
    if request.status == "failed":
        return f"Sync failed: {request.error or 'see the sync history'}"
    if rows and all(row.details.get("season_exists") is False for row in rows):
        return f"The account has no season {request.season or rows[0].details.get('season')}; nothing was synced"
    *first, last = [f"{row.items_succeeded} of {row.items_processed} {row.entity}" for row in rows] or ["nothing to do"]
    said = f"{', '.join(first)} and {last}" if first else last
    return f"Synced {said}" + ("; the rest is in errors" if request.status == "partial_success" else "")
