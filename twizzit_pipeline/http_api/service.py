"""What every route works with: the settings, the open database, and what belongs to one running API."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, TypeVar, cast

import anyio
import anyio.to_thread
from fastapi import Depends, Path, Query, Request
from sqlalchemy import Engine

from twizzit_pipeline.accounts.live import LiveTwizzit
from twizzit_pipeline.accounts.patience import Patience
from twizzit_pipeline.credentials import store
from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.auth import CurrentCaller
from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.metrics import Metrics
from twizzit_pipeline.http_api.problems import FAILED_DEPENDENCY, Problem
from twizzit_pipeline.http_api.rate_limits import RateLimit
from twizzit_pipeline.http_api.tokens import Tokens
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database, driver_errors

PREFIX = "/api/twizzit"
LARGEST_OFFSET = 2**31 - 1
DATABASE_THREADS = 5  # as many as the engine keeps connections: one more would open and close its own each time
_TWIZZIT_THREADS = 16
ANSWER_SECONDS = 50.0  # ShotSpot's proxy waits for 60, and what it says then is no JSON

_T = TypeVar("_T")


@dataclass(frozen=True)
class Service:
    """One running API.

    Attributes:
        tokens: reads the callers'.
        live: what Twizzit lists at this moment.
        verifications, live_calls, syncs: how often one user may ask.
        metrics: what Prometheus reads.
        patience: how long Twizzit may take for a question, and their end when the API ends.
        twizzit_threads: threads for what waits for Twizzit, so that a slow one never keeps readers of the database
            waiting.
        turns: one for each credential that is asked for at this moment: a server that hangs keeps one thread.
    """

    settings: Settings
    database: Database
    tokens: Tokens
    live: LiveTwizzit
    verifications: RateLimit
    live_calls: RateLimit
    syncs: RateLimit
    metrics: Metrics
    patience: Patience
    twizzit_threads: anyio.CapacityLimiter
    turns: dict[int, anyio.CapacityLimiter] = field(default_factory=dict)

    @classmethod
    def build(cls, settings: Settings, database: Database, tokens: Tokens) -> "Service":
        """The parts of a new API."""
        patience, engine = Patience(), database.engine
        return cls(
            settings=settings,
            database=database,
            tokens=tokens,
            live=LiveTwizzit(settings, database, patience=patience),
            verifications=RateLimit(engine, "verifications", settings.api_verifications_per_minute),
            live_calls=RateLimit(engine, "live", settings.api_live_per_minute),
            syncs=RateLimit(engine, "syncs", settings.api_syncs_per_hour, "hour"),
            metrics=Metrics(database.engine, season_start=settings.season_start),
            patience=patience,
            twizzit_threads=anyio.CapacityLimiter(_TWIZZIT_THREADS),
        )

    @property
    def engine(self) -> Engine:
        """The database's engine."""
        return self.database.engine

    async def beside(self, work: Callable[[], _T], *, of: int | None = None) -> _T:
        """What `work` returns, done in a thread that may wait for Twizzit.

        Args:
            of: the credential that is asked for. Its questions wait for each other, and no thread waits with them.

        Raises:
            Problem: 424, it took longer than a proxy waits; the work goes on to its end unseen, so it must not write
                what its caller would need.
        """
        try:
            with anyio.fail_after(ANSWER_SECONDS):
                async with self._turn(of):
                    return await anyio.to_thread.run_sync(work, limiter=self.twizzit_threads, abandon_on_cancel=True)
        except TimeoutError:
            raise Problem(
                FAILED_DEPENDENCY, "Connection failed", f"Twizzit took longer than {ANSWER_SECONDS:.0f} s: try again"
            ) from None

    async def count(self, limit: RateLimit, caller: Caller) -> None:
        """Counts one request of the caller, in a thread: the database is asked.

        Raises:
            Problem: 429, too many.
        """
        await anyio.to_thread.run_sync(limit.spend, caller)

    @asynccontextmanager
    async def _turn(self, credential_id: int | None) -> AsyncIterator[None]:
        """The credential's turn; for None there is always one."""
        if credential_id is None:
            yield
            return
        turn = self.turns.setdefault(credential_id, anyio.CapacityLimiter(1))
        try:
            async with turn:
                yield
        finally:
            if not turn.borrowed_tokens and not turn.statistics().tasks_waiting:
                self.turns.pop(credential_id, None)


async def _service(request: Request) -> Service:
    return cast("Service", request.app.state.service)


Here = Annotated[Service, Depends(_service)]


async def _reachable(
    caller: CurrentCaller,
    credential_id: Annotated[int, Path(alias="credentialId", ge=1, description="A credential"), PLAIN],
) -> int:
    caller.require(credential_id)
    return credential_id


# The credential in a path, if the caller's token reaches to it; whether there is one is for the use case to say.
CredentialId = Annotated[int, Depends(_reachable)]


def _owners(
    here: Here,
    caller: CurrentCaller,
    credential_id: Annotated[
        int | None, Query(alias="credentialId", ge=1, description="Of this credential alone"), PLAIN
    ] = None,
) -> Collection[int] | None:
    if credential_id is None:
        return caller.credentials
    caller.require(credential_id)
    with driver_errors():
        store.get(here.engine, credential_id)
    return [credential_id]


# Whose rows a list shows: of the credentials that the caller reaches, or of the one that is asked for; None for all
# rows, those without a credential too.
Owners = Annotated[Collection[int] | None, Depends(_owners)]

Offset = Annotated[int, Query(ge=0, le=LARGEST_OFFSET, description="Rows to pass over")]
