"""The routes of the pages: what each request goes through before its view, and what an error looks like in a page."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from twizzit_pipeline import errors
from twizzit_pipeline.http_api.pages import cookies
from twizzit_pipeline.http_api.pages.moments import moment
from twizzit_pipeline.http_api.pages.rendering import guard
from twizzit_pipeline.http_api.pages.visits import SIGN_IN, NotSignedIn, Refusal, Visit
from twizzit_pipeline.http_api.problems import Problem, problem_of
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.revisions import require_current

_log = logging.getLogger("twizzit_pipeline.http_api")

_OF_STATUS = {403: "error.forbidden", 404: "error.not_found", 405: "error.not_found", 429: "error.too_many"}


class PageRoute(APIRoute):
    """A route that answers a browser: whatever happens becomes a page, with the headers of one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, between the visit's beginning and its end."""
        answer = super().get_route_handler()

        async def visited(request: Request) -> Response:
            visit = Visit.begin(request)
            request.state.visit = visit
            try:
                with driver_errors():  # else it would be the API's answer, which is no page
                    if request.method == "POST":
                        await visit.check_form()
                        await run_sync(require_current, request.app.state.service.engine)
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
    """Status and one line of an error, in the visitor's language: the text of its class, or of a class above it."""
    texts = visit.texts
    if isinstance(error, Refusal):
        return error.status, texts(error.key, **error.values)
    if isinstance(error, errors.TwizzitPipelineError):
        keys = (f"error.{kind.__name__}" for kind in type(error).__mro__)
        line = texts(next(key for key in keys if texts.has(key)))
        if isinstance(error, errors.AlreadyDecided) and texts.has(f"decided.{error.answer}"):
            line = f"{line} {texts(f'decided.{error.answer}')}"
            line += "" if error.at is None else f" ({moment(error.at, texts)})"
        return problem_of(error).status, line
    found = 404  # a path, or a field of a form, that no page has
    if isinstance(error, Problem):
        found = error.status
    elif isinstance(error, HTTPException):
        found = error.status_code
    return found, texts(_OF_STATUS.get(found, "error.other"))


def _refused(visit: Visit, error: Exception) -> Response:
    """A page with the line; for a form of ours, the page that it was on."""
    status, line = line_of(visit, error)
    if isinstance(error, errors.TwizzitPipelineError):  # the operator's words for it; they are safe to log
        _log.info("A page said no: %s: %s", type(error).__name__, error)
    if visit.form.text("back") and not isinstance(error, Refusal | HTTPException):
        return visit.back(said=line, kind="error")
    return visit.page("error.html", code=status, line=line)


def _to_sign_in(visit: Visit) -> Response:
    was_signed_in = visit.was_signed_in
    answer = _sign_in_page(visit)
    if was_signed_in:
        cookies.drop(visit.request, answer, cookies.SESSION)
        visit.note(answer, visit.texts("error.signed_out"), kind="error")
    return answer


def _sign_in_page(visit: Visit) -> Response:
    if visit.is_fragment:
        answer = visit.page("error.html", code=401, line=visit.texts("error.signed_out"))
        answer.headers["HX-Redirect"] = SIGN_IN
        return answer
    kept_nothing = "in" in visit.request.query_params
    return visit.go(f"{SIGN_IN}?cookies=1" if kept_nothing else SIGN_IN)
