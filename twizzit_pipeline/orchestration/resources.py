"""What the steps of one run share.

What belongs here: opening and closing. A run has one database connection pool and one `SyncSession`, whichever of its
steps asks first; loading the definitions opens nothing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace

import dagster as dg

from twizzit_pipeline import logs
from twizzit_pipeline.accounts.naming import naming
from twizzit_pipeline.entities import ENTITIES, SYNC_TYPES
from twizzit_pipeline.errors import PermanentError, PlanRefused, RequestCancelled, SettingsError, TwizzitPipelineError
from twizzit_pipeline.orchestration.dagster_private import PARENT_RUN_ID_TAG
from twizzit_pipeline.orchestration.partitions import CredentialSeason, require_known
from twizzit_pipeline.orchestration.run.lanes import settings_of
from twizzit_pipeline.orchestration.run.limit import RunLimit, shorter_by
from twizzit_pipeline.orchestration.run.outcomes import CANCELLED, FAILED, NOT_READY, record, worst
from twizzit_pipeline.orchestration.run.results import unquoted_failures
from twizzit_pipeline.orchestration.run.retries import retry_delay
from twizzit_pipeline.orchestration.run.tags import PROCESS_TAG, REPAIR_TAG, TRIGGER_TAG, plan_of, request_of
from twizzit_pipeline.plan.chosen import Chosen
from twizzit_pipeline.plan.narrowing import EVERYTHING
from twizzit_pipeline.runs import decided_plans, plans
from twizzit_pipeline.runs.processes import this_process
from twizzit_pipeline.runs.troubles import safe_message
from twizzit_pipeline.scheduling import automatic, requests
from twizzit_pipeline.scheduling.fulfilment import Fulfilment
from twizzit_pipeline.scheduling.requested import Request
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import Database, driver_errors, open_database
from twizzit_pipeline.sync.preview.gate import Gate
from twizzit_pipeline.sync.preview.making import Preview, preview
from twizzit_pipeline.sync.run_end import AUTOMATIC
from twizzit_pipeline.sync.session import SyncSession

Progress = Callable[[str], None]


class SyncRun:
    """The database and the session of one run, opened by the first step that needs them.

    Without `settings` the environment of that moment is read; without `database` one is opened. A run that carries out
    a request (`request_id`) is narrowed as that says, and the request ends with the run. `trigger` is the tag's value,
    and `repair` whether the run has the tag of one. `limit`: how long it may take; None for no limit.
    `tags`: of the run. `instance`: whose partitions it must be one of; None where Dagster has not begun it.
    """

    def __init__(
        self,
        settings: Settings | None,
        database: Database | None,
        progress: Progress | None,
        request_id: int | None = None,
        trigger: str | None = None,
        repair: bool = False,
        limit: RunLimit | None = None,
        tags: Mapping[str, str] | None = None,
        instance: dg.DagsterInstance | None = None,
    ) -> None:
        self._tags = tags or {}
        self._instance = instance
        self._limit = limit
        self._request_id = request_id
        self._repair = repair
        self._trigger = trigger
        self._settings = settings
        self._database = database
        self._progress = progress
        self._stack = ExitStack()
        self._session: SyncSession | None = None
        self._gate: Gate | None = None
        self._errors: dict[str, BaseException] = {}

    @contextmanager
    def session(
        self, run_id: str, partition: CredentialSeason, *, step: str, to_map: Collection[str] = ()
    ) -> Iterator[SyncSession]:
        """The run's session, the same for every step and every attempt; at its end it is given what failed for good.

        Args:
            step: whose work it is.
            to_map: entities whose mappings are among the run's steps.

        Raises:
            DatabaseUnavailable, MigrationsPending: the database is not ready.
            UnknownCredential, InactiveCredential: as `SyncSession`.
            UnknownSeason, UnknownCredential: there is no such partition; nothing is asked of Twizzit.
            RunTooLong: the run's time is over.
            RequestCancelled: the request that it was made for was cancelled, or automatic syncs switched off.
        """
        with self.noted(step):
            limit = self._limit.enforced() if self._limit is not None else nullcontext()
            if self._session is None:
                self._session = self._opened(run_id, partition)
                self._session.to_map.update(to_map)
            with naming(partition.credential_id), limit:
                yield self._session

    @contextmanager
    def preview(self, run_id: str, partition: CredentialSeason, *, step: str) -> Iterator[Preview]:
        """A preview of the partition's season, as the run's request asks for it; of everything without one.

        Raises:
            As `making.preview`; RunTooLong: the run's time is over.
        """
        with self.noted(step):
            limit = self._limit.enforced() if self._limit is not None else nullcontext()
            with naming(partition.credential_id), limit:
                yield self._previewed(run_id, partition)

    @contextmanager
    def noted(self, step: str) -> Iterator[None]:
        """What fails within is the step's failure, unless it is tried again and succeeds."""
        try:
            yield
        except BaseException as error:
            self._errors[step] = error
            raise
        self._errors.pop(step, None)

    def retry_delay(self, error: TwizzitPipelineError, retries: int) -> float | None:
        """Seconds until a step is retried, as `retries.retry_delay`; None where the run would be over by then."""
        seconds = None if self._settings is None else retry_delay(error, retries, self._settings)
        if seconds is not None and self._limit is not None and seconds >= self._limit.left:
            return None
        return seconds

    def gate(self, session: SyncSession) -> Gate:
        """The gate of the run, before anything of ShotSpot's is written."""
        if self._gate is None:
            self._gate = Gate(session)
        return self._gate

    @property
    def outcome(self) -> str:
        """How the run ended, once it is closed: by its history rows, and by the steps that failed without one."""
        if any(isinstance(error, RequestCancelled) for error in self._errors.values()):
            return CANCELLED
        statuses = [] if self._session is None else list(self._session.statuses.values())
        return worst([*statuses, *(FAILED for _ in self._errors)])

    @property
    def never_began(self) -> bool:
        """Whether it failed before it could open a row of the history: a tick gives it one, and its outcome."""
        return self._session is None and any(isinstance(error, NOT_READY) for error in self._errors.values())

    @property
    def reason(self) -> str | None:
        """The safe message of the first failure; None where nothing failed."""
        error = next(iter(self._errors.values()), None)
        return None if error is None else safe_message(error)

    def close(self) -> None:
        """Close what was opened: history rows, lease, connections, in that order."""
        error = next(iter(self._errors.values()), None)
        self._stack.__exit__(type(error) if error else None, error, error.__traceback__ if error else None)

    def _ground(self, run_id: str) -> tuple[Settings, Database, Request | None]:
        """The settings, the open database, and the request that the run carries out, which is still wanted."""
        settings = self._settings = settings_of(self._tags, self._settings or load_settings())
        if self._database is None:
            self._database = self._stack.enter_context(open_database(settings))
        request = None if self._request_id is None else requests.get(self._database.engine, self._request_id)
        if self._request_id is not None:
            with driver_errors(), self._database.engine.connect() as connection:
                Fulfilment(self._request_id, run_id).require_wanted(connection)
        return settings, self._database, request

    def _require_known(self, database: Database, partition: CredentialSeason) -> None:
        if self._instance is not None:
            of_sensor = self._request_id is not None or self._trigger == AUTOMATIC
            require_known(self._instance, database.engine, partition, of_sensor=of_sensor)

    def _previewed(self, run_id: str, partition: CredentialSeason) -> Preview:
        settings, database, request = self._ground(run_id)
        wanted = SYNC_TYPES if request is None else request.wish.entities
        with _refusals_recorded(database, self._request_id, run_id):
            self._require_known(database, partition)
            return preview(
                settings,
                database,
                credential_id=partition.credential_id,
                entities=[entity.name for entity in ENTITIES.values() if entity.sync_type in wanted],
                # The running one is the account's own, which may be called otherwise than the partition was guessed.
                season=partition.season if request is None else request.season,
                run_id=run_id,
                requested_by=None if request is None else request.requested_by,
                progress=self._progress or (lambda _: None),
                fulfilment=None if self._request_id is None else Fulfilment(self._request_id, run_id),
            )

    def _opened(self, run_id: str, partition: CredentialSeason) -> SyncSession:
        settings, database, request = self._ground(run_id)
        # One that a person starts again in Dagster's UI is wanted, also where automatic syncs are off.
        if self._trigger == AUTOMATIC and PARENT_RUN_ID_TAG not in self._tags:
            with driver_errors(), database.engine.connect() as connection:
                automatic.require_wanted(connection, partition.credential_id)
        with _refusals_recorded(database, self._request_id, run_id):
            self._require_known(database, partition)
            narrowing = EVERYTHING if request is None else request.options.narrowing
            applied = plan_of(self._tags) if request is None else request.options.applied
            if applied is not None:
                narrowing = replace(narrowing, chosen=_chosen(database, partition, *applied))
            session = SyncSession(
                settings=settings,
                database=database,
                credential_id=partition.credential_id,
                season=partition.season,
                run_id=run_id,
                progress=self._progress,
                narrowing=narrowing,
                repair=self._repair,
                request_id=self._request_id,
                trigger=self._trigger,
            )
        return self._stack.enter_context(session)


def _chosen(
    database: Database, partition: CredentialSeason, plan_id: int, without: Sequence[tuple[str, str]]
) -> Chosen:
    """The stored plan that a run of this partition applies.

    Raises:
        UnknownPlan, PlanRefused: there is none, it does not wait, or it is another credential's or season's.
    """
    chosen = decided_plans.chosen(database.engine, plan_id, credential_id=partition.credential_id, without=without)
    season = plans.get(database.engine, plan_id).season
    if season != partition.season:
        raise PlanRefused(f"Plan {plan_id} is of season {season}; nothing was done: choose that partition")
    return chosen


@contextmanager
def _refusals_recorded(database: Database, request_id: int | None, run_id: str) -> Iterator[None]:
    """Records in the request why its sync cannot begin, unless the next attempt may succeed."""
    try:
        yield
    except PermanentError as error:
        if request_id is not None:
            with driver_errors(), database.engine.begin() as connection:
                Fulfilment(request_id, run_id).refuse(connection, str(error))
        raise


def _close(run: SyncRun, context: dg.InitResourceContext) -> None:
    """Closes what the run opened, and then reports its outcome to Dagster."""
    try:
        with unquoted_failures():
            run.close()
    finally:
        if context.instance is not None and context.run is not None and not run.never_began:
            record(context.instance, context.run, run.outcome, run.reason)


@dataclass(frozen=True, slots=True)
class Given:
    """What a run is given; what it is not, it finds in its environment or opens itself."""

    settings: Settings | None = None
    database: Database | None = None
    progress: Progress | None = None


def sync_resource(given: Callable[[], Given]) -> dg.ResourceDefinition:
    """The resource `sync` of the assets: a `SyncRun` that is closed at the end of the run in every case.

    Args:
        given: is asked as the run begins.
    """

    def opened(context: dg.InitResourceContext) -> Iterator[SyncRun]:
        to_run = given()
        known = to_run.settings
        if known is None:  # a process of Dagster's own
            with suppress(SettingsError):  # a step says so, in one line
                known = load_settings()
                logs.configure(known)
        if context.instance is not None and context.run is not None and PROCESS_TAG not in context.run.tags:
            context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: this_process()})
        tags = {} if context.run is None else context.run.tags
        run = SyncRun(
            to_run.settings,
            to_run.database,
            to_run.progress,
            request_of(context.run),
            tags.get(TRIGGER_TAG),
            repair=tags.get(REPAIR_TAG, "").strip().casefold() == "true",
            limit=None if known is None else RunLimit(known.run_seconds, shorter_by(tags)),
            tags=tags,
            instance=context.instance,
        )
        try:
            yield run
        finally:
            _close(run, context)

    return dg.ResourceDefinition(opened, description="The database and the Twizzit session of one run")
