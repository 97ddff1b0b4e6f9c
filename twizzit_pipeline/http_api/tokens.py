"""ShotSpot's tokens, read and made.

What belongs here: HS256 tokens with the claims `userId`, `username`, `role` and `exp`. Where their secret comes from is
in `secret`; who is let in with one, in `auth`.
"""

import math
import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import jwt
from pydantic import SecretStr

from twizzit_pipeline import logs
from twizzit_pipeline.http_api.access import COACH, Caller
from twizzit_pipeline.http_api.access_table import Role
from twizzit_pipeline.http_api.problems import Problem

_log = logs.logger(__name__)

_ALGORITHM = "HS256"
_CLOCKS_APART_SECONDS = 5  # ShotSpot's clock and this one
_LONGEST_ID = 100
_LARGEST_ID = 2**31 - 1


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
