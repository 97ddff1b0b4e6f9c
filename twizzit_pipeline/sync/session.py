"""One run's work for one credential and one season: the client, the lease, the history rows, shared by its steps."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from types import TracebackType
from typing import Self

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from twizzit_pipeline.accounts.clients import open_client
from twizzit_pipeline.accounts.naming import naming
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import InactiveCredential, TransientError
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.departed import Absences, Limit
from twizzit_pipeline.plan.narrowing import EVERYTHING, Narrowing
from twizzit_pipeline.plan.rows import Owner
from twizzit_pipeline.plan.states import EntityState
from twizzit_pipeline.runs import details, seasons
from twizzit_pipeline.runs.entity_counts import EntityCounts
from twizzit_pipeline.runs.entries import Entries, Entry
from twizzit_pipeline.runs.lease import Lease, lease_key, organization_key
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.runs.troubles import Troubles, safe_message
from twizzit_pipeline.scheduling.fulfilment import Fulfilment
from twizzit_pipeline.scheduling.usage import Meter
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database, driver_errors
from twizzit_pipeline.storage.revisions import require_current
from twizzit_pipeline.storage.roles import require_sight
from twizzit_pipeline.storage.suited import require_suited
from twizzit_pipeline.sync.owners import owner_of
from twizzit_pipeline.sync.rewrites import rewrites
from twizzit_pipeline.sync.run_end import RunEnd
from twizzit_pipeline.sync.run_season import RunSeason
from twizzit_pipeline.sync.scanned import Scanned
from twizzit_pipeline.sync.sync_log import SyncLog
from twizzit_pipeline.sync.transactions import Transactions
from twizzit_pipeline.twizzit.client import TwizzitClient
from twizzit_pipeline.twizzit.endpoint import parse_endpoint

Progress = Callable[[str], None]


class SyncSession(Transactions):
    """A context manager; what it needs is opened when a step first asks for it.

    Attributes:
        credential: whose sync this is.
        season_label: the season of the partition.
        progress: called with what happens, in a few words without names.
        narrowing: what the sync is limited to.
        automatic: whether it came because its credential was due.
        repair: whether it brings every mapped row to Twizzit's values, local edits included.
        statuses: how each entity's history row was closed; nothing before the end, nor where none was opened.
        to_map: entities whose mappings this run is going to bring in step; one of them whose run ends before that has
            failed, whatever its scan saw.
        scanned: what this run's scans saw, as evidence of who is missing.
        absences: what Twizzit said of those who are missing, by entity; nothing where a scan was not complete.
        stay: remote id of a person → the remote team that they stay in, as it is not proved that they left it.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        credential_id: int,
        season: str,
        run_id: str,
        progress: Progress | None = None,
        day: date | None = None,
        narrowing: Narrowing = EVERYTHING,
        repair: bool = False,
        request_id: int | None = None,
        trigger: str | None = None,
    ) -> None:
        super().__init__(database.engine)
        self.settings = settings
        self.database = database
        self.season_label = season
        self.run_id = run_id
        self.progress: Progress = progress or (lambda _: None)
        self.day = day or seasons.today()
        self.narrowing = narrowing
        self.repair = repair
        self._fulfilment = None if request_id is None else Fulfilment(request_id, run_id)
        require_current(self.engine)
        with driver_errors(), self.engine.connect() as connection:
            require_suited(connection)
            require_sight(connection)
        self.credential = store.get(self.engine, credential_id)
        if not self.credential.is_active:
            raise InactiveCredential(f"Credential {credential_id} is switched off: activate it before syncing")
        self._client: TwizzitClient | None = None
        self._lease: Lease | None = None
        self._entries = Entries()
        self._season = RunSeason(
            season, credential_id=credential_id, day=self.day, season_start=settings.season_start, transactions=self
        )
        self._run_end = RunEnd(
            credential_id=credential_id,
            season=self._season,
            narrowed=not narrowing.reads_all,
            trigger=trigger,
            fulfilment=self._fulfilment,
        )
        self.automatic = self._run_end.is_automatic
        self._troubles = Troubles()
        self._meter = Meter(self.engine, self.credential.id, lambda: self.calls)
        self._log = SyncLog(run_id=run_id, credential_id=credential_id, calls=lambda: self.calls)
        self.to_map: set[str] = set()
        self.scanned = Scanned()
        self.absences: dict[str, Absences] = {}
        self.stay: dict[str, str] = {}
        self.statuses: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._log.bound():
            self._end(error)

    def _end(self, error: BaseException | None) -> None:
        if self._client is not None:
            self._client.close()
        troubles = self._troubles.remaining(error)
        error = troubles[0] if troubles else None
        if self._lease is None:
            if self._run_end.concerns(error):
                with driver_errors(), self.engine.begin() as connection:
                    self._run_end.unstarted(connection, error)
            return
        self._lease.stop()
        self._count_usage()
        statuses = self._entries.statuses(self.to_map)
        # One transaction: a row that cannot be closed keeps its lease, whose death has it closed.
        with driver_errors():
            for attempt in rewrites(self.engine):
                with attempt, self.engine.begin() as connection:
                    self._entries.close(connection, self.to_map, error)
                    self._run_end.ended(connection, troubles, covers=self.to_map, done=self._entries.finished)
                    self._lease.release(connection)
        self.statuses = statuses
        self._log.ended(statuses)

    @property
    def client(self) -> TwizzitClient:
        """The one client of this run.

        Raises:
            QuotaSpent, LoginRefused and the like: another step of the run has met it, and would not be alone.
        """
        if (hopeless := self._troubles.hopeless) is not None:
            raise hopeless
        if self._client is None:
            self._client = open_client(self.settings, self.engine, self.credential)
        return self._client

    @property
    def lease(self) -> Lease:
        """The lease, which is held inside `recording`."""
        assert self._lease is not None, "the lease is taken by recording"
        return self._lease

    @property
    def calls(self) -> int:
        """HTTP calls made to Twizzit so far, tokens and repeated ones included."""
        return 0 if self._client is None else self._client.calls

    @property
    def departure_limit(self) -> Limit:
        """How many may leave by themselves."""
        return Limit(self.settings.departure_share, self.settings.departure_least)

    @property
    def owner(self) -> Owner:
        """The credential as the owner of mappings, in the organization that it turned out to read."""
        return owner_of(self.credential)

    @contextmanager
    def recording(self, entity: str) -> Iterator[EntityCounts]:
        """The counts of one entity, its history row open; an error is raised again.

        A permanent error closes the row as failed. After a transient one it stays open for another try of the same
        work, whose calls are added up and whose success is all that the row will say; the end of the run closes it.

        Raises:
            SyncInProgress: another sync of the organization is under way.
        """
        with self._log.step(entity) as step, self._troubles.noting(entity):
            with driver_errors():
                opened = self._open(entity)
            step.counts = opened.counts
            calls = self.calls
            try:
                with driver_errors(), naming(self.credential.id):
                    yield opened.counts
            except BaseException as error:
                opened.failure = safe_message(error)
                self._count_calls(opened, self.calls - calls)
                if not isinstance(error, TransientError):
                    with driver_errors(), self.begun() as connection:
                        self._entries.fail(connection, opened)
                raise
            opened.failure = None
            self._count_calls(opened, self.calls - calls)

    def planned(
        self, connection: Connection, plan: Plan, state: EntityState, made: Mapping[tuple[str, int], int]
    ) -> None:
        """Takes notice of a plan that was applied just now, in the transaction of `connection`.

        Args:
            made: table and the plan's id of a row that was made → its real id.
        """

    def found_out(self, by: "SyncSession") -> None:
        """Takes over what another session has found out in its scans: of who is missing, and of who stays."""
        self.scanned, self.absences, self.stay = by.scanned, dict(by.absences), dict(by.stay)

    def counted(self, entity: str) -> EntityCounts | None:
        """What was counted of the entity so far."""
        return self._entries.counts(entity)

    @property
    def broken(self) -> set[str]:
        """Entities of which a step of this run has failed."""
        return self._entries.broken

    def history_id(self, entity: str) -> int:
        """The history row that `entity` is recorded in."""
        return self._entries.history_id(entity)

    def listed_season(self) -> SeasonRow | None:
        """The partition's season, asked of Twizzit (once a run) and remembered; None if the account has none such."""
        if self._season.is_asked:
            return self._season.found
        organization = self.client.source.organization()
        self._remember_organization(organization.id, organization.name)
        found = self._season.ask(self.client.source)
        if found is None:
            self.progress(f"Twizzit lists no season {self.season_label} for this account")
        return found

    def stored_season(self) -> SeasonRow | None:
        """The partition's season as this run's scan, or an earlier one, or `verify` left it; makes no call."""
        return self._season.stored()

    def _open(self, entity: str) -> Entry:
        if self._lease is None:
            self._lease = Lease.take(
                self.engine,
                lease_key(self.credential),
                credential_id=self.credential.id,
                run_id=self.run_id,
                on_beat=self._count_usage,
            )
            self._log.began(self.season_label)
        opened = self._entries.open(entity)
        if opened is None:
            for attempt in self.attempts():
                with attempt, self.begun() as connection:
                    history_id = self._entries.begin(
                        connection,
                        credential_id=self.credential.id,
                        entity=entity,
                        run_id=self.run_id,
                        season=self.season_label,
                    )
                    self._begin(connection, self._lease, history_id)
            opened = self._entries.add(entity, history_id, self._details())
        return opened

    def _begin(self, connection: Connection, lease: Lease, history_id: int) -> None:
        """The run works on this row of the history from now on."""
        lease.note(connection, history_id)
        if self._fulfilment is not None:
            self._fulfilment.start(connection)

    def _details(self) -> dict[str, object]:
        """What the history says of this run before anything is known of its end."""
        request = {} if self._fulfilment is None else {"request_id": self._fulfilment.request_id}
        return {**self.narrowing.details, **request, **({details.REPAIR: True} if self.repair else {})}

    def _remember_organization(self, organization_id: str | None, organization_name: str) -> None:
        """Holds the lease of the organization that the account reads, and remembers it with the credential."""
        endpoint = parse_endpoint(self.credential.api_endpoint)
        self.lease.move(organization_key(endpoint.server, endpoint.dialect, organization_id, organization_name))
        for attempt in self.attempts():
            with attempt, self.begun() as connection:
                store.note_organization(connection, self.credential.id, organization_id, organization_name)
                self.credential = store.read(connection, self.credential.id)

    def _count_calls(self, opened: Entry, made: int) -> None:
        opened.add_calls(made)
        self._count_usage()

    def _count_usage(self) -> None:
        with suppress(SQLAlchemyError):  # the next time makes up for it; no sync fails because of its statistics
            self._meter.flush()
