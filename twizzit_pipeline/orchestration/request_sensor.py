"""The sensor that makes a run of each request for a sync, one at a time for each organization.

What belongs here: what Dagster knows of a request: its runs, their keys and tags. Whose turn it is, and what becomes of
a request, is decided in `sync`. A tick asks the database and never Twizzit; it is the orchestrator's sign of life, too.

A request is claimed before its run is asked for, and the run key says which request and which attempt it is for: the
same run is never made twice, not even by a daemon that died in between or by two of them.
"""

from collections.abc import Sequence
from contextlib import suppress

import dagster as dg
from sqlalchemy import Engine

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.errors import (
    InactiveCredential,
    PermanentError,
    TransientError,
    UnknownCredential,
    UnknownSeason,
)
from twizzit_pipeline.orchestration.jobs import JOBS
from twizzit_pipeline.orchestration.partitions import (
    CREDENTIAL,
    CredentialSeason,
    PartitionKeys,
    add_requests,
    credential_id_of,
    missing_keys,
    parse,
    usable,
)
from twizzit_pipeline.orchestration.resources import REQUEST_TAG, TRIGGER_TAG
from twizzit_pipeline.orchestration.runs import end_dead_runs
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.migrate import require_current
from twizzit_pipeline.sync import heartbeat, requests, seasons, turns
from twizzit_pipeline.sync.fulfilment import fail_unstarted, settle
from twizzit_pipeline.sync.requests import Request
from twizzit_pipeline.sync.turns import Turn

LOOK_SECONDS = 5
_RUN_KEY_TAG = "dagster/run_key"
_CREDENTIAL_TAG = f"dagster/partition/{CREDENTIAL}"
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def requests_sensor(settings: Settings | None = None) -> dg.SensorDefinition:
    """The sensor `requests_sensor`.

    `settings`: instead of the environment of the tick.
    """

    @dg.sensor(
        name="requests_sensor",
        description="Starts a sync for every request in the database; one at a time for each organization.",
        jobs=list(JOBS.values()),
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        known = settings or load_settings()
        with open_database(known) as database:
            require_current(database.engine)
            heartbeat.beat(database.engine)
            return _tick(context, known, database.engine)

    return look


def run_key(request: Request) -> str:
    """The key of the run that a request waits for; a request that was put back waits for another one."""
    return f"request-{request.id}" + (f"-{request.attempt}" if request.attempt > 1 else "")


def _tick(context: dg.SensorEvaluationContext, settings: Settings, engine: Engine) -> dg.SensorResult | dg.SkipReason:
    end_dead_runs(context.instance, engine)
    settle(engine)
    pending = requests.pending(engine)
    if not any(request.status == "queued" for request in pending):
        return dg.SkipReason("Nobody asks for a sync")
    _fail_those_whose_run_is_over(context.instance, engine, pending)
    line = turns.next_in_line(engine, pending, busy=_busy(context.instance))
    made = {turn.request.id: run for turn in line if (run := _run(context, settings, engine, turn)) is not None}
    taken = turns.claim(engine, made)
    runs = [run for request_id, run in made.items() if request_id in taken]
    if not runs:
        return dg.SkipReason("Every request waits for a sync that is under way")
    partitions = [parse(str(run.partition_key)) for run in runs]
    wanted = PartitionKeys(tuple(one.credential for one in partitions), tuple(one.season for one in partitions))
    return dg.SensorResult(
        run_requests=runs, dynamic_partitions_requests=add_requests(missing_keys(context.instance, wanted))
    )


def _run(context: dg.SensorEvaluationContext, settings: Settings, engine: Engine, turn: Turn) -> dg.RunRequest | None:
    """The run of one request. One that cannot have any ends here, and keeps nobody else waiting."""
    request = turn.request
    try:
        return _run_request(settings, engine, request, turn.credential)
    except TransientError:
        raise
    except Exception as error:
        told = str(error) if isinstance(error, PermanentError) else f"unexpected error: {type(error).__name__}"
        context.log.error("Request %s cannot be run: %s", request.id, told)
        fail_unstarted(engine, request.id, attempt=request.attempt, told=told)
        return None


def _run_request(settings: Settings, engine: Engine, request: Request, credential: Credential) -> dg.RunRequest:
    if not credential.is_active:
        raise InactiveCredential(f"Credential {credential.id} is switched off: activate it before syncing")
    season = request.season or _running_season(settings, engine, credential.id)
    if not usable(season):
        raise UnknownSeason("The season's label cannot be a partition key: it holds a character that Dagster keeps")
    partition = CredentialSeason(credential.partition_key or store.partition_key(engine, credential.id), season)
    entities = turns.entities(engine, request, season)
    return dg.RunRequest(
        run_key=run_key(request),
        job_name=f"sync_{entities}",
        partition_key=partition.key,
        tags={TRIGGER_TAG: request.trigger, REQUEST_TAG: str(request.id)},
    )


def _running_season(settings: Settings, engine: Engine, credential_id: int) -> str:
    """The season of today; a guess for an account that was never asked, which the run itself puts right."""
    day = seasons.today()
    running = seasons.running_season(engine, credential_id, day=day, season_start=settings.season_start)
    return running or seasons.season_of(day, settings.season_start).label


def _busy(instance: dg.DagsterInstance) -> set[int]:
    """The credentials of the runs that Dagster has under way, whoever asked for them."""
    runs = instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY))
    busy = set()
    for key in {run.tags[_CREDENTIAL_TAG] for run in runs if _CREDENTIAL_TAG in run.tags}:
        with suppress(UnknownCredential):  # somebody's own partition: none of ours is waiting for it
            busy.add(credential_id_of(key))
    return busy


def _fail_those_whose_run_is_over(instance: dg.DagsterInstance, engine: Engine, pending: Sequence[Request]) -> None:
    """A run that ended before its sync began (cancelled in the queue, or never able to start) ends its request."""
    claimed = {run_key(request): request for request in pending if request.status == "queued" and request.claimed_at}
    if not claimed:
        return
    tags = {REQUEST_TAG: [str(request.id) for request in claimed.values()]}
    for run in instance.get_runs(dg.RunsFilter(tags=tags, statuses=_OVER)):
        request = claimed.get(run.tags.get(_RUN_KEY_TAG, ""))
        if request is not None:
            fail_unstarted(engine, request.id, attempt=request.attempt)
