"""Automatic syncs: ticks of the sensor on the real instance, the runs that they ask for, what keeps them in order."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from sqlalchemy import event, text, update

from tests.support.orchestrator import COACH, Orchestrator
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.rows import new_partition_key
from twizzit_pipeline.orchestration.instance.dead_runs import end_dead_runs
from twizzit_pipeline.orchestration.partitions import CREDENTIAL, SEASON
from twizzit_pipeline.orchestration.sensors import run_keys
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.lease import Lease, lease_key
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import Actor

pytestmark = pytest.mark.dagster_tables

SMALL = {"clubs": 3, "teams": 1, "players_per_team": 2, "other_contacts": 0}

NOW = text("timezone('utc', now())")
HOUR_AGO = text("timezone('utc', now()) - interval '1 hour'")


def take_lease(orchestrator: Orchestrator, credential_id: int, run_id: str) -> Lease:
    key = lease_key(store.get(orchestrator.engine, credential_id))
    return Lease.take(orchestrator.engine, key, credential_id=credential_id, run_id=run_id)


def release(orchestrator: Orchestrator, lease: Lease) -> None:
    lease.stop()
    with orchestrator.engine.begin() as connection:
        lease.release(connection)


def test_what_is_switched_off_while_its_run_waits_does_nothing(orchestrator: Orchestrator) -> None:
    """The tick has made the run, and it may wait in Dagster's queue for minutes: the person was first all the same."""
    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id, sync_players=False, sync_competitions=False)
    (wanted,) = orchestrator.tick()
    config.change(orchestrator.engine, credential_id, actor=COACH, auto_sync_enabled=False)

    result = orchestrator.run(wanted)

    assert not result.success
    assert "were switched off before this one began: nothing was done" in str(result.all_events)
    assert orchestrator.simulator.calls.total == 0
    assert history.for_run(orchestrator.engine, result.run_id) == []
    run = orchestrator.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags["twizzit/outcome"] == "cancelled"
    assert orchestrator.tick() == []
    assert history.recent(orchestrator.engine, credential_id) == [], "nor does a later look call it a failure"
    in_the_ui = {**wanted.tags, "dagster/parent_run_id": result.run_id}
    again = orchestrator.run(wanted.with_replaced_attrs(tags=in_the_ui))
    assert again.success, "a person who runs it again in Dagster's UI wants it"


def test_a_first_sync_comes_at_once_and_the_next_after_its_interval(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id, sync_interval_minutes=30)
    (wanted,) = orchestrator.tick()
    since = orchestrator.planned(credential_id).next_sync_at
    assert since is not None
    assert wanted.tags == {"twizzit/trigger": "schedule", "dagster/priority": "1", "twizzit/lane": "slow"}
    assert (wanted.run_key, wanted.job_name) == (run_keys.of_schedule(credential_id, since), "sync_all")
    assert (
        wanted.partition_key == f"{store.get(orchestrator.engine, credential_id).partition_key}|{orchestrator.season}"
    )
    (again,) = orchestrator.tick()
    assert again.run_key == wanted.run_key, "the daemon died before it made the run: Dagster makes one of a key"
    orchestrator.run(wanted)
    plan = orchestrator.planned(credential_id)
    assert plan.next_sync_at is not None
    now = datetime.now(UTC)
    assert now + timedelta(minutes=14) < plan.next_sync_at < now + timedelta(minutes=46)
    assert plan.last_sync_at is not None
    assert orchestrator.tick() == []
    orchestrator.switch_on(credential_id, next_sync_at=HOUR_AGO)
    (caught_up,) = orchestrator.tick()
    assert caught_up.run_key != wanted.run_key
    orchestrator.waiting_run(caught_up, dg.DagsterRunStatus.QUEUED)
    assert orchestrator.tick() == [], "its run is on its way"


def test_a_guessed_season_is_corrected_at_once(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id, sync_players=False, sync_competitions=False)
    (wanted,) = orchestrator.tick()
    other = "Seizoen 2026"
    orchestrator.instance.add_dynamic_partitions(SEASON, [other])
    orchestrator.run(wanted._replace(partition_key=str(wanted.partition_key).replace(orchestrator.season, other)))
    (again,) = orchestrator.tick()
    assert str(again.partition_key).endswith(f"|{orchestrator.season}")
    assert again.run_key != wanted.run_key


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE])
def test_a_run_without_a_sync_backs_off_instead_of_being_stuck(
    orchestrator: Orchestrator, status: dg.DagsterRunStatus
) -> None:
    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id)
    (wanted,) = orchestrator.tick()
    orchestrator.waiting_run(wanted, status)
    assert orchestrator.tick() == []
    plan = orchestrator.planned(credential_id)
    assert plan.consecutive_failures == 1
    assert plan.next_sync_at is not None
    assert plan.next_sync_at > datetime.now(UTC) + timedelta(minutes=45), "an hour's interval, twice as long now"
    assert orchestrator.tick() == []
    assert orchestrator.planned(credential_id) == plan
    orchestrator.switch_on(credential_id, next_sync_at=NOW)
    (again,) = orchestrator.tick()
    assert again.run_key != wanted.run_key


def test_a_run_that_finds_the_lease_taken_waits_for_a_minute(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id, sync_players=False, sync_competitions=False)
    (wanted,) = orchestrator.tick()
    lease = take_lease(orchestrator, credential_id, "from-a-terminal")
    calls = orchestrator.simulator.calls.total
    assert not orchestrator.run(wanted).success
    assert orchestrator.simulator.calls.total == calls
    release(orchestrator, lease)
    plan = orchestrator.planned(credential_id)
    assert plan.consecutive_failures == 0
    assert plan.next_sync_at is not None
    assert timedelta(seconds=50) < plan.next_sync_at - datetime.now(UTC) <= timedelta(seconds=60)
    assert orchestrator.tick() == []
    orchestrator.switch_on(credential_id, next_sync_at=HOUR_AGO)
    assert len(orchestrator.tick()) == 1


def test_what_is_broken_is_named_once_and_the_others_sync(
    orchestrator: Orchestrator, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, fine = orchestrator.credential(0), orchestrator.credential(1)
    orchestrator.switch_on(broken, sync_interval_minutes=0)
    orchestrator.switch_on(fine, sync_players=False, sync_competitions=False)
    (wanted,) = orchestrator.tick()
    assert wanted.job_name == "sync_teams"
    orchestrator.waiting_run(wanted)
    assert orchestrator.tick() == []
    assert str(orchestrator.said).endswith(f"cannot sync by themselves: {broken}")
    said = [line for line in capsys.readouterr().err.splitlines() if "cannot sync by itself" in line]
    assert len(said) == 1
    assert f"Credential {broken} cannot sync by itself: its interval of 0 minutes" in said[0]


def test_a_lease_whose_run_is_over_is_released_at_once(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id)
    (wanted,) = orchestrator.tick()
    run_id = orchestrator.waiting_run(wanted, dg.DagsterRunStatus.STARTED)
    lease = take_lease(orchestrator, credential_id, run_id)
    with orchestrator.engine.begin() as connection:
        opened = history.start(
            connection, credential_id=credential_id, entity="teams", run_id=run_id, season=orchestrator.season
        )
        lease.note(connection, opened)
    assert orchestrator.tick() == []
    assert history.for_run(orchestrator.engine, run_id)[0].status == "in_progress", "its process is alive"
    run = orchestrator.instance.get_run_by_id(run_id)
    assert run is not None
    orchestrator.instance.report_run_canceled(run)
    orchestrator.tick()
    lease.stop()
    (row,) = history.for_run(orchestrator.engine, run_id)
    assert (row.status, row.error_message) == ("failed", "interrupted: the process ended before the sync did")
    with orchestrator.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM twizzit_leases")) == 0
    assert orchestrator.planned(credential_id).consecutive_failures == 1


@pytest.mark.parametrize("found_by", ["a tick", "the next that begins"])
def test_a_run_that_left_nothing_in_progress_is_dead_after_a_minute_without_its_lease(
    orchestrator: Orchestrator, found_by: str
) -> None:
    """Its process died elsewhere, or was cut off, after its rows were closed and before it said that the run ended."""

    def look() -> dg.DagsterRunStatus:
        if found_by == "a tick":
            orchestrator.tick()
        else:
            end_dead_runs(orchestrator.instance, orchestrator.engine)
        run = orchestrator.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def closed(seconds: int) -> None:
        with orchestrator.engine.begin() as connection:
            at = text(
                "UPDATE twizzit_sync_history SET status = 'success', completed_at = timezone('utc', now()) - :ago"
            )
            connection.execute(at, {"ago": timedelta(seconds=seconds)})

    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id)
    (wanted,) = orchestrator.tick()
    run_id = orchestrator.waiting_run(wanted, dg.DagsterRunStatus.STARTED)
    lease = take_lease(orchestrator, credential_id, run_id)
    with orchestrator.engine.begin() as connection:
        history.start(
            connection, credential_id=credential_id, entity="teams", run_id=run_id, season=orchestrator.season
        )
    closed(61)
    assert look() is dg.DagsterRunStatus.STARTED, "its process has its lease"
    lease.give_back()
    closed(5)
    assert look() is dg.DagsterRunStatus.STARTED, "its process is about to end"
    closed(61)
    assert look() is dg.DagsterRunStatus.FAILURE
    assert [row.status for row in history.for_run(orchestrator.engine, run_id)] == ["success"], "as it was"


def test_partitions_come_with_credentials_and_seasons_and_go_with_them(orchestrator: Orchestrator) -> None:
    kept, gone = orchestrator.credential(0), orchestrator.credential(1)
    with orchestrator.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO twizzit_seasons (credential_id, label) VALUES (:kept, '2025-2026'), (:gone, '2019-2020')"
            ),
            {"kept": kept, "gone": gone},
        )
        connection.execute(update(tables.credentials).where(tables.credentials.c.id == kept).values(is_active=False))
        connection.execute(update(tables.credentials).values(partition_key=None))  # as ShotSpot puts them in
    keys = [
        new_partition_key(one, orchestrator.simulator.world.organizations[place].name)
        for place, one in enumerate((kept, gone))
    ]

    def partitions() -> tuple[list[str], list[str]]:
        orchestrator.tick()
        instance = orchestrator.instance
        return sorted(instance.get_dynamic_partitions(CREDENTIAL)), sorted(instance.get_dynamic_partitions(SEASON))

    assert partitions() == (sorted(keys), ["2019-2020", "2025-2026"])
    wanted = dg.RunRequest(run_key="by-hand", job_name="sync_all", partition_key=f"{keys[1]}|2019-2020")
    run_id = orchestrator.waiting_run(wanted, dg.DagsterRunStatus.QUEUED)
    store.delete(orchestrator.engine, gone, actor=Actor("token", "1", "admin"))
    assert partitions() == partitions() == (sorted(keys), ["2019-2020", "2025-2026"]), "a run uses them"
    run = orchestrator.instance.get_run_by_id(run_id)
    assert run is not None
    orchestrator.instance.report_run_canceled(run)
    assert partitions() == ([keys[0]], ["2025-2026"])
    orchestrator.instance.add_dynamic_partitions(SEASON, ["2031-2032"])
    assert "2031-2032" in partitions()[1], "a run of it may just be being made"
    assert "2031-2032" not in partitions()[1]


def test_the_queue_takes_one_of_a_credential_and_leaves_backfills_for_last(orchestrator: Orchestrator) -> None:
    """What the daemon decides, on what is really in the queue and by the real dagster.yaml."""
    one, other, third = (orchestrator.credential(place) for place in range(3))
    queued = dg.DagsterRunStatus.QUEUED
    for credential_id in (one, other, third):
        orchestrator.has_synced(credential_id, 5)

    def backfill(credential_id: int, year: int) -> str:
        key = f"{store.get(orchestrator.engine, credential_id).partition_key}|{year}-{year + 1}"
        wanted = dg.RunRequest(run_key=f"backfill-{credential_id}-{year}", job_name="sync_all", partition_key=key)
        return orchestrator.waiting_run(wanted, queued, backfill="abc")

    of_backfills = [backfill(credential_id, year) for year in (2019, 2020) for credential_id in (one, other, third)]
    orchestrator.switch_on(one)
    orchestrator.switch_on(other)
    asked = orchestrator.ask(other, "teams")
    line = orchestrator.tick()
    assert [run.tags["twizzit/trigger"] for run in line] == ["request", "schedule"]
    request, scheduled = (orchestrator.waiting_run(run, queued) for run in line)
    second = orchestrator.ask(other, "competitions")
    assert orchestrator.tick() == [], "the first has not ended"

    def next_ones() -> list[str]:
        with QueuedRunCoordinatorDaemon(interval_seconds=5) as daemon:
            config = orchestrator.instance.get_concurrency_config()
            return [run.run_id for run in daemon._get_runs_to_dequeue(orchestrator.instance, config, None)]

    assert next_ones() == [request, scheduled, of_backfills[2]], "only the third credential's has none before it"
    for run_id in next_ones():
        begin(orchestrator, run_id)
    assert next_ones() == [], "one of a credential at a time"
    run = orchestrator.instance.get_run_by_id(request)
    assert run is not None
    orchestrator.instance.report_run_failed(run)
    (again,) = orchestrator.tick()
    assert again.tags["twizzit/request"] == str(second.id)
    assert orchestrator.get(asked).status == "failed"
    following = orchestrator.waiting_run(again, queued)
    assert next_ones() == [following], "before the backfill's own"


def begin(orchestrator: Orchestrator, run_id: str) -> None:
    run = orchestrator.instance.get_run_by_id(run_id)
    assert run is not None
    orchestrator.instance.handle_run_event(
        run_id, dg.DagsterEvent(event_type_value="PIPELINE_START", job_name=run.job_name), datetime.now(UTC)
    )


def test_a_backfill_lets_what_is_due_pass(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    key = f"{store.get(orchestrator.engine, credential_id).partition_key}|2019-2020"
    wanted = dg.RunRequest(run_key="of-a-backfill", job_name="sync_all", partition_key=key)
    run_id = orchestrator.waiting_run(wanted, dg.DagsterRunStatus.STARTED, backfill="abc")
    lease = take_lease(orchestrator, credential_id, run_id)
    orchestrator.switch_on(credential_id)
    assert len(orchestrator.tick()) == 1, "into the queue, where it is the next of its credential"
    release(orchestrator, lease)
    orchestrator.waiting_run(wanted, dg.DagsterRunStatus.STARTED)
    assert orchestrator.tick() == [], "a run that was started by hand is the only one for now"


def test_a_tick_takes_two_statements_whatever_the_number_of_credentials(orchestrator: Orchestrator) -> None:
    with orchestrator.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO twizzit_credentials (organization_name, api_username, encrypted_password, encryption_iv,"
                " api_endpoint, partition_key) SELECT 'Club ' || n, 'club', 'x', 'y', 'https://app.twizzit.com/v2/api',"
                " n || '-club' FROM generate_series(1, 2000) n"
            )
        )
        connection.execute(
            text(
                "INSERT INTO twizzit_sync_config (credential_id, auto_sync_enabled, next_sync_at, sync_teams)"
                " SELECT id, true, CASE WHEN id % 40 = 0 THEN NULL WHEN id % 40 = 20 THEN now() - interval '1 hour'"
                " ELSE now() + interval '1 hour' END, id % 80 <> 0 FROM twizzit_credentials"
            )
        )
        connection.execute(
            text(
                "INSERT INTO twizzit_sync_requests (credential_id, sync_type)"
                " SELECT id, 'players' FROM twizzit_credentials, generate_series(1, 5) WHERE id % 400 = 1"
            )
        )
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(orchestrator.engine, "before_cursor_execute", count)
    try:
        runs = orchestrator.tick()
    finally:
        event.remove(orchestrator.engine, "before_cursor_execute", count)
    assert len(statements) == 2
    triggers = [run.tags["twizzit/trigger"] for run in runs]
    assert triggers == ["request"] * 5, "they take the room of what is due"
    assert len({run.run_key for run in runs}) == 5
    assert len(orchestrator.instance.get_dynamic_partitions(CREDENTIAL)) == 2000
