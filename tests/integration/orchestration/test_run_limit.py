"""A run has a longest time: it ends by itself, failed in its history and in Dagster, and the next one goes through."""

import logging
import signal
import time
from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._daemon.monitoring.run_monitoring import check_run_timeout
from sqlalchemy import select, text

from tests.integration.orchestration.test_sensor_automatic import take_lease
from tests.support.hostile_server import HostileServer
from tests.support.moved_login import move_login
from tests.support.orchestrator import Orchestrator, orchestrated
from twizzit_pipeline.errors import RunTooLong
from twizzit_pipeline.orchestration.instance.configuration import CONFIGURATION
from twizzit_pipeline.orchestration.instance.home import dagster_home
from twizzit_pipeline.orchestration.launch import run_job
from twizzit_pipeline.orchestration.run import limit as run_limit
from twizzit_pipeline.runs import history
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

LONGEST = 2  # seconds that a run may take here; each call may take far longer


@pytest.fixture
def orchestrator(
    settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]
) -> Iterator[Orchestrator]:
    clubs = simulate(clubs=1, teams=1, players_per_team=2, other_contacts=0)
    changes = {"run_seconds": LONGEST, "request_timeout": 120.0, "retry_seconds": 600.0}
    with orchestrated(settings, database, clubs, **changes) as found:
        yield found


@pytest.fixture
def hanging() -> Iterator[HostileServer]:
    with HostileServer(lambda _connection: time.sleep(60)) as server:
        yield server


def point_at(orchestrator: Orchestrator, credential_id: int, endpoint: str) -> None:
    move_login(orchestrator.database, credential_id, api_endpoint=endpoint)


def calls_of(server: HostileServer) -> list[bytes]:
    return [request.split()[1].split(b"?")[0] for request in server.requests]


def leases(orchestrator: Orchestrator) -> int:
    with orchestrator.engine.connect() as connection:
        return len(connection.execute(select(tables.leases)).all())


def goes_through(orchestrator: Orchestrator, credential_id: int) -> None:
    """The next sync of that club, at a server that answers."""
    orchestrator.settings = orchestrator.settings.model_copy(update={"run_seconds": 3600})
    result = run_job(
        orchestrator.settings,
        orchestrator.database,
        job_name="sync_teams",
        credential_id=credential_id,
        season=orchestrator.season,
    )
    assert result.success
    (row,) = history.for_run(orchestrator.engine, result.run_id)
    assert row.status in ("success", "partial_success")


def test_a_run_at_a_hanging_server_ends_in_its_time(orchestrator: Orchestrator, hanging: HostileServer) -> None:
    credential_id = orchestrator.credential()
    point_at(orchestrator, credential_id, hanging.url)
    orchestrator.switch_on(credential_id)
    (wanted,) = orchestrator.tick()
    before = signal.getsignal(signal.SIGUSR1)
    result = orchestrator.run(wanted)
    assert signal.getsignal(signal.SIGUSR1) == before
    said = (
        f"The sync was ended after {LONGEST} s, the longest that one may take: see whether its server answers "
        f"(twizzit credentials verify {credential_id}); where it does and the account is that large, raise "
        "TWIZZIT_RUN_SECONDS"
    )
    rows = history.for_run(orchestrator.engine, result.run_id)
    assert {(row.status, row.error_message) for row in rows} == {("failed", said)}
    assert calls_of(hanging) == [b"/v2/api/authenticate", b"/v2/api/organizations"], "it was a call that was ended"
    run = orchestrator.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert (run.status, run.tags["twizzit/outcome"]) == (dg.DagsterRunStatus.FAILURE, "failed")
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert {str(one.user_failure_data and one.user_failure_data.description) for one in failures} == {said}
    assert leases(orchestrator) == 0
    assert orchestrator.planned(credential_id).consecutive_failures == 1
    point_at(orchestrator, credential_id, orchestrator.simulator.v2_endpoint)
    goes_through(orchestrator, credential_id)


def test_a_sync_from_the_terminal_has_the_same_limit(orchestrator: Orchestrator, hanging: HostileServer) -> None:
    credential_id = orchestrator.credential()
    point_at(orchestrator, credential_id, hanging.url)
    result = run_job(
        orchestrator.settings,
        orchestrator.database,
        job_name="sync_all",
        credential_id=credential_id,
        season=orchestrator.season,
    )
    assert (result.success, result.interrupted, result.error) == (False, False, "RunTooLong")
    assert calls_of(hanging) == [b"/v2/api/authenticate", b"/v2/api/organizations"], "it was a call that was ended"
    assert leases(orchestrator) == 0


def test_a_run_that_waits_for_the_database_is_interrupted_as_well(orchestrator: Orchestrator) -> None:
    """Not by the driver's error that comes of it, but by what it is."""
    limit = run_limit.RunLimit(1)
    with (
        pytest.raises(RunTooLong, match="after 1 s"),
        limit.enforced(),
        orchestrator.engine.begin() as connection,
    ):
        connection.execute(text("SELECT pg_sleep(60)"))
    with orchestrator.engine.connect() as connection:
        assert connection.scalar(select(1)) == 1


def test_a_run_that_dagster_had_to_end_says_so_and_lets_the_next_one_go(orchestrator: Orchestrator) -> None:
    """The process of this one is alive, renews its lease, and ignores the signal."""
    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id)
    (wanted,) = orchestrator.tick()
    instance = orchestrator.instance
    run_id = orchestrator.waiting_run(wanted)
    started = DagsterEvent(DagsterEventType.RUN_START.value, job_name="sync_all", message="started")
    instance.report_dagster_event(started, run_id)
    lease = take_lease(orchestrator, credential_id, run_id)
    try:
        with orchestrator.engine.begin() as connection:
            row = history.start(
                connection, credential_id=credential_id, entity="teams", run_id=run_id, season=orchestrator.season
            )
            lease.note(connection, row)
        assert orchestrator.tick() == []
        record = instance.get_run_record_by_id(run_id)
        assert record is not None
        time.sleep(0.1)
        check_run_timeout(instance, record, logging.getLogger(__name__), 0.01)
        orchestrator.tick()
    finally:
        lease.stop()
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert (run.status, run.tags["twizzit/outcome"]) == (dg.DagsterRunStatus.FAILURE, "failed")
    (row_of_run,) = history.for_run(orchestrator.engine, run_id)
    assert (row_of_run.status, row_of_run.error_message) == ("failed", run_limit.ENDED_BY_DAGSTER)
    assert leases(orchestrator) == 0
    assert orchestrator.planned(credential_id).consecutive_failures == 1
    goes_through(orchestrator, credential_id)


def test_dagster_gives_a_run_a_minute_more_than_the_setting(orchestrator: Orchestrator) -> None:
    written = (dagster_home(orchestrator.settings) / CONFIGURATION).read_text(encoding="utf-8")
    assert f"  max_runtime_seconds: {LONGEST + 60}\n" in written
    with orchestrated(orchestrator.settings, orchestrator.database, orchestrator.simulator) as other:
        assert other.instance.run_monitoring_enabled
        assert other.instance.run_monitoring_max_runtime_seconds == LONGEST + 60
