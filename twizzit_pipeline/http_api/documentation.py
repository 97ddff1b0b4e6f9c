"""What a browser finds of the API itself: where everything is, and the routes with a form for each.

What belongs here: what is served without a token and without the internet. Swagger UI's files are those that the
package `fastapi-offline` brings along. Addresses are relative, so that a proxy may put everything under a prefix.
"""

from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from twizzit_pipeline.http_api.service import PREFIX

_ASSETS = "docs-assets"
_PLACES = {
    "pages": "twizzit",
    "api": PREFIX.lstrip("/"),
    "docs": "docs",
    "openapi": "openapi.json",
    "health": "health",
    "metrics": "metrics",
}
_WHAT_IT_IS = {
    "pages": "the pages for people of a club; they want a sign-in (twizzit link CLUB --role admin)",
    "api": "the HTTP API; its routes want a token (twizzit token --role coach)",
    "docs": "its routes, with a form for each",
    "openapi": "the same as an OpenAPI document",
    "health": "whether all is well",
    "metrics": "what Prometheus reads; wants a token of the role monitor or admin",
}


def add_documentation(app: FastAPI) -> None:
    """These pages, none of them in the OpenAPI document."""
    folder = str(files("fastapi_offline") / "static")
    app.mount(f"/{_ASSETS}", StaticFiles(directory=folder), name=_ASSETS)
    app.include_router(_pages())


def _pages() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def start(request: Request) -> Response:
        app: FastAPI = request.app
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_start_page(app))
        places = {name: f"/{place}" for name, place in _PLACES.items()}
        return JSONResponse({"name": app.title, "version": app.version, **places})

    @router.get("/docs")
    async def documentation(request: Request) -> HTMLResponse:
        app: FastAPI = request.app
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=app.title,
            swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{_ASSETS}/favicon.png",
            swagger_ui_parameters={"validatorUrl": None},  # a service on the internet
        )

    @router.get(PREFIX)
    async def top() -> Response:
        return RedirectResponse("/")

    @router.get(f"{PREFIX}/docs")
    async def page() -> Response:
        return RedirectResponse("/docs")

    return router


def _start_page(app: FastAPI) -> str:
    lines = "".join(
        f'<li><a href="{place}">/{place}</a>: {_WHAT_IT_IS[name]}</li>'
        for name, place in _PLACES.items()
        if name != "api"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{app.title}</title></head><body>'
        f"<h1>{app.title}</h1><p>Version {app.version}. {app.description}</p>"
        f"<p>/{_PLACES['api']}: {_WHAT_IT_IS['api']}.</p><ul>{lines}</ul></body></html>"
    )
