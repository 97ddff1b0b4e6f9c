"""How it is doing, for Prometheus."""

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import Response

from twizzit_pipeline.http_api.auth import guarded_router
from twizzit_pipeline.http_api.routes.documented import answers
from twizzit_pipeline.http_api.service import Here

router = guarded_router("Operations")


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        **answers(),
        200: {"description": "Prometheus's text format", "content": {"text/plain": {"schema": {"type": "string"}}}},
    },
)
def metrics(here: Here) -> Response:
    """The state of every credential, its last syncs, its calls, and whether an orchestrator is there."""
    return Response(here.metrics.exposition(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
