"""What is tried again, for how long, and how many calls there may be.

What belongs here: the tries of one call, and the count of calls; their rate is `pace`'s, and what an answer means is
judged in `answers`. It is an httpx transport, so that the authentication's own call is counted, paced and tried again
like any other.
"""

import random
import threading
import time
from collections.abc import Callable

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from twizzit_pipeline import logs
from twizzit_pipeline.errors import (
    CallBudgetSpent,
    ConnectionFailed,
    MalformedAnswer,
    NotATwizzit,
    TransientError,
    TryAgainLater,
    TwizzitAnswerError,
)
from twizzit_pipeline.twizzit.answers import TOO_MUCH, judge, malformed
from twizzit_pipeline.twizzit.circuit_breaker import CALLS_TO_OPEN, CircuitBreaker
from twizzit_pipeline.twizzit.pace import Pace, Turns
from twizzit_pipeline.twizzit.sight import advice
from twizzit_pipeline.twizzit.transport import AnswerTooLarge, NoConnectionInTime

_log = logs.logger(__name__)

ROUTE = "twizzit_route"  # request extension: the path with its ids left out, for counting and messages


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
            raise malformed(path, None, "a body that cannot be unpacked") from None
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
