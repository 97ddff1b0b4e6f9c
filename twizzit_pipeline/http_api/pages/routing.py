"""The routes of the pages: what each request goes through before its view, and what an error looks like in a page."""

from collections.abc import Callable, Coroutine
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from twizzit_pipeline import errors
from twizzit_pipeline.http_api.pages.rendering import guard
from twizzit_pipeline.http_api.pages.visits import SIGN_IN, NotSignedIn, Refusal, Visit
from twizzit_pipeline.http_api.problems import Problem, problem_of

_OF_STATUS = {403: "error.forbidden", 404: "error.not_found", 429: "error.too_many"}


class PageRoute(APIRoute):
    """A route that answers a browser: whatever happens becomes a page, with the headers of one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, between the visit's beginning and its end."""
        answer = super().get_route_handler()

        async def visited(request: Request) -> Response:
            visit = Visit.begin(request)
            request.state.visit = visit
            try:
                if request.method == "POST":
                    await visit.check_form()
                response = await answer(request)
            except NotSignedIn:
                response = _to_sign_in(visit)
            except (Problem, Refusal, errors.TwizzitPipelineError, RequestValidationError, HTTPException) as error:
                response = await run_sync(_refused, visit, error)
            visit.leave(response)
            guard(response)
            return response

        return visited


def page_router() -> APIRouter:
    """A router of pages, which are no part of the API's document."""
    return APIRouter(include_in_schema=False, route_class=PageRoute)


def line_of(visit: Visit, error: Exception) -> tuple[int, str]:
    """Status and one line of an error, in the visitor's language as far as there is a text."""
    texts = visit.texts
    if isinstance(error, Refusal):
        return error.status, texts(error.key, **error.values)
    if isinstance(error, errors.TwizzitPipelineError):
        problem = problem_of(error)
        own = f"error.{type(error).__name__}"
        if texts.has(own):
            return problem.status, texts(own)
    elif isinstance(error, Problem):
        problem = error
    elif isinstance(error, HTTPException):
        problem = Problem(error.status_code, "")
    else:
        problem = Problem(404, "")
    if problem.status in _OF_STATUS:
        return problem.status, texts(_OF_STATUS[problem.status])
    said = str(problem.body.get("message") or problem.body["error"])
    return problem.status, " ".join(said.split()) or texts("error.not_found")


def _refused(visit: Visit, error: Exception) -> Response:
    """A page with the line; for a form of ours, the page that it was on."""
    status, line = line_of(visit, error)
    if visit.form.text("back") and not isinstance(error, Refusal | HTTPException):
        return visit.back(said=line, kind="error")
    return visit.page("error.html", code=status, line=line)


def _to_sign_in(visit: Visit) -> Response:
    if visit.is_fragment:
        answer = visit.page("error.html", code=401, line=visit.texts("error.signed_out"))
        answer.headers["HX-Redirect"] = SIGN_IN
        return answer
    kept_nothing = "in" in visit.request.query_params
    return visit.go(f"{SIGN_IN}?cookies=1" if kept_nothing else SIGN_IN)
