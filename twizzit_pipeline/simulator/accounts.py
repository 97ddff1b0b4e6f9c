"""Logins: tokens that end when they say so, which organizations an account may read, and how often it may call."""

import base64
import json
import secrets
import time
from collections import Counter
from math import ceil
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from twizzit_pipeline.simulator.options import SimulatorOptions
from twizzit_pipeline.simulator.records import Account
from twizzit_pipeline.simulator.world import World

JWT_SECONDS = 24 * 3600
CALLS_OF_A_SESSION = 9  # where sessions end early
QUOTA_MESSAGE = "Your monthly API call quota is used up; it starts anew on the first of next month"


class Accounts:
    """The sessions of one world. Tokens are opaque: nothing in them says who they belong to or when they really end."""

    def __init__(self, world: World) -> None:
        self._options: SimulatorOptions = world.options
        self._accounts = {account.username: account for account in world.accounts()}
        self._sessions: dict[str, tuple[Account, float]] = {}
        self._calls: Counter[str] = Counter()  # by token
        self._answered: set[tuple[str, str]] = set()  # token and path that gave rows
        self._spent: Counter[str] = Counter()
        self._of_minute: Counter[tuple[str, int]] = Counter()  # by username and minute

    async def authenticate(self, request: Request) -> Response:
        """``POST /authenticate`` of both dialects: a form, never JSON."""
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise HTTPException(400, "username and password are required")
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        username, password = form.get("username", [""])[0], form.get("password", [""])[0]
        account = self._accounts.get(username)
        if account is None or not secrets.compare_digest(account.password.encode(), password.encode()):
            raise HTTPException(401, "Invalid credentials")
        headers = self._spend(account)
        return JSONResponse(self._session(account), headers=headers)

    def account_of(self, request: Request) -> tuple[Account, dict[str, str]]:
        """The account of a call's token, and the headers that give how many calls are left.

        Raises:
            HTTPException: 401 for no token, an unknown or an old one (403 by the quirk `session_ends_403`); 429 when
                the quota is spent, or the minute's calls are.
        """
        token = bearer(request.headers.get("authorization", ""))
        session = self._sessions.get(token)
        ends_403 = "session_ends_403" in self._options.quirks
        self._calls[token] += 1
        if session is None or time.time() >= session[1] or (ends_403 and self._calls[token] > CALLS_OF_A_SESSION):
            raise HTTPException(403 if ends_403 else 401, "" if ends_403 else "Unauthorized")
        return session[0], self._spend(session[0])

    def answers(self, request: Request, path: str, with_rows: bool) -> bool:
        """Whether this session has got rows of the path before; notes whether it does now."""
        asked = (bearer(request.headers.get("authorization", "")), path)
        before = asked in self._answered
        if with_rows:
            self._answered.add(asked)
        return before

    def end_session(self, token: str) -> None:
        """From now on that token is refused, whatever its answer promised."""
        self._sessions.pop(token, None)

    def end_all_sessions(self) -> None:
        """From now on every token given out so far is refused."""
        self._sessions.clear()

    def refill_quota(self) -> None:
        """A new month begins: no call is spent."""
        self._spent.clear()

    def _session(self, account: Account) -> dict[str, object]:
        now = time.time()
        token = _token(now)
        self._sessions[token] = (account, now + self._options.token_seconds)
        match self._options.login_answer:
            case "valid-till":
                return {"token": token, "created-on": int(now), "valid-till": int(now + self._options.token_seconds)}
            case "expires_in":
                return {"token": token, "expires_in": int(self._options.token_seconds)}
            case "missing":
                return {"created-on": int(now)}

    def _spend(self, account: Account) -> dict[str, str]:
        of_minute = self._spend_of_minute(account)
        quota = self._options.quota
        if quota is None:
            return of_minute
        left = quota - self._spent[account.username]
        if left <= 0:
            raise HTTPException(429, QUOTA_MESSAGE, headers=_limits(quota, 0))
        self._spent[account.username] += 1
        return of_minute or _limits(quota, left - 1)

    def _spend_of_minute(self, account: Account) -> dict[str, str]:
        limit = self._options.rate_limit
        if limit is None:
            return {}
        minute, second = divmod(time.time(), 60)
        key = account.username, int(minute)
        if self._of_minute[key] >= limit:
            headers = _limits(limit, 0) | {"Retry-After": str(ceil(60 - second))}
            raise HTTPException(429, "Too Many Attempts.", headers=headers)
        self._of_minute[key] += 1
        return _limits(limit, limit - self._of_minute[key])


def bearer(authorization: str) -> str:
    """The token of an ``Authorization`` header; empty if there is none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _limits(quota: int, left: int) -> dict[str, str]:
    return {"x-ratelimit-limit": str(quota), "x-ratelimit-remaining": str(left)}


def _token(now: float) -> str:
    """Looks like a JWT whose `exp` is 24 hours away, as the live one; the answer's body is what counts."""
    parts = (
        {"alg": "HS256", "typ": "JWT"},
        {"iat": int(now), "exp": int(now) + JWT_SECONDS, "jti": secrets.token_hex(8)},
    )
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, secrets.token_urlsafe(32)])
