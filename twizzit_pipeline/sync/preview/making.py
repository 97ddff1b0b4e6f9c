"""A preview: Twizzit is scanned, all is planned and taken back, and the plan is stored.

What belongs here: its course. It holds the organization's lease as a sync does, counts its calls, and writes nothing
but them and the row of `twizzit_plans`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from twizzit_pipeline.accounts.clients import open_client
from twizzit_pipeline.accounts.naming import naming
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.entities import EntityName
from twizzit_pipeline.errors import InactiveCredential, SyncInProgress, UnknownSeason
from twizzit_pipeline.runs import plans, seasons
from twizzit_pipeline.runs.lease import Lease, lease_key, organization_key
from twizzit_pipeline.runs.plans import NewPlan, Reason, StoredPlan
from twizzit_pipeline.runs.troubles import safe_message
from twizzit_pipeline.scheduling.automatic import metered
from twizzit_pipeline.scheduling.fulfilment import Fulfilment
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database, driver_errors
from twizzit_pipeline.storage.roles import require_sight
from twizzit_pipeline.sync.preview import document as documents
from twizzit_pipeline.sync.preview.answers import Answers, Unanswered
from twizzit_pipeline.sync.preview.rehearsal import RehearsalSession, Rehearsed, rehearse, rolled_back
from twizzit_pipeline.sync.rewrites import rewrites
from twizzit_pipeline.twizzit.client import TwizzitClient
from twizzit_pipeline.twizzit.endpoint import parse_endpoint
from twizzit_pipeline.twizzit.records import Season

Progress = Callable[[str], None]

_READING = {"teams": "Reading teams", "rosters": "Reading players", "calendar": "Reading competitions and matches"}


@dataclass(frozen=True, slots=True)
class Preview:
    """A stored plan, with its document."""

    plan: StoredPlan
    document: dict[str, Any]


def preview(
    settings: Settings,
    database: Database,
    *,
    credential_id: int,
    entities: Sequence[EntityName],
    season: str | None,
    run_id: str,
    requested_by: str | None,
    progress: Progress,
    day: date | None = None,
    fulfilment: Fulfilment | None = None,
) -> Preview:
    """What a sync of these entities would do now; stored as a plan that can be applied.

    Args:
        season: its label or remote id, however it is written; None for the running one.
        run_id: whose work it is, for the lease and the plan.
        requested_by: who asked, as the audit log writes them.
        fulfilment: the request that it carries out, which ends with it once the lease is taken.

    Raises:
        UnknownCredential, InactiveCredential: there is no such credential, or it is switched off.
        SyncInProgress: a sync of the organization is under way.
        UnknownSeason: the account has no such season.
        TwizzitPipelineError: nothing could be read; the first reason.
    """
    credential = _active(database, credential_id)
    counting = _Counting()
    with (
        _leased(database, credential, run_id, fulfilment, counting) as lease,
        naming(credential_id),
        open_client(settings, database.engine, credential) as client,
    ):
        with metered(database.engine, credential_id, lambda: client.calls) as counting.count:
            work = _Work(settings, database, credential, lease, client, run_id, day or seasons.today(), progress)
            found = work.done(entities, season, asked=counting)
        with driver_errors(), database.engine.begin() as connection:
            lease.confirm(connection)
            made = stored(connection, found, credential_id, "asked", client.calls, requested_by, run_id)
            if fulfilment is not None:
                fulfilment.succeed(connection)
            return made


@dataclass
class _Counting:
    """Counts the calls made so far: at each sign of life, and after each question, so that a killed one is counted."""

    count: Callable[[], None] | None = None

    def __call__(self) -> None:
        if self.count is not None:
            self.count()


@contextmanager
def _leased(
    database: Database,
    credential: Credential,
    run_id: str,
    fulfilment: Fulfilment | None,
    on_beat: Callable[[], None],
) -> Iterator[Lease]:
    """The lease for the time of the work; the request that this carries out begins with it, and ends with its error.

    Raises:
        SyncInProgress: another process holds it; the request waits for another turn.
    """
    engine = database.engine
    try:
        with driver_errors():
            lease = Lease.take(
                engine, lease_key(credential), credential_id=credential.id, run_id=run_id, on_beat=on_beat
            )
    except SyncInProgress as error:
        if fulfilment is not None:
            with driver_errors(), engine.begin() as connection:
                fulfilment.end(connection, error, None)
        raise
    ended_by: BaseException | None = None
    try:
        if fulfilment is not None:
            with driver_errors(), engine.begin() as connection:
                fulfilment.start(connection)
        yield lease
    except BaseException as error:
        ended_by = error
        raise
    finally:
        lease.stop()
        if fulfilment is not None and ended_by is not None:
            with driver_errors(), engine.begin() as connection:
                fulfilment.end(connection, ended_by, safe_message(ended_by))
                lease.release(connection)
        else:
            lease.give_back()


def stored(
    connection: Connection,
    found: Rehearsed,
    credential_id: int,
    reason: Reason,
    calls: int,
    requested_by: str | None,
    run_id: str,
) -> Preview:
    """Stores what was planned."""
    document = documents.document(found, calls=calls)
    plan = plans.store(
        connection,
        NewPlan(
            credential_id,
            found.season,
            reason,
            calls,
            documents.counts(document),
            document,
            documents.digest(document),
            requested_by,
            run_id,
        ),
    )
    return Preview(plan, document)


def record(database: Database, credential_id: int, actor: Actor, **asked: object) -> None:
    """Writes to the audit log who asked for a preview."""
    with driver_errors(), database.engine.begin() as connection:
        audit.record(
            connection, actor, action="preview", target="credential", target_id=str(credential_id), details=asked
        )


def _active(database: Database, credential_id: int) -> Credential:
    with driver_errors():
        credential = store.get(database.engine, credential_id)
    if not credential.is_active:
        raise InactiveCredential(f"Credential {credential_id} is switched off: activate it before a preview")
    with driver_errors(), database.engine.connect() as connection:
        require_sight(connection)
    return credential


@dataclass(frozen=True, slots=True)
class _Work:
    """One preview under way."""

    settings: Settings
    database: Database
    credential: Credential
    lease: Lease
    client: TwizzitClient
    run_id: str
    day: date
    progress: Progress

    def done(self, entities: Sequence[EntityName], season: str | None, *, asked: Callable[[], None]) -> Rehearsed:
        """What a sync would do; `asked` is called after each question to Twizzit."""
        answers = Answers()
        self.client.ask_through(answers.layer)
        source = self.client.source
        organization = _put(source.organization)
        endpoint = parse_endpoint(self.credential.api_endpoint)
        self.lease.move(organization_key(endpoint.server, endpoint.dialect, organization.id, organization.name))
        said = _put(source.seasons)
        asked()
        listed = seasons.listed(said, day=self.day, season_start=self.settings.season_start)
        while True:
            try:
                return self._once(entities, season, listed)
            except Unanswered as question:
                self.progress(_READING.get(question.name, "Asking Twizzit"))
                question.ask()
                asked()

    def _once(self, entities: Sequence[EntityName], season: str | None, listed: Sequence[Season]) -> Rehearsed:
        with driver_errors():
            for attempt in rewrites(self.database.engine):
                with attempt, rolled_back(self.database.engine) as connection:
                    label = self._label(connection, season, listed)
                    with self._session(connection, label) as session:
                        session.to_map.update(entities)
                        return rehearse(session, entities, scans=True)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _label(self, connection: Connection, asked: str | None, listed: Sequence[Season]) -> str:
        """The label of the season that is meant, among those that the account lists now."""
        seasons.refresh(connection, self.credential.id, listed, day=self.day)
        known = seasons.known(connection, self.credential.id, self.settings.season_start)
        if asked is None:
            return seasons.running(known, self.day) or seasons.season_of(self.day, self.settings.season_start).label
        found = seasons.meant(known, asked)
        if found is None:
            raise UnknownSeason(seasons.not_listed(known))
        return found.label

    @contextmanager
    def _session(self, connection: Connection, label: str) -> Iterator[RehearsalSession]:
        with RehearsalSession(
            connection,
            self.lease,
            self.client,
            settings=self.settings,
            database=self.database,
            credential_id=self.credential.id,
            season=label,
            run_id=self.run_id,
            day=self.day,
        ) as session:
            yield session


def _put(question: Callable[[], Any]) -> Any:
    """The answer to a question that is put now, outside of any transaction."""
    try:
        return question()
    except Unanswered as asked:
        asked.ask()
        return question()
