"""Who changed what, for administrators."""

from typing import Annotated

from fastapi import Query, Response

from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.auth import guarded_router
from twizzit_pipeline.http_api.routes.documented import answers, total_header
from twizzit_pipeline.http_api.service import Here, Offset
from twizzit_pipeline.storage import audit

router = guarded_router("Operations")


@router.get(
    "/audit",
    response_model=schemas.Audit,
    responses={**answers(400), 200: total_header()},
)
def audit_log(
    here: Here,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=100, description="Rows at most")] = 50,
    offset: Offset = 0,
) -> schemas.Audit:
    """Every change through the API and the command line, the newest first."""
    rows = audit.recent(here.engine, limit=limit, offset=offset)
    response.headers["X-Total-Count"] = str(audit.count(here.engine))
    return schemas.Audit(audit=[schemas.AuditRow.of(row) for row in rows])
