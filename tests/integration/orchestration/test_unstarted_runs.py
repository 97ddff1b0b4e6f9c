"""A run that fails before its first step has a history row, its outcome and its checks, like any sync that failed."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType, JobFailureData, RunFailureReason
from dagster_shared.error import SerializableErrorInfo
from sqlalchemy import Engine, text

from tests.support.orchestrator import COACH, Orchestrator, orchestrated, run_key
from tests.support.recorded_runs import not_judged
from twizzit_pipeline.local.syncs import EndedSyncs
from twizzit_pipeline.orchestration.sensors import repairs, unstarted
from twizzit_pipeline.runs import history
from twizzit_pipeline.scheduling import fulfilment, requests
from twizzit_pipeline.scheduling.cancelling import cancel
from twizzit_pipeline.scheduling.wishes import RequestOptions
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

GONE = SerializableErrorInfo(
    "a person's name",
    [],
    "DagsterUserCodeUnreachableError",
    cause=SerializableErrorInfo("a password", [], "ConnectionRefusedError"),
)
SAID = (
    "The run failed before its first step (DagsterUserCodeUnreachableError, caused by ConnectionRefusedError): "
    "read its events in Dagster's UI, run "
)
BROKER_AWAY = SerializableErrorInfo(
    "twizzit_pipeline.errors.BrokerUnavailable: The broker cannot be reached: start it\n", [], "BrokerUnavailable"
)
BROKER_SAID = "The run failed before its first step: The broker cannot be reached: start it"
# A run of one entity announces a quarter of the checks, and fails before its first step as one of all does.
OF_TEAMS = {"sync_players": False, "sync_competitions": False}


@pytest.fixture
def here(settings: Settings, database: Database, simulator: SimulatorServer) -> Iterator[Orchestrator]:
    with orchestrated(settings, database, simulator) as found:
        yield found


def made(here: Orchestrator, wanted: dg.RunRequest) -> dg.DagsterRun:
    """The run as it is launched, with everything that Dagster announces of it."""
    job = here.definitions.resolve_job_def(str(wanted.job_name))
    partition = str(wanted.partition_key)
    credential, season = partition.split("|")
    tags = {**wanted.tags, "dagster/run_key": str(wanted.run_key), "dagster/partition": partition}
    tags |= {"dagster/partition/credential": credential, "dagster/partition/season": season}
    return here.instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTING)


def fail(here: Orchestrator, run: dg.DagsterRun, error: SerializableErrorInfo | None = GONE) -> None:
    data = JobFailureData(error, failure_reason=RunFailureReason.RUN_EXCEPTION)
    here.instance.report_run_failed(run, "It could not be launched", data)


def test_it_is_a_row_a_line_of_up_an_outcome_and_no_red_list(here: Orchestrator) -> None:
    credential_id = here.credential()
    here.switch_on(credential_id)
    lines: list[str] = []
    ended = EndedSyncs(here.engine, lines.append)
    (wanted,) = here.tick()
    run = made(here, wanted)
    fail(here, run)
    here.tick()

    (row,) = history.for_run(here.engine, run.run_id)
    assert (row.entity, row.status, row.credential_id) == ("teams", "failed", credential_id)
    assert row.error_message == SAID + run.run_id[:8]
    assert (row.details["season"], row.details["never_began"]) == (here.season, True)
    assert row.completed_at is not None

    ended.look()
    (line,) = lines
    assert " · failed · " in line
    assert SAID in line

    stored = here.instance.get_run_by_id(run.run_id)
    assert stored is not None
    assert stored.tags["twizzit/outcome"] == "failed"
    unjudged = not_judged(here.instance, str(wanted.partition_key))
    assert len(unjudged) == 8
    assert set().union(*unjudged.values()) == {f"Not judged: {row.error_message}"}
    planned = here.planned(credential_id)
    assert planned.consecutive_failures == 1, "it comes again, later"

    here.tick()
    ended.look()
    assert len(history.for_run(here.engine, run.run_id)) == 1
    assert len(lines) == 1, "all of it once"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            JobFailureData(
                SerializableErrorInfo(
                    "twizzit_pipeline.errors.ClusterRefused: Kubernetes refused the Job: why\n", [], "ClusterRefused"
                )
            ),
            "The run failed before its first step: Kubernetes refused the Job: why",
        ),
        (
            JobFailureData(None, failure_reason=RunFailureReason.START_TIMEOUT),
            "The process of the run did not start in time: read why in its events in Dagster's UI, run ",
        ),
    ],
)
def test_an_error_of_ours_and_a_process_that_never_came_are_named(
    here: Orchestrator, data: JobFailureData, said: str
) -> None:
    here.switch_on(here.credential(), **OF_TEAMS)
    (wanted,) = here.tick()
    run = made(here, wanted)
    here.instance.report_run_failed(run, "It could not be launched", data)
    unstarted.record_unstarted(here.instance, here.engine)
    (row,) = history.for_run(here.engine, run.run_id)
    assert str(row.error_message).startswith(said)


def test_a_run_that_was_taken_out_of_the_queue_is_no_failure(here: Orchestrator) -> None:
    credential_id = here.credential()
    here.switch_on(credential_id, **OF_TEAMS)
    (wanted,) = here.tick()
    run = made(here, wanted)
    here.instance.report_run_canceled(run)
    assert unstarted.record_unstarted(here.instance, here.engine) == []
    assert history.for_run(here.engine, run.run_id) == []
    unjudged = not_judged(here.instance, str(wanted.partition_key)).values()
    assert set().union(*unjudged) == {"Not judged: The run was ended before it began"}


def test_a_run_whose_process_died_within_it_is_not_said_to_have_never_begun(here: Orchestrator) -> None:
    """As Dagster reports one whose container or Job is gone, before a tick looks at its lease."""
    credential_id = here.credential()
    here.switch_on(credential_id, **OF_TEAMS)
    (wanted,) = here.tick()
    run = made(here, wanted)
    history.never_began(
        here.engine, credential_id=credential_id, entity="teams", run_id=run.run_id, season="", message="interrupted"
    )
    here.instance.report_run_failed(run, "Detected run worker status FAILED")
    assert unstarted.record_unstarted(here.instance, here.engine) == []
    unjudged = not_judged(here.instance, str(wanted.partition_key)).values()
    assert set().union(*unjudged) == {"Not judged: The process of this run ended before the run did"}


def test_a_run_that_came_further_keeps_what_it_said_itself(here: Orchestrator) -> None:
    credential_id = here.credential()
    here.switch_on(credential_id, **OF_TEAMS)
    here.simulator.faults.arm("forbidden", path="/groups", times=None)
    (wanted,) = here.tick()
    result = here.run(wanted)
    assert not result.success
    before = history.for_run(here.engine, result.run_id)
    assert unstarted.record_unstarted(here.instance, here.engine) == []
    assert history.for_run(here.engine, result.run_id) == before


def test_a_step_that_could_open_no_row_has_one_with_its_reason(here: Orchestrator) -> None:
    """As on a machine with an older version, or whose settings are wrong."""
    credential_id = here.credential()
    here.switch_on(credential_id, **OF_TEAMS)
    (wanted,) = here.tick()
    version = text("UPDATE twizzit_alembic_version SET version_num = :it")
    with here.engine.begin() as connection:
        newest = connection.scalar(text("SELECT version_num FROM twizzit_alembic_version"))
        connection.execute(version, {"it": "9999"})
    result = here.run(wanted)
    with here.engine.begin() as connection:
        connection.execute(version, {"it": newest})
    assert not result.success
    assert unstarted.record_unstarted(here.instance, here.engine) == [result.run_id]
    (row,) = history.for_run(here.engine, result.run_id)
    assert str(row.error_message).startswith("The run failed before its first step: The database is at migration 9999,")
    assert unstarted.record_unstarted(here.instance, here.engine) == []


def test_a_run_that_says_nothing_of_why_it_failed_has_its_row_all_the_same(here: Orchestrator) -> None:
    """As Dagster ends one whose process was killed while it was launched: an event without any data."""
    credential_id = here.credential()
    here.switch_on(credential_id, **OF_TEAMS)
    (wanted,) = here.tick()
    run = made(here, wanted)
    event = DagsterEvent(DagsterEventType.RUN_FAILURE.value, run.job_name, message="marked as failed from outside")
    here.instance.report_dagster_event(event, run.run_id)
    assert unstarted.record_unstarted(here.instance, here.engine) == [run.run_id]
    (row,) = history.for_run(here.engine, run.run_id)
    assert (
        row.error_message
        == f"The run failed before its first step: read its events in Dagster's UI, run {run.run_id[:8]}"
    )


def test_a_request_is_over_when_its_row_is_there(here: Orchestrator, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who waits for the end of a request, and reads the history then, finds what became of its run."""
    asked = here.ask(here.credential(), "teams")
    (wanted,) = here.tick()
    run = made(here, wanted)
    fail(here, run)
    rows: list[int] = []

    def fail_unstarted(engine: Engine, request_id: int, **given: Any) -> bool:
        rows.append(len(history.for_run(engine, run.run_id)))
        return fulfilment.fail_unstarted(engine, request_id, **given)

    monkeypatch.setattr(repairs, "fail_unstarted", fail_unstarted)
    here.tick()
    assert rows == [1]
    over = requests.get(here.engine, asked.id)
    assert (over.status, over.error) == ("failed", SAID + run.run_id[:8])


def ago(here: Orchestrator, column: str, seconds: int) -> None:
    with here.engine.begin() as connection:
        connection.execute(
            text(f"UPDATE twizzit_sync_requests SET {column} = now() - make_interval(secs => :it)"), {"it": seconds}
        )


def test_a_request_whose_run_could_not_be_launched_for_what_passes_waits_for_another_run(here: Orchestrator) -> None:
    asked = here.ask(here.credential(), "teams")
    (wanted,) = here.tick()
    run = made(here, wanted)
    fail(here, run, BROKER_AWAY)
    assert here.tick() == [], "not at once"
    waits = requests.get(here.engine, asked.id)
    assert (waits.status, waits.attempt, waits.error) == ("queued", 2, BROKER_SAID)
    assert history.for_run(here.engine, run.run_id) == [], "the history has what becomes of the request"
    stored = here.instance.get_run_by_id(run.run_id)
    assert stored is not None
    assert stored.tags["twizzit/outcome"] == "failed"

    ago(here, "claimed_at", 61)
    (again,) = here.tick()
    assert again.run_key == run_key(asked, attempt=2)
    result = here.run(again)
    over = requests.get(here.engine, asked.id)
    assert (over.run_id, over.error) == (result.run_id, None)
    assert over.status in ("success", "partial_success")


@pytest.mark.parametrize("preview", [False, True])
def test_it_fails_with_the_reason_a_quarter_of_an_hour_after_it_was_asked_for(
    here: Orchestrator, preview: bool
) -> None:
    asked = here.ask(here.credential(), "teams", options=RequestOptions(preview=preview))
    ago(here, "requested_at", 15 * 60 + 1)
    (wanted,) = here.tick()
    run = made(here, wanted)
    fail(here, run, BROKER_AWAY)
    assert here.tick() == []
    over = requests.get(here.engine, asked.id)
    assert (over.status, over.attempt, over.error) == ("failed", 1, BROKER_SAID)
    rows = history.for_run(here.engine, run.run_id)
    assert [row.error_message for row in rows] == ([] if preview else [BROKER_SAID])


def test_one_that_was_cancelled_meanwhile_is_not_launched_again(here: Orchestrator) -> None:
    asked = here.ask(here.credential(), "teams")
    (wanted,) = here.tick()
    fail(here, made(here, wanted), BROKER_AWAY)
    here.tick()
    cancel(here.engine, asked.id, actor=COACH)
    ago(here, "claimed_at", 61)
    assert here.tick() == []
    assert requests.get(here.engine, asked.id).status == "cancelled"


def test_a_credential_that_is_gone_has_no_history(here: Orchestrator) -> None:
    credential_id = here.credential()
    here.switch_on(credential_id, **OF_TEAMS)
    here.tick()
    run = made(here, dg.RunRequest(run_key="k", job_name="sync_players", partition_key="999-gone|2026-2027"))
    fail(here, run, error=None)
    assert unstarted.record_unstarted(here.instance, here.engine) == []
    assert history.for_run(here.engine, run.run_id) == []
