"""The application put together: routes, errors, limits. Made at start with an open database; nothing is global."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twizzit_pipeline.http_api import schemas
from twizzit_pipeline.http_api.access_lines import AccessLines
from twizzit_pipeline.http_api.body_limit import BodyLimit
from twizzit_pipeline.http_api.documentation import add_documentation
from twizzit_pipeline.http_api.error_handlers import UnexpectedErrors, handle_problems
from twizzit_pipeline.http_api.openapi import document_truly
from twizzit_pipeline.http_api.pages.mounting import add_pages
from twizzit_pipeline.http_api.pages.visits import START
from twizzit_pipeline.http_api.routes import (
    audit,
    coaches,
    configuration,
    conflicts,
    credentials,
    departures,
    health,
    history,
    live,
    mappings,
    metrics,
    plans,
    registered,
    requests,
    syncs,
    undo,
    verification,
)
from twizzit_pipeline.http_api.secret import jwt_secret
from twizzit_pipeline.http_api.service import DATABASE_THREADS, PREFIX, Service
from twizzit_pipeline.http_api.spellings import Spellings
from twizzit_pipeline.http_api.tokens import Tokens
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

ROUTERS = (
    credentials.router,
    verification.router,
    live.router,
    syncs.router,
    plans.router,
    requests.router,
    configuration.router,
    history.router,
    undo.router,
    mappings.router,
    registered.router,
    departures.router,
    conflicts.router,
    audit.router,
    coaches.router,
    health.router,
    metrics.router,
)


def create_app(settings: Settings, database: Database) -> FastAPI:
    """The API over an open, migrated database, which stays the caller's to close.

    Raises:
        SettingsError: there is no secret for tokens, or it is too short.
    """
    secret = jwt_secret(settings)
    service = Service.build(settings, database, Tokens(secret))
    app = FastAPI(
        title="Twizzit integration of ShotSpot",
        version=version("twizzit-pipeline"),
        description="Credentials, syncs, history and mappings. Times are UTC.",
        lifespan=_lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        redoc_url=None,
        docs_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,  # see `spellings`
    )
    app.state.service = service
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    app.include_router(_elsewhere())
    add_documentation(app)
    add_pages(app, secret)
    app.include_router(metrics.router, include_in_schema=False)  # where Prometheus looks by itself
    handle_problems(app)
    document_truly(app)
    # The last one added is the first one asked.
    app.add_middleware(BodyLimit)
    app.add_middleware(UnexpectedErrors)
    if settings.origins:
        # Around everything that answers: an error without these headers looks like no network to a page elsewhere.
        allowed = {
            "allow_origins": list(settings.origins),
            "allow_methods": ["GET", "POST", "PUT", "DELETE"],
            "allow_headers": ["Authorization", "Content-Type", "Prefer", "X-CSRF-Token"],
            "allow_credentials": True,  # ShotSpot's front end asks for it always; the API has no cookies
            "expose_headers": ["X-Total-Count", "Location", "Retry-After"],
        }
        app.add_middleware(_OtherOrigins, allowed=allowed)
    app.add_middleware(_PrivateAnswers)
    app.add_middleware(AccessLines)
    app.add_middleware(Spellings, but_under=START)
    return app


def _elsewhere() -> APIRouter:
    """Second addresses: of the document under the API's prefix, of health without it. The document has neither."""
    router = APIRouter(include_in_schema=False)

    @router.get(f"{PREFIX}/openapi.json")
    async def document(request: Request) -> dict[str, Any]:
        app: FastAPI = request.app
        return app.openapi()

    router.add_api_route("/health", health.health, response_model=schemas.Health)
    return router


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    anyio.to_thread.current_default_thread_limiter().total_tokens = DATABASE_THREADS
    yield
    service.patience.end()
    await anyio.to_thread.run_sync(service.live.close)


class _OtherOrigins:
    """CORS for the API; the pages, which have cookies, are for their own origin alone."""

    def __init__(self, app: ASGIApp, allowed: Mapping[str, Any]) -> None:
        self._app = app
        self._shared = CORSMiddleware(app, **allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and f"{scope['path']}/".startswith(f"{START}/")
        await (self._app if is_page else self._shared)(scope, receive, send)


class _PrivateAnswers:
    """Answers are about people: no proxy or browser on the way stores them, and no page shows them in a frame."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("X-Frame-Options", "DENY")
            await send(message)

        await self._app(scope, receive, marked if scope["type"] == "http" else send)
