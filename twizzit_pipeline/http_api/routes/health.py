"""Is it alive? Asked by machines, without a token."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.responses import Response

from twizzit_pipeline.errors import DatabaseRefused, DatabaseUnavailable
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.service import Here
from twizzit_pipeline.sync import heartbeat

router = APIRouter(tags=["Operations"])


@router.get(
    "/health",
    response_model=schemas.Health,
    responses={503: {"model": schemas.Health, "description": "The database does not answer"}},
)
def health(here: Here) -> schemas.Health | Response:
    """Whether the database answers, and when an orchestrator last gave a sign of life."""
    try:
        last = heartbeat.last(here.engine)
    except (DatabaseUnavailable, DatabaseRefused):
        nobody = schemas.Orchestrator(alive=False, last_heartbeat=None)
        down = schemas.Health(status="unavailable", database="unavailable", orchestrator=nobody)
        return JSONResponse(down.model_dump(by_alias=True, mode="json"), status_code=503)
    alive = last is not None and datetime.now(UTC) - last < timedelta(seconds=heartbeat.DEAD_AFTER_SECONDS)
    return schemas.Health(
        status="ok", database="ok", orchestrator=schemas.Orchestrator(alive=alive, last_heartbeat=last)
    )
