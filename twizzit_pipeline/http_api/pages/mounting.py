"""The pages put together: their routes and files, added to the application of the API."""

from importlib.resources import files

from fastapi import APIRouter, FastAPI
from pydantic import SecretStr
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from twizzit_pipeline.http_api.pages import (
    clubs,
    configuration,
    decisions,
    departures,
    entrance,
    journal,
    players,
    previews,
    undos,
)
from twizzit_pipeline.http_api.pages.rendering import guard
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.signing import Signer
from twizzit_pipeline.http_api.pages.visits import START, Here, Pages, Refusal, own_place

ROUTERS = (
    entrance.router,
    clubs.router,
    previews.router,
    decisions.router,
    departures.router,
    journal.router,
    undos.router,
    players.router,
    configuration.router,
)
_DAY = 24 * 3600


def add_pages(app: FastAPI, secret: SecretStr) -> None:
    """The pages under `/twizzit`, none of them in the OpenAPI document.

    Args:
        secret: of the API's tokens; the pages sign with keys made from it.
    """
    app.state.pages = Pages(Signer(secret))
    app.mount(f"{START}/static", _Files(directory=str(files(__package__) / "static")), name="pages-static")
    for router in (*ROUTERS, _elsewhere()):
        app.include_router(router, prefix=START)


def _elsewhere() -> APIRouter:
    router = page_router()

    @router.get("/{path:path}")
    def nothing(here: Here, path: str) -> Response:
        if path == "" or path.endswith("/"):
            return here.go(own_place(f"{START}/{path}".rstrip("/")))
        raise Refusal(404, "error.not_found")

    return router


class _Files(StaticFiles):
    """Style and scripts; their names or queries change with them, so a browser keeps them for a day."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = f"public, max-age={_DAY}"
        guard(response)
        return response
