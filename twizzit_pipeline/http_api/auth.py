"""Who calls: ShotSpot's tokens, read and made, and the routes that need one.

What belongs here: HS256 tokens with the claims `userId`, `username`, `role` and `exp`. Where their secret comes from is
in `secret`; which roles a route is for, in `access_table`; which credentials a caller reaches, in `access`.
"""

import math
import time
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, cast

import anyio.to_thread
import jwt
from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr

from twizzit_pipeline import logs
from twizzit_pipeline.http_api.access import COACH, Caller, forbidden, held
from twizzit_pipeline.http_api.access_table import ACCESS, Role
from twizzit_pipeline.http_api.problems import Problem
from twizzit_pipeline.storage.revisions import require_current

_log = logs.logger(__name__)

_ALGORITHM = "HS256"
_CLOCKS_APART_SECONDS = 5  # ShotSpot's clock and this one
_LONGEST_ID = 100
_LARGEST_ID = 2**31 - 1

bearer = HTTPBearer(bearerFormat="JWT", auto_error=False, description="A token of ShotSpot, or of `twizzit token`")


class Tokens:
    """Reads and makes tokens of one secret."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret

    def issue(
        self, role: Role, *, user_id: int, username: str, seconds: int, credentials: Collection[int] | None = None
    ) -> str:
        """A token that ends after `seconds`; with `credentials`, one that reaches to those alone."""
        now = int(time.time())
        claims: dict[str, Any] = {"userId": user_id, "username": username, "role": role, "iat": now}
        claims["exp"] = now + seconds
        if credentials is not None:
            claims["organizations"] = sorted(credentials)
        return jwt.encode(claims, self._secret.get_secret_value(), algorithm=_ALGORITHM)

    def caller(self, authorization: str | None) -> Caller:
        """Who the header ``Authorization`` names.

        A token from the future (`iat`) is taken, as ShotSpot takes it: the clocks differ, and a log line says so.

        Raises:
            Problem: 401, for no token and for every fault that one can have; 403, where its owner must choose another
                password first.
        """
        return self.signed_in(authorization)[0]

    def signed_in(self, authorization: str | None) -> tuple[Caller, float]:
        """The caller, and when the token is over, in seconds since 1970.

        Raises:
            Problem: as `caller`.
        """
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.casefold() != "bearer" or not token.strip():
            raise unauthenticated("Authentication required", "Send a token: Authorization: Bearer <token>")
        try:
            claims = jwt.decode(
                token.strip(),
                self._secret.get_secret_value(),
                algorithms=[_ALGORITHM],
                options={"require": ["exp"], "verify_iat": False},
                leeway=_CLOCKS_APART_SECONDS,
            )
        except jwt.ExpiredSignatureError:
            raise unauthenticated("Token expired", f"The token is over: log in again. {_by_this_clock()}") from None
        except jwt.ImmatureSignatureError:
            raise unauthenticated("Invalid token", f"The token is not valid yet. {_by_this_clock()}") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise _invalid() from None
        ends = _seconds(claims["exp"])
        if ends is None:
            raise _invalid()
        if claims.get("passwordMustChange"):  # ShotSpot lets such a token do nothing but that
            raise Problem(403, "Password change required", "Choose another password in ShotSpot first")
        _log_clock_difference(claims.get("iat"))
        return _caller(claims), ends


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


def unauthenticated(error: str, message: str) -> Problem:
    """401, with the header that the standard asks for."""
    return Problem(401, error, message, headers={"WWW-Authenticate": "Bearer"})


def _by_this_clock() -> str:
    """The time here, so that a clock that is off can be seen from the answer alone."""
    return f"By this server's clock it is {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC; if that is off, set the clock"


def _log_clock_difference(issued_at: object) -> None:
    """A log line where a token was made in the future: this clock is behind ShotSpot's, or that one ahead."""
    issued = _seconds(issued_at) if isinstance(issued_at, int | float) else None
    if issued is not None and (ahead := issued - time.time()) > _CLOCKS_APART_SECONDS:
        _log.warning(
            "clocks differ",  # this machine's is behind ShotSpot's: the token was made in the future
            seconds=round(ahead),
        )


def _seconds(claim: Any) -> float | None:
    """A moment of a token, in seconds since 1970; None for one that no clock has."""
    try:
        found = float(claim)
    except OverflowError:  # JSON writes numbers of any length
        return None
    return found if math.isfinite(found) else None


def _invalid() -> Problem:
    return unauthenticated("Invalid token", "The token is none of ShotSpot's: log in again")


def _caller(claims: dict[str, Any]) -> Caller:
    role, user_id = claims.get("role"), claims.get("userId")
    if not isinstance(role, str) or not role.strip():
        raise _invalid()
    if isinstance(user_id, bool) or not isinstance(user_id, int | str | None):
        raise _invalid()
    role, user_id = role.casefold(), None if user_id is None else str(user_id)[:_LONGEST_ID]
    if user_id is not None and not user_id.isprintable():  # neither the database nor a terminal takes it
        raise _invalid()
    return Caller(
        user_id=user_id,
        role=role,
        credentials=_held_to(claims) if role == COACH else None,
    )


def _held_to(claims: dict[str, Any]) -> frozenset[int] | None:
    """The claim `organizations`. A token whose claim cannot be read is refused: it was meant to be limited."""
    if "organizations" not in claims:
        return None
    ids = claims["organizations"]
    if not isinstance(ids, list) or not all(isinstance(one, int) and not isinstance(one, bool) for one in ids):
        raise _invalid()
    return frozenset(one for one in ids if 0 < one <= _LARGEST_ID)
