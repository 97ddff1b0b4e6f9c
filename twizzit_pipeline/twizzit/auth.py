"""Tokens, as an httpx.Auth.

What belongs here: getting a token for a username and password, how long it lives, and the one repetition after a 401,
or after a 403 on a token that has worked: some services end a session so (wire page). A path that answers 403 with a
fresh token too is refused, and costs no other login in the same run. Neither the password nor a token shows up in a
repr, a log or an error.
"""

import math
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import httpx
from pydantic import SecretStr

from twizzit_pipeline.errors import LoginRefused, MalformedAnswer, TwizzitAnswerError
from twizzit_pipeline.twizzit.answers import ANSWER
from twizzit_pipeline.twizzit.dialects import LOGIN_PATH
from twizzit_pipeline.twizzit.http_retry import ROUTE
from twizzit_pipeline.twizzit.refusals import access_denied
from twizzit_pipeline.twizzit.sight import passing_advice, shape
from twizzit_pipeline.twizzit.wire import plain_keys, wrong_shape

_MOST_SESSIONS = 3  # that one call may see end: other threads end them too
_LONGEST_LIFE = 86_400.0  # seconds

_T = TypeVar("_T")
_Flow = Generator[httpx.Request, httpx.Response, _T]


@dataclass(frozen=True, slots=True)
class _Token:
    """`ends` is a moment of the local monotonic clock, the margin taken off; None where the life is not known."""

    value: SecretStr
    ends: float | None


class TwizzitAuth(httpx.Auth):
    """Logs in when needed, and gives every request its token. Safe between threads: one logs in, the others wait.

    Raises (while a request is sent):
        LoginRefused: 401 for the username and password, or for a call with a fresh token after another refusal.
        AccessDenied: 403 for a call with a fresh token, or for the login itself.
        MalformedAnswer: a login was accepted and came without a token.
    """

    def __init__(
        self,
        base_url: str,
        username: str,
        password: SecretStr,
        *,
        timeout: httpx.Timeout,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = f"{base_url}{LOGIN_PATH}"
        self._username = username
        self._password = password
        # httpx gives the client's timeouts only to the requests that it builds itself, and the login is not one.
        self._extensions = {ROUTE: LOGIN_PATH, "timeout": timeout.as_dict()}
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._worked: set[_Token] = set()  # the tokens with which a call was answered
        self._refused: set[str] = set()  # paths that answered 403 with a fresh token

    def __repr__(self) -> str:
        return f"<TwizzitAuth {'with' if self._token else 'without'} a token>"

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """One request and what it takes to authorise it; httpx drives this in the calling thread."""
        path = str(request.extensions.get(ROUTE, request.url.path))
        token, own = yield from self._token_other_than(None)
        response = yield _authorised(request, token)
        refused: list[int] = []
        while response.status_code in (401, 403):
            if not self._may_have_ended(response.status_code, token, path, refused, own=own):
                raise self._refusal(path, [*refused, response.status_code])
            refused.append(response.status_code)
            token, own = yield from self._token_other_than(token)
            response = yield _authorised(request, token)
        self._worked.add(token)

    def _may_have_ended(self, status: int, token: _Token, path: str, refused: Sequence[int], *, own: bool) -> bool:
        """Whether another token may help: the session of this one has ended, perhaps while other threads used it too.

        Args:
            refused: the statuses that this request met before; once it made a token of its `own` for it, that is final.
        """
        if refused and (own or len(refused) >= _MOST_SESSIONS):
            return False
        return status == 401 or (token in self._worked and path not in self._refused)

    def _refusal(self, path: str, statuses: Sequence[int]) -> TwizzitAnswerError:
        *before, last = statuses
        if last == 401:
            met = "401 twice, with a fresh token in between" if 403 not in before else "403, and 401 with a fresh token"
            return LoginRefused(f"{path} answered {met}: check the account", endpoint=path, status=401)
        if before:
            self._refused.add(path)
        return access_denied(path)

    def _token_other_than(self, refused: _Token | None) -> _Flow[tuple[_Token, bool]]:
        """The token in hand if it is neither due nor the refused one, else a new one; and whether it is new."""
        with self._lock:
            token = self._token
            if token is None or token is refused or (token.ends is not None and self._clock() >= token.ends):
                token = self._token = yield from self._login()
                return token, True
            return token, False

    def _login(self) -> _Flow[_Token]:
        asked_at = self._clock()
        response = yield self._login_request()
        if response.status_code == 401:
            raise LoginRefused(
                "Twizzit does not accept the username and password (401): check the credential",
                endpoint=LOGIN_PATH,
                status=401,
            )
        if response.status_code == 403:
            raise access_denied(LOGIN_PATH)
        return _read_token(response, asked_at)

    def _login_request(self) -> httpx.Request:
        """Made in a frame that is over when something fails: a traceback with variables shows no password."""
        form = {"username": self._username, "password": self._password.get_secret_value()}
        return httpx.Request("POST", self._url, data=form, extensions=dict(self._extensions))


def _authorised(request: httpx.Request, token: _Token) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token.value.get_secret_value()}"
    return request


def _read_token(response: httpx.Response, asked_at: float) -> _Token:
    answer = response.extensions[ANSWER]
    if not isinstance(answer, Mapping):
        raise wrong_shape(LOGIN_PATH, "an object with a token", answer)
    keys = plain_keys(answer)
    value = keys.get("token")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value.strip():
        raise MalformedAnswer(
            f"{LOGIN_PATH} accepted the login without giving a token: it answered {response.status_code} with "
            f"{shape(answer)}; {passing_advice(LOGIN_PATH)}",
            endpoint=LOGIN_PATH,
            status=response.status_code,
        )
    life = _life(keys)
    return _Token(SecretStr(value.strip()), None if life is None else asked_at + life - min(60.0, life / 10))


def _life(keys: Mapping[str, object]) -> float | None:
    """Seconds that the token lives, or None if the answer does not say.

    ``valid-till`` is a moment of the server's clock, so it is measured from ``created-on``; the local clock stands in
    only where that is absent. A life of more than a day is taken for a day: a new
    token costs one call. The JWT's own ``exp`` is not looked at: the body is the binding one (wire page).
    """
    till, since, seconds = (
        _number(keys.get("validtill")),
        _number(keys.get("createdon")),
        _number(keys.get("expiresin")),
    )
    life = till - (time.time() if since is None else since) if till is not None else seconds
    return min(life, _LONGEST_LIFE) if life is not None and life > 0 else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
