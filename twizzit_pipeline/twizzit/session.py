"""One authenticated session over HTTP: single calls, and several at a time.

What belongs here: sending. What is asked for and what an answer means is the dialects' (`v1`, `v2`); what is tried
again is `http_retry`'s.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

import httpx
from pydantic import SecretStr

from twizzit_pipeline.errors import (
    AccessDenied,
    CallBudgetSpent,
    ConnectionFailed,
    EndpointRefused,
    LoginRefused,
    MalformedAnswer,
    NotATwizzit,
    QuotaSpent,
    RateLimited,
    RunTooLarge,
    TwizzitPipelineError,
)
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.twizzit.answers import ANSWER
from twizzit_pipeline.twizzit.auth import TwizzitAuth
from twizzit_pipeline.twizzit.circuit_breaker import CALLS_TO_OPEN
from twizzit_pipeline.twizzit.endpoint import Endpoint
from twizzit_pipeline.twizzit.http_retry import ROUTE, CallLedger, RetryTransport
from twizzit_pipeline.twizzit.memory import KeptList, MemoryLedger
from twizzit_pipeline.twizzit.pace import Turns
from twizzit_pipeline.twizzit.paging import PageLimits
from twizzit_pipeline.twizzit.transport import guarded_transport
from twizzit_pipeline.twizzit.wire import NOTHING

# Each silence has cost the whole time of a call's tries: after so many in one scan no more are waited for.
_MOST_SILENT = 4
_T = TypeVar("_T")
Query = Sequence[tuple[str, str | int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """How a client calls. The fields are those of `Settings`, with the same units and defaults.

    `hurries`: whether it calls faster than that while the service shows that many calls are left. An operator who sets
    a rate wants that one. `turns`: what all callers of the endpoint's host count in together, see `pace`; None: this
    client counts by itself.
    """

    concurrent_requests: int = 4
    requests_per_second: float = 10.0
    hurries: bool = True
    request_timeout: float = 30.0
    retry_attempts: int = 5
    retry_seconds: float = 120.0
    call_ceiling: int = 5000
    run_megabytes: int = 1536
    allow_private_endpoints: bool = False
    turns: Turns | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> "ClientOptions":
        """The options that the environment asks for."""
        return cls(
            concurrent_requests=settings.concurrent_requests,
            requests_per_second=settings.requests_per_second,
            hurries="requests_per_second" not in settings.model_fields_set,
            request_timeout=settings.request_timeout,
            retry_attempts=settings.retry_attempts,
            retry_seconds=settings.retry_seconds,
            call_ceiling=settings.call_ceiling,
            run_megabytes=settings.run_megabytes,
            allow_private_endpoints=settings.allow_private_endpoints,
        )


def ends_everything(error: TwizzitPipelineError) -> bool:
    """Whether every other call would fail in the same way, so that there is no use in going on."""
    if isinstance(error, ConnectionFailed):
        return not error.reached
    if isinstance(error, MalformedAnswer):
        return error.circuit_open
    return isinstance(error, LoginRefused | QuotaSpent | CallBudgetSpent | RunTooLarge | RateLimited | EndpointRefused)


class Session:
    """Calls to one endpoint with one account; to be closed."""

    def __init__(
        self,
        endpoint: Endpoint,
        username: str,
        password: SecretStr,
        *,
        options: ClientOptions,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.ledger = CallLedger(options.call_ceiling)
        self._memory = MemoryLedger(options.run_megabytes)
        self.page_limits = PageLimits()
        self._answered: set[str] = set()  # paths, ids included, that have answered well in this run
        self._given_up = threading.Event()
        self._workers = ThreadPoolExecutor(options.concurrent_requests, thread_name_prefix="twizzit")
        self._ended = False
        guarded = None
        if transport is None:
            guarded = transport = guarded_transport(
                endpoint, allow_private=options.allow_private_endpoints, connections=options.concurrent_requests
            )
        self._guarded = guarded
        timeout = httpx.Timeout(options.request_timeout)
        self._http = httpx.Client(
            auth=TwizzitAuth(endpoint.base_url, username, password, timeout=timeout),
            transport=RetryTransport(
                transport,
                ledger=self.ledger,
                requests_per_second=options.requests_per_second,
                hurries=options.hurries,
                turns=options.turns,
                attempts=options.retry_attempts,
                seconds=options.retry_seconds,
                calls_to_open=max(CALLS_TO_OPEN, options.concurrent_requests),
                sleep=sleep or self._sleep,
            ),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "twizzit-pipeline",
            },
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
        )

    def kept_list(self) -> KeptList:
        """What is to be kept of one list, of which nothing is yet; it counts as this session's, see `memory`."""
        return KeptList(self._memory)

    def get(self, path: str, query: Query = (), *, route: str | None = None, kept: KeptList | None = None) -> object:
        """The JSON that a GET of `path` answers, or `NOTHING`.

        Some services answer 404 where a filter leaves nothing: so it is read where the same path has answered well
        before. A 404 that is a web page is the word of a server in front of the service, and stays an error.

        Args:
            route: the path with its ids left out.
            kept: of the list that its rows are kept of; None where none of them is kept.

        Raises:
            TwizzitAnswerError: one of its leaves, see `http_retry.RetryTransport` and `auth.TwizzitAuth`.
            EndpointRefused: the host is on an address that is not allowed.
            RunTooLarge: this session keeps too much.
        """
        try:
            response = self._http.get(
                f"{self.endpoint.base_url}{path}",
                params=httpx.QueryParams([(name, str(value)) for name, value in query]),
                extensions={ROUTE: route or path},
            )
        except NotATwizzit as error:
            if error.status != 404 or error.web_page or path not in self._answered:
                raise
            return NOTHING
        except AccessDenied as error:
            if path not in self._answered:
                raise
            raise AccessDenied(
                f"{error.endpoint} answered 403 after it had answered in this same run: try again later, and ask "
                "Twizzit if it stays",
                endpoint=error.endpoint,
                status=error.status,
                answered_before=True,
            ) from None
        self._answered.add(path)
        # Taken out: a response of httpx is in a circle, and keeps what it has until garbage is looked for.
        answer: object = response.extensions.pop(ANSWER)
        if kept is not None:
            kept.add(route or path, response, answer)
        return answer

    def gather(self, tasks: Sequence[Callable[[], _T]]) -> list[_T | TwizzitPipelineError]:
        """What the tasks return, in their order, a few at a time; an error of this project takes its task's place.

        Raises:
            TwizzitPipelineError: an error that `ends_everything`: the tasks that wait are dropped, and those that sleep
                before another try are woken; or one more than a few of them were met with silence.
        """
        # Each in a copy of this thread's context: the log lines of a worker name the run that it works for.
        futures = [self._workers.submit(copy_context().run, task) for task in tasks]
        try:
            pending: set[Future[_T]] = set(futures)
            silent = 0
            while pending:
                done, pending = wait(pending, return_when=FIRST_EXCEPTION)
                for future in done:
                    error = future.exception()
                    silent += isinstance(error, ConnectionFailed) and error.silent
                    if error is not None and not (
                        isinstance(error, TwizzitPipelineError)
                        and not ends_everything(error)
                        and silent <= _MOST_SILENT
                    ):
                        raise error
        except BaseException:
            self._abandon(futures)
            raise
        outcomes: list[_T | TwizzitPipelineError] = []
        for future in futures:
            try:
                outcomes.append(future.result())
            except TwizzitPipelineError as error:
                outcomes.append(error)
        return outcomes

    def end_calls(self) -> None:
        """Ends the calls under way, from any thread: each fails at once, and so does every further one."""
        self._ended = True
        self._cut()

    @property
    def ended(self) -> bool:
        """Whether `end_calls` was called."""
        return self._ended

    def close(self) -> None:
        """End the workers and the connections; a call that a server keeps waiting is not waited for."""
        self.end_calls()
        self._workers.shutdown(cancel_futures=True)
        self._http.close()

    def _abandon(self, futures: Sequence[Future[_T]]) -> None:
        for future in futures:
            future.cancel()
        self._cut()
        wait(futures)
        if not self._ended:
            self._given_up.clear()
            if self._guarded is not None:
                self._guarded.resume()

    def _cut(self) -> None:
        """Wakes who sleeps before another try, and ends the calls that a server keeps waiting."""
        self._given_up.set()
        if self._guarded is not None:
            self._guarded.end_calls()

    def _sleep(self, seconds: float) -> None:
        if self._given_up.wait(seconds):
            raise ConnectionFailed("The call was given up since another one of the same scan failed for good")
