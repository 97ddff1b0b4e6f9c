"""Runs on the real instance that a person ends, and runs whose process is gone."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import dagster as dg
import pytest
from sqlalchemy import Connection, func, insert, select, text

from tests.support.recorded_runs import Here
from twizzit_pipeline.definitions import defs
from twizzit_pipeline.errors import DatabaseUnavailable
from twizzit_pipeline.orchestration.instance.dead_runs import end_dead_runs, fail_dead
from twizzit_pipeline.orchestration.instance.under_way import under_way
from twizzit_pipeline.orchestration.launch import run_job
from twizzit_pipeline.orchestration.run.tags import PROCESS_TAG
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.processes import this_process
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.faults import Fault
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

OF_OURS = {"dagster/partition/credential": "1-club"}
NO_ROOM = """
CREATE FUNCTION dagster.no_room() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON dagster.event_logs FOR EACH ROW EXECUTE FUNCTION dagster.no_room();
"""


@pytest.fixture
def here(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Here:
    return Here(settings, database, simulate(clubs=1, teams=1, players_per_team=2, other_contacts=0))


@pytest.fixture
def instance(here: Here) -> Iterator[dg.DagsterInstance]:
    with here.instance() as opened:
        yield opened


def hold_lease(
    connection: Connection, organization: str, credential_id: int, *, run_id: str, silence: str = "0 seconds"
) -> None:
    """A lease as a process of another machine left it, last touched `silence` ago."""
    connection.execute(
        insert(tables.leases).values(
            organization=organization,
            token=func.gen_random_uuid(),
            credential_id=credential_id,
            dagster_run_id=run_id,
            holder="another machine|1",
            heartbeat_at=text(f"now() - interval '{silence}'"),
        )
    )


def test_a_run_whose_process_is_gone_is_ended(here: Here, instance: dg.DagsterInstance) -> None:
    credential_id = here.credential()
    job = defs.resolve_job_def("sync_teams")
    alive, dead = (instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTED) for _ in range(2))
    with here.engine.begin() as connection:
        for run, silence in ((alive, "0 seconds"), (dead, "2 minutes")):
            hold_lease(connection, run.run_id, credential_id, run_id=run.run_id, silence=silence)
            history.start(
                connection, credential_id=credential_id, entity="teams", run_id=run.run_id, season=here.season
            )
    assert end_dead_runs(instance, here.engine) == [dead.run_id]
    assert end_dead_runs(instance, here.engine) == []
    status = {run.run_id: run.status for run in instance.get_runs()}
    assert status == {alive.run_id: dg.DagsterRunStatus.STARTED, dead.run_id: dg.DagsterRunStatus.FAILURE}
    assert [row.status for row in history.for_run(here.engine, dead.run_id)] == ["failed"]


def test_a_run_whose_process_is_gone_before_its_history_began_is_ended(
    instance: dg.DagsterInstance, here: Here
) -> None:
    ours = this_process()
    process = subprocess.Popen(["true"])
    process.wait()
    ended = ours.replace(f"|{os.getpid()}", f"|{process.pid}")
    assert ended != ours
    job = defs.resolve_job_def("sync_teams")
    runs = [
        instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTED, tags={PROCESS_TAG: process})
        for process in (ours, ended, "another machine|1", "nonsense")
    ]
    untagged = instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTED)
    assert end_dead_runs(instance, here.engine) == [runs[1].run_id]
    left = {run.run_id for run in instance.get_runs() if not run.is_finished}
    assert left == {runs[0].run_id, runs[2].run_id, runs[3].run_id, untagged.run_id}


def test_a_run_that_could_not_write_its_first_event_is_ended(instance: dg.DagsterInstance, here: Here) -> None:
    """As `twizzit sync` on a full disk leaves it; one whose process is there is about to begin."""
    process = subprocess.Popen(["true"])
    process.wait()
    ended = this_process().replace(f"|{os.getpid()}", f"|{process.pid}")
    job = defs.resolve_job_def("sync_teams")
    dead, alive, elsewhere, old, ahead, other = (
        instance.create_run_for_job(job_def=job, tags={PROCESS_TAG: process, **tags})
        for process, tags in (
            (ended, OF_OURS),
            (this_process(), OF_OURS),
            ("another machine|1", OF_OURS),
            ("another machine|1", OF_OURS),
            ("another machine|1", OF_OURS),
            (ended, {}),
        )
    )
    with here.engine.begin() as connection:
        moved = text("UPDATE dagster.runs SET create_timestamp = create_timestamp - :by WHERE run_id = :id")
        connection.execute(moved, {"id": old.run_id, "by": timedelta(hours=2)})
        connection.execute(moved, {"id": ahead.run_id, "by": timedelta(days=-366)})  # before the clock was put back
    assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.NOT_STARTED}
    assert set(end_dead_runs(instance, here.engine)) == {dead.run_id, old.run_id, ahead.run_id}
    assert end_dead_runs(instance, here.engine) == []
    left = {run.run_id for run in instance.get_runs() if not run.is_finished}
    assert left == {alive.run_id, elsewhere.run_id, other.run_id}


def test_a_sync_that_the_database_lets_write_no_event_is_ended_by_the_next(here: Here) -> None:
    credential_id = here.credential()
    with here.instance(), here.engine.begin() as connection:
        connection.execute(text(NO_ROOM))
    sync = partial(run_job, here.settings, here.database, job_name="sync_teams", season=here.season)
    with pytest.raises(DatabaseUnavailable):
        sync(credential_id=credential_id)
    with here.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER no_room ON dagster.event_logs"))
        # This process made it, and is there: as if it had ended.
        connection.execute(text("UPDATE dagster.runs SET create_timestamp = create_timestamp - interval '2 hours'"))
    assert sync(credential_id=credential_id).success
    with here.instance() as instance:
        assert [run.status for run in instance.get_runs()] == [
            dg.DagsterRunStatus.SUCCESS,
            dg.DagsterRunStatus.FAILURE,
        ]


def test_a_run_of_another_machine_that_died_before_its_history_began_is_ended(
    instance: dg.DagsterInstance, here: Here
) -> None:
    """As a worker's process that was killed in the instant after it took its lease."""
    credential_id = here.credential()
    job = defs.resolve_job_def("sync_teams")
    run = instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTED)
    with here.engine.begin() as connection:
        hold_lease(connection, run.run_id, credential_id, run_id=run.run_id, silence="2 minutes")
    assert end_dead_runs(instance, here.engine) == [run.run_id]


def test_a_run_that_succeeded_since_it_was_read_stays_so(instance: dg.DagsterInstance) -> None:
    """Its process is gone because it was done: a look at processes comes after one at runs, and the two are not one."""
    process = subprocess.Popen(["true"])
    process.wait()
    tags = {PROCESS_TAG: this_process().replace(f"|{os.getpid()}", f"|{process.pid}")}
    job = defs.resolve_job_def("sync_teams")
    done, dead = (
        instance.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.STARTED, tags=tags) for _ in range(2)
    )
    seen = under_way(instance).gone
    success = dg.DagsterEvent(event_type_value="PIPELINE_SUCCESS", job_name=done.job_name)
    instance.report_dagster_event(success, done.run_id)
    assert seen == {done.run_id, dead.run_id}
    assert fail_dead(instance, seen) == [dead.run_id]
    assert fail_dead(instance, seen) == []
    status = {run.run_id: run.status for run in instance.get_runs()}
    assert status == {done.run_id: dg.DagsterRunStatus.SUCCESS, dead.run_id: dg.DagsterRunStatus.FAILURE}


def send(number: signal.Signals, to: int, once: Fault) -> None:
    """A signal while Twizzit is slow to say who plays in a team."""
    until = time.monotonic() + 30
    while not once.met:
        if time.monotonic() > until:
            return
        time.sleep(0.02)
    os.kill(to, number)


def slow(here: Here) -> Fault:
    return here.simulator.faults.arm("slow", path="/group-contacts", times=None, seconds=3.0)


def assert_tidy(here: Here, instance: dg.DagsterInstance, run_id: str) -> None:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.is_finished
    assert not run.is_success
    rows = history.for_run(here.engine, run_id)
    assert rows
    assert all(row.status == "failed" and row.completed_at is not None for row in rows)
    with here.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.leases)) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_stopped_tidies_up_and_the_process_goes_on(
    here: Here, instance: dg.DagsterInstance, number: signal.Signals
) -> None:
    credential_id, waiting = here.credential(), slow(here)
    before = signal.getsignal(number)
    ending = threading.Thread(target=send, args=(number, os.getpid(), waiting))
    ending.start()
    try:
        result = here.run(credential_id)
    finally:
        ending.join()
    assert signal.getsignal(number) is before
    assert result.interrupted
    assert_tidy(here, instance, result.run_id)
