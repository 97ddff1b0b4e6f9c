"""What is tried again, for how long, and how many calls there may be.

What belongs here: the judgement of one HTTP answer (fine, transient, permanent), the tries of one call, the count of
calls; their rate is `pace`'s. It is an httpx transport, so that the authentication's own call is counted, paced and
tried again like any other. 401, and a 403 that does not say that it is a refusal, pass through: `auth` handles
them.
"""

import random
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from twizzit_pipeline import logs
from twizzit_pipeline.errors import (
    CallBudgetSpent,
    ConnectionFailed,
    MalformedAnswer,
    NotATwizzit,
    QuotaSpent,
    RateLimited,
    ServiceUnavailable,
    TransientError,
    TryAgainLater,
    TwizzitAnswerError,
)
from twizzit_pipeline.twizzit.circuit_breaker import CALLS_TO_OPEN, CircuitBreaker
from twizzit_pipeline.twizzit.json_body import TooManyValues, read_json
from twizzit_pipeline.twizzit.pace import Pace, Turns
from twizzit_pipeline.twizzit.refusals import access_denied, says_refused
from twizzit_pipeline.twizzit.sight import advice, body_shape, is_not_json, is_web_page, passing_advice, shape, words_of
from twizzit_pipeline.twizzit.transport import AnswerTooLarge, NoConnectionInTime
from twizzit_pipeline.twizzit.wire import NOTHING

_log = logs.logger(__name__)

ROUTE = "twizzit_route"  # request extension: the path with its ids left out, for counting and messages
TOO_MUCH = "more than any list of a Twizzit holds"
LONGEST_PAUSE = 3600.0  # seconds; a server that asks for a longer one is asked again after this
ANSWER = "twizzit_answer"  # response extension: the JSON, read once, or NOTHING

# A spent quota differs from a short pause by its words alone (wire page: "a message that says so"), in the languages
# that Twizzit speaks.
_MONTHLY = re.compile(r"month|maand|mois|mensuel", re.IGNORECASE)
_QUOTA = re.compile(r"quota", re.IGNORECASE)
_SHORT_TERM = re.compile(r"second|minute|hour|minuut|uur|heure", re.IGNORECASE)


class CallLedger:
    """Counts the calls of one client and refuses those above its ceiling. Safe between threads."""

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self._lock = threading.Lock()
        self._total = 0

    @property
    def total(self) -> int:
        """HTTP requests sent so far."""
        with self._lock:
            return self._total

    def enter(self, path: str) -> None:
        """Count one request that is about to be sent.

        Raises:
            CallBudgetSpent: the ceiling is reached; nothing is sent.
        """
        with self._lock:
            if self._total >= self._ceiling:
                raise CallBudgetSpent(
                    f"This run may make {self._ceiling} calls to Twizzit and has made them all: raise "
                    "TWIZZIT_CALL_CEILING if the account's quota allows it",
                    endpoint=path,
                )
            self._total += 1


class RetryTransport(httpx.BaseTransport):
    """Sends a request until it is answered well, or says why not.

    A response that comes out has status 401, 403, or 200 to 299 with JSON or `NOTHING` under ``extensions[ANSWER]``.

    Raises:
        ConnectionFailed, RateLimited, ServiceUnavailable, MalformedAnswer: the tries or their time ran out.
        AccessDenied, NotATwizzit, QuotaSpent, CallBudgetSpent: at once.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport,
        *,
        ledger: CallLedger,
        requests_per_second: float,
        hurries: bool = True,
        turns: Turns | None = None,
        attempts: int,
        seconds: float,
        calls_to_open: int = CALLS_TO_OPEN,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._ledger = ledger
        self._pace = Pace(requests_per_second, hurries=hurries, turns=turns, sleep=sleep, clock=clock)
        self._attempts = attempts
        self._seconds = seconds
        self._breaker = CircuitBreaker(calls_to_open)
        self._sleep = sleep
        self._clock = clock
        self._backoff = wait_exponential_jitter(multiplier=0.5, max=30, jitter=0.5)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        started = self._clock()

        def out_of_time(state: RetryCallState) -> bool:
            return self._clock() - started + state.upcoming_sleep > self._seconds

        tries = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=lambda state: (
                stop_after_attempt(self._attempts)(state)
                or out_of_time(state)
                or self._breaker.is_open_for(_error_of(state))
            ),
            wait=self._wait,
            sleep=self._sleep,
            before_sleep=_log_retry,
            reraise=True,
        )
        try:
            response: httpx.Response = tries(self._send, request)
        except MalformedAnswer as error:
            raise self._breaker.failed(error) from None
        self._breaker.succeeded()
        return response

    def close(self) -> None:
        self._pace.close()
        self._inner.close()

    def _wait(self, state: RetryCallState) -> float:
        """Seconds until the next try: what Twizzit asks for, a little spread, else growing with each try."""
        error = _error_of(state)
        asked = error.retry_after if isinstance(error, TryAgainLater) else None
        if asked is None:
            return self._backoff(state)
        return asked + random.uniform(0, 0.25)  # noqa: S311 - spreads threads, guards nothing

    def _send(self, request: httpx.Request) -> httpx.Response:
        path = str(request.extensions.get(ROUTE, request.url.path))
        with self._pace.call():
            self._ledger.enter(path)
            response = self._answer(request, path)
            self._pace.heard(response.status_code, response.headers)
        return judge(response, path)

    def _answer(self, request: httpx.Request, path: str) -> httpx.Response:
        """The whole answer to one request."""
        try:
            response = self._inner.handle_request(request)
            response.read()
        except httpx.ConnectError as error:
            raise ConnectionFailed(
                f"{request.url.host} cannot be reached ({error}): check the endpoint and the network",
                endpoint=path,
                reached=False,
                silent=isinstance(error, NoConnectionInTime),
            ) from None
        except httpx.TimeoutException:
            raise ConnectionFailed(
                f"{path} gave no answer in time: try again later", endpoint=path, silent=True
            ) from None
        except httpx.DecodingError:
            raise _malformed(path, None, "a body that cannot be unpacked") from None
        except AnswerTooLarge:
            raise NotATwizzit(f"{path} answered with {TOO_MUCH}: {advice(path)}", endpoint=path, status=200) from None
        except httpx.TransportError:
            raise ConnectionFailed(f"{path}: the connection was cut; try again later", endpoint=path) from None
        return response


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _log_retry(state: RetryCallState) -> None:
    error = _error_of(state)
    if isinstance(error, TwizzitAnswerError):
        _log.info(
            "call tried again",
            route=error.endpoint,
            status=error.status,
            error=type(error).__name__,
            attempt=state.attempt_number,
            wait=round(state.upcoming_sleep, 3),
        )


def judge(response: httpx.Response, path: str) -> httpx.Response:
    """The response itself if it is of use (JSON, nothing, or what `auth` must judge), else the error it stands for.

    Bodies are read for their meaning and never quoted: they may hold names.
    """
    status = response.status_code
    if status == 401 or (status == 403 and not says_refused(response)):
        return response
    if status in (204, 205):
        response.extensions[ANSWER] = NOTHING
        return response
    if response.is_success:
        try:
            response.extensions[ANSWER] = read_json(response.content)
        except TooManyValues:
            raise NotATwizzit(
                f"{path} answered {status} with {TOO_MUCH}: {advice(path)}", endpoint=path, status=status
            ) from None
        except (ValueError, RecursionError):
            raise _malformed(
                path, status, body_shape(response.content), not_json=is_not_json(response.content)
            ) from None
        return response
    raise _refusal(response, path)


def _refusal(response: httpx.Response, path: str) -> TwizzitAnswerError:
    status = response.status_code
    if status == 429:
        return _too_many(response, path)
    if status >= 500 or status == 408:
        return ServiceUnavailable(
            f"{path} answered {status}: Twizzit has a problem; try again later",
            endpoint=path,
            status=status,
            retry_after=_retry_after(response),
        )
    if status == 403:
        return access_denied(path)
    if response.is_redirect:
        return NotATwizzit(
            f"{path} sends elsewhere ({status}), which is not followed: give the credential the final endpoint",
            endpoint=path,
            status=status,
        )
    what = "Twizzit refuses what was asked; " if status == 400 else ""
    return NotATwizzit(
        f"{path} answered {status} with {_shape_of(response)}: {what}{advice(path)}",
        endpoint=path,
        status=status,
        web_page=is_web_page(response.content),
    )


def _shape_of(response: httpx.Response) -> str:
    try:
        return shape(read_json(response.content))
    except (ValueError, RecursionError):
        return body_shape(response.content)


def _malformed(path: str, status: int | None, seen: str, *, not_json: bool = False) -> MalformedAnswer:
    answered = "answered" if status is None else f"answered {status}"
    message = f"{path} {answered} with {seen}: {passing_advice(path)}"
    return MalformedAnswer(message, endpoint=path, status=status, not_json=not_json)


def _too_many(response: httpx.Response, path: str) -> QuotaSpent | RateLimited:
    words = words_of(response.content)
    wait = _retry_after(response)
    spent = _MONTHLY.search(words) or (wait is None and _QUOTA.search(words) and not _SHORT_TERM.search(words))
    if spent:
        return QuotaSpent(
            f"{path} answered 429: the account's calls for this month are spent; wait for the next month or ask "
            "Twizzit for a higher limit",
            endpoint=path,
            status=429,
        )
    asked = "" if wait is None else f" for {wait:.0f} s"
    return RateLimited(
        f"{path} answered 429: Twizzit asks us to wait{asked}; try again later",
        endpoint=path,
        status=429,
        retry_after=wait,
    )


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that ``Retry-After`` asks for, in either form, an hour at most; None where it is absent or unreadable.

    A date is measured against the answer's own ``Date``, since the two clocks may differ.
    """
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return min(float(value), LONGEST_PAUSE)
    until = _http_date(value)
    if until is None:
        return None
    now = _http_date(response.headers.get("Date", "")) or datetime.now(UTC)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_PAUSE)


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
