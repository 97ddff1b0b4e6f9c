"""Who calls: the routes that need a token.

Tokens are read in `tokens`; which roles a route is for is in `access_table`; which credentials a caller reaches, in
`access`.
"""

from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from typing import Annotated, Any, cast

import anyio.to_thread
from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from twizzit_pipeline.http_api.access import Caller, forbidden, held
from twizzit_pipeline.http_api.access_table import ACCESS, Role
from twizzit_pipeline.http_api.tokens import Tokens
from twizzit_pipeline.storage.revisions import require_current

bearer = HTTPBearer(bearerFormat="JWT", auto_error=False, description="A token of ShotSpot, or of `twizzit token`")


async def _needs_token(_: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]) -> None:
    """FastAPI documents a route's need of a token from this signature; `GuardedRoute` has looked at it by then."""


class GuardedRoute(APIRoute):
    """A route that lets in the roles of its line in `access_table`, and looks at nothing else before.

    A stranger gets 401 whatever they sent.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, behind the roles.

        Raises:
            KeyError: the table has no line for it.
        """
        answer = super().get_route_handler()
        (method,) = list(self.methods or [])
        roles = ACCESS[f"{method} {self.path}"]

        async def guarded(request: Request) -> Response:
            await _admit(request, roles)
            if request.method != "GET":
                # Another version may have migrated since this process began, and this one's writes are not for it.
                await anyio.to_thread.run_sync(require_current, request.app.state.service.engine)
            return await answer(request)

        return guarded


def guarded_router(tag: str) -> APIRouter:
    """A router whose routes need a token."""
    return APIRouter(tags=[tag], route_class=GuardedRoute, dependencies=[Depends(_needs_token)])


async def _admit(request: Request, roles: Collection[Role]) -> None:
    """Puts the caller into the request's state, with what they reach.

    Raises:
        Problem: 401 or 403.
        DatabaseUnavailable: what a coach reaches cannot be looked up.
    """
    tokens: Tokens = request.app.state.service.tokens
    caller = tokens.caller(request.headers.get("authorization"))
    if caller.role not in roles:
        raise forbidden()
    here = request.client.host if request.client is not None else None
    request.state.caller = await anyio.to_thread.run_sync(
        held, request.app.state.service.engine, replace(caller, address=here)
    )


async def _current(request: Request) -> Caller:
    return cast("Caller", request.state.caller)


CurrentCaller = Annotated[Caller, Depends(_current)]
