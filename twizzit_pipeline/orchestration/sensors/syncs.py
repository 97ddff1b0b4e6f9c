"""The sensor that makes runs: for credentials that are due by their configuration, and for requests.

What belongs here: the course of a tick, and what Dagster gets for a run: its key, tags and partition. What is
due is read by `scheduling.due`, the order is decided in `scheduling.turns`. A tick reads the database and never calls
Twizzit; it is the orchestrator's heartbeat, too.

A tick costs two statements of our database, however many credentials there are: one reads, one writes. One that finds
a dead run, a run that ended before its sync began, a request that cannot be run, or a credential without a partition
key repairs that first (`repairs`), which costs some more, and reads again.

The key of a run says which request and attempt it is for, or since when its credential is due. Dagster makes one run of
a key, so that a daemon that dies anywhere loses nothing and makes nothing twice: what is due stays so until the run
itself has ended, and a request that was claimed is free again after a minute.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import dagster as dg
from sqlalchemy import Engine

from twizzit_pipeline.errors import InactiveCredential, PermanentError, TransientError, UnknownSeason
from twizzit_pipeline.orchestration.dagster_private import PRIORITY_TAG
from twizzit_pipeline.orchestration.instance.under_way import UnderWay, under_way
from twizzit_pipeline.orchestration.jobs import JOBS, PREVIEW, job_of
from twizzit_pipeline.orchestration.partitions import CredentialSeason, PartitionKeys
from twizzit_pipeline.orchestration.run.tags import REQUEST_TAG, TRIGGER_TAG
from twizzit_pipeline.orchestration.sensors import repairs, run_keys, upkeep
from twizzit_pipeline.orchestration.sensors.room import PRIORITY_OF_TROUBLED, is_troubled, tags_of, with_room
from twizzit_pipeline.orchestration.sensors.upkeep import Memory
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.scheduling import claims, due, turns
from twizzit_pipeline.scheduling.due import Broken
from twizzit_pipeline.scheduling.fulfilment import fail_unstarted
from twizzit_pipeline.scheduling.standing import View
from twizzit_pipeline.scheduling.turns import Turn
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.sync.run_end import AUTOMATIC

NAME = "sync_sensor"
LOOK_SECONDS = 5

# In the queue: requests come first, since a person waits for them; then those that go well or are new, then those that
# take long or go on failing; backfills, which have no priority, come last.
_PRIORITY_OF_REQUESTS, _PRIORITY_OF_SCHEDULE = "2", "1"


def sync_sensor(settings: Settings | None = None, database: Database | None = None) -> dg.SensorDefinition:
    """The sensor `sync_sensor`.

    `settings`: instead of the environment of the tick. `database`: an open one, instead of one opened by each tick.
    """

    @dg.sensor(
        name=NAME,
        description="Starts the syncs that are due and those that were requested, one at a time for each "
        "organization; keeps the partitions in step with credentials and seasons.",
        jobs=list(JOBS.values()),
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        known = settings or load_settings()
        with _opened(known, database) as engine:
            return _Tick(context, known, engine).result()

    return look


@dataclass(frozen=True, slots=True)
class _PlannedRun:
    """A run to request from Dagster, once its turn is claimed. `assets`: which of the job's; None for all of them."""

    turn: Turn
    partition: CredentialSeason
    job: str
    assets: list[dg.AssetKey] | None


class _Tick:
    def __init__(self, context: dg.SensorEvaluationContext, settings: Settings, engine: Engine) -> None:
        self._context = context
        self._engine = engine
        self._day: date = seasons.today()
        self._season_start = settings.season_start
        self._places = settings.concurrent_runs

    def result(self) -> dg.SensorResult:
        instance, before = self._context.instance, Memory.of(self._context.cursor)
        now = under_way(instance)
        view = repairs.seen(instance, self._engine, now)
        broken = due.broken_of(view, day=self._day, season_start=self._season_start)
        for one in before.news(broken):
            self._context.log.warning("Credential %s cannot sync by itself: %s", one.credential_id, one.reason)
        runs, partitions = self._runs(view, now)
        needed = PartitionKeys(
            tuple(one.credential for one in partitions), tuple(dict.fromkeys(one.season for one in partitions))
        )
        changes, unclaimed = upkeep.changes(instance, view, needed, before)
        memory = Memory(unclaimed, {str(one.credential_id): one.reason for one in broken})
        return dg.SensorResult(
            run_requests=runs,
            skip_reason=None if runs else _why_not(broken),
            dynamic_partitions_requests=changes,
            cursor=memory.cursor,
        )

    def _runs(self, view: View, now: UnderWay) -> tuple[list[dg.RunRequest], list[CredentialSeason]]:
        line = turns.next_in_line(
            view, day=self._day, season_start=self._season_start, busy=now.busy, yielding=now.yielding
        )
        line = with_room(line, [run.tags for run in now.queued], self._places)
        planned = [run for turn in line if (run := self._planned(turn)) is not None]
        taken = claims.take(
            self._engine,
            [run.turn.asked.id for run in planned if run.turn.asked is not None],
            [run.turn.credential_id for run in planned if run.turn.asked is None and run.turn.due is None],
        )
        made = [(run, request) for run in planned if (request := _run_request(run, taken)) is not None]
        return [request for _, request in made], [run.partition for run, _ in made]

    def _planned(self, turn: Turn) -> _PlannedRun | None:
        """The run of one turn. A turn that cannot have one ends here, and delays no other."""
        try:
            return self._planned_run(turn)
        except TransientError:
            raise
        except Exception as error:
            message = str(error) if isinstance(error, PermanentError) else f"unexpected error: {type(error).__name__}"
            if turn.asked is None:
                self._context.log.error("Credential %s cannot be run: %s", turn.credential_id, message)
            else:
                self._context.log.error("Request %s cannot be run: %s", turn.asked.id, message)
                fail_unstarted(self._engine, turn.asked.id, attempt=turn.asked.attempt, message=message)
            return None

    def _planned_run(self, turn: Turn) -> _PlannedRun:
        credential = turn.standing.credential
        if not credential.is_active:
            raise InactiveCredential(f"Credential {credential.id} is switched off: activate it before syncing")
        season = turn.season(self._day, self._season_start)
        if not seasons.usable(season):
            raise UnknownSeason(
                "The season's label cannot be a partition key: verify the credential, for another label"
            )
        is_preview = turn.asked is not None and turn.asked.options.preview
        job, assets = (PREVIEW, None) if is_preview else job_of(turn.entities(season))
        return _PlannedRun(turn, CredentialSeason(str(credential.partition_key), season), job, assets)


def _run_request(run: _PlannedRun, taken: claims.Taken) -> dg.RunRequest | None:
    """The request for its run; None where another process was quicker, or the configuration has just been changed."""
    asked = run.turn.asked
    if asked is not None:
        if asked.id not in taken.requests:
            return None
        key = run_keys.of_request(asked)
        tags = {TRIGGER_TAG: asked.trigger, REQUEST_TAG: str(asked.id), PRIORITY_TAG: _PRIORITY_OF_REQUESTS}
    else:
        since = run.turn.due or taken.first.get(run.turn.credential_id)
        if since is None:
            return None
        key = run_keys.of_schedule(run.turn.credential_id, since)
        priority = PRIORITY_OF_TROUBLED if is_troubled(run.turn) else _PRIORITY_OF_SCHEDULE
        tags = {TRIGGER_TAG: AUTOMATIC, PRIORITY_TAG: priority}
    return dg.RunRequest(
        run_key=key,
        job_name=run.job,
        asset_selection=run.assets,
        partition_key=run.partition.key,
        tags={**tags, **tags_of(run.turn)},
    )


def _why_not(broken: list[Broken]) -> str:
    said = "No credential is due, and no request can start"
    if broken:
        said += f"; cannot sync by themselves: {', '.join(str(one.credential_id) for one in broken)}"
    return said


@contextmanager
def _opened(settings: Settings, database: Database | None) -> Iterator[Engine]:
    if database is not None:
        yield database.engine
        return
    with open_database(settings) as opened:
        yield opened.engine
