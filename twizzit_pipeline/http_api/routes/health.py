"""Is it alive? Asked by machines, without a token."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.responses import Response

from twizzit_pipeline.errors import DatabaseRefused, DatabaseUnavailable
from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.service import Here
from twizzit_pipeline.scheduling import heartbeat
from twizzit_pipeline.scheduling.automation import SwitchedOff, switched_off

router = APIRouter(tags=["Operations"])


@router.get(
    "/health",
    response_model=schemas.Health,
    responses={503: {"model": schemas.Health, "description": "The database does not answer"}},
)
def health(here: Here) -> schemas.Health | Response:
    """Whether the database answers, when an orchestrator last gave a sign of life, and what of it is switched off."""
    try:
        seen = heartbeat.seen(here.engine)
        off = [_switch(one) for one in switched_off(here.database)]
    except (DatabaseUnavailable, DatabaseRefused):
        missing = schemas.Orchestrator(alive=False, last_heartbeat=None, switched_off=[])
        down = schemas.Health(status="unavailable", database="unavailable", orchestrator=missing)
        return JSONResponse(down.model_dump(by_alias=True, mode="json"), status_code=503)
    last, alive = (seen[0], abs(seen[1].total_seconds()) < heartbeat.DEAD_AFTER_SECONDS) if seen else (None, False)
    orchestrator = schemas.Orchestrator(alive=alive, last_heartbeat=last, switched_off=off)
    return schemas.Health(status="ok", database="ok", orchestrator=orchestrator)


def _switch(off: SwitchedOff) -> schemas.SwitchedOff:
    return schemas.SwitchedOff(name=off.name, kind=off.kind, means=off.means, what_to_do=off.what_to_do)
