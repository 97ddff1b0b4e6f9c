"""The sensor that makes runs of requests: ticks on the real instance, and the runs that they ask for."""

from collections.abc import Callable

import dagster as dg
import pytest
from pydantic import SecretStr
from sqlalchemy import delete, text, update

from tests.support.orchestrator import QUIET, Orchestrator, run_key
from twizzit_pipeline.accounts.verify import verify
from twizzit_pipeline.credentials import store
from twizzit_pipeline.orchestration.partitions import CREDENTIAL, SEASON, parse
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.lease import Lease, lease_key
from twizzit_pipeline.scheduling import heartbeat
from twizzit_pipeline.scheduling.wishes import RequestOptions
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

SMALL = {"clubs": 3, "teams": 2, "players_per_team": 3, "other_contacts": 2}


def test_a_request_becomes_a_run_and_ends_with_it(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    request = orchestrator.ask(credential_id)
    (wanted,) = orchestrator.tick()
    assert (wanted.run_key, wanted.job_name) == (run_key(request), "sync_all")
    assert wanted.tags == {
        "twizzit/trigger": "request",
        "twizzit/request": str(request.id),
        "dagster/priority": "2",
        "twizzit/lane": "slow",
    }
    key = store.get(orchestrator.engine, credential_id).partition_key
    assert wanted.partition_key == f"{key}|{orchestrator.season}"
    assert orchestrator.get(request).status == "queued"
    result = orchestrator.run(wanted)
    over = orchestrator.get(request)
    rows = history.for_run(orchestrator.engine, result.run_id)
    assert (over.run_id, over.history_ids) == (result.run_id, tuple(row.id for row in rows))
    entities = ("teams", "players", "competitions", "matches")
    assert {row.entity: row.details["request_id"] for row in rows} == dict.fromkeys(entities, request.id)
    assert (over.status, over.error) == ("partial_success", None), "the simulator holds rows that must be rejected"
    truth = orchestrator.simulator.world.truth(orchestrator.simulator.world.organizations[0], orchestrator.season)
    assert next(row for row in rows if row.sync_type == "players").items_succeeded == len(truth.players)
    assert orchestrator.tick() == []


@pytest.mark.parametrize("deed", ["sync", "preview", "by itself"])
@pytest.mark.parametrize("dimension", [CREDENTIAL, SEASON])
def test_a_partition_that_was_deleted_in_dagster_before_its_run_began_is_made_again(
    orchestrator: Orchestrator, dimension: str, deed: str
) -> None:
    """Of a club that never synced: its account has said of no season yet that there is one."""
    credential_id = orchestrator.credential()
    request = None
    if deed == "by itself":
        orchestrator.switch_on(credential_id)
    else:
        request = orchestrator.ask(credential_id, options=RequestOptions(preview=deed == "preview"))
    (wanted,) = orchestrator.tick()
    result = without_partition(orchestrator, wanted, dimension)
    assert result.success
    partition = parse(str(wanted.partition_key))
    assert getattr(partition, dimension) in orchestrator.instance.get_dynamic_partitions(dimension)
    assert bool(history.for_run(orchestrator.engine, result.run_id)) == (deed != "preview")
    assert request is None or orchestrator.get(request).status in ("success", "partial_success")


def test_a_partition_of_a_credential_that_was_deleted_meanwhile_is_not_made_again(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    orchestrator.switch_on(credential_id)
    (wanted,) = orchestrator.tick()
    with orchestrator.engine.begin() as connection:
        connection.execute(delete(tables.credentials).where(tables.credentials.c.id == credential_id))
    assert not without_partition(orchestrator, wanted, CREDENTIAL).success
    assert orchestrator.instance.get_dynamic_partitions(CREDENTIAL) == []
    assert orchestrator.simulator.calls.total == 0


def without_partition(orchestrator: Orchestrator, wanted: dg.RunRequest, dimension: str) -> dg.ExecuteInProcessResult:
    """The run, once a person has deleted its credential or its season in Dagster's UI."""
    partition = parse(str(wanted.partition_key))
    orchestrator.instance.delete_dynamic_partition(dimension, getattr(partition, dimension))
    tags = {"dagster/partition": str(wanted.partition_key)}
    tags |= {f"dagster/partition/{name}": getattr(partition, name) for name in (CREDENTIAL, SEASON)}
    assert wanted.job_name is not None
    return orchestrator.definitions.resolve_job_def(wanted.job_name).execute_in_process(
        instance=orchestrator.instance, tags={**wanted.tags, **tags}, run_config=QUIET, raise_on_error=False
    )


def test_a_tick_is_a_heartbeat(orchestrator: Orchestrator) -> None:
    with orchestrator.engine.begin() as connection:
        connection.execute(text("DELETE FROM twizzit_orchestrators"))
    assert heartbeat.last(orchestrator.engine) is None
    assert orchestrator.tick() == []
    orchestrator.ask(orchestrator.credential())


def test_partitions_come_with_the_runs(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    orchestrator.ask(credential_id, season="2025-2026")
    orchestrator.tick()
    assert orchestrator.instance.get_dynamic_partitions(CREDENTIAL) == [
        store.get(orchestrator.engine, credential_id).partition_key
    ]
    assert orchestrator.instance.get_dynamic_partitions(SEASON) == ["2025-2026"]


def test_a_request_is_emitted_once(orchestrator: Orchestrator) -> None:
    request = orchestrator.ask(orchestrator.credential())
    (wanted,) = orchestrator.tick()
    assert orchestrator.tick() == [], "though no run is to be seen yet"
    with orchestrator.engine.begin() as connection:
        connection.execute(update(tables.sync_requests).values(claimed_at=text("now() - interval '61 seconds'")))
    orchestrator.waiting_run(wanted)
    assert orchestrator.tick() == [], "its run is on its way"
    assert orchestrator.get(request).status == "queued"


def test_a_request_whose_run_was_lost_is_emitted_again_under_the_same_key(orchestrator: Orchestrator) -> None:
    orchestrator.ask(orchestrator.credential())
    (lost,) = orchestrator.tick()
    with orchestrator.engine.begin() as connection:
        connection.execute(update(tables.sync_requests).values(claimed_at=text("now() - interval '61 seconds'")))
    (again,) = orchestrator.tick()
    assert again.run_key == lost.run_key, "by which Dagster recognizes a run that is there after all"


def test_one_credential_takes_turns_and_others_do_not_wait(orchestrator: Orchestrator) -> None:
    one, other = orchestrator.credential(0), orchestrator.credential(1)
    first, second = orchestrator.ask(one, "teams"), orchestrator.ask(one, "competitions")
    elsewhere = orchestrator.ask(other, "teams")
    wanted = orchestrator.tick()
    assert [run.tags["twizzit/request"] for run in wanted] == [str(first.id), str(elsewhere.id)]
    orchestrator.run(wanted[0])
    orchestrator.waiting_run(wanted[1])
    (last,) = orchestrator.tick()
    assert last.tags["twizzit/request"] == str(second.id)


def test_a_sync_from_elsewhere_keeps_a_request_waiting(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    request = orchestrator.ask(credential_id)
    key = lease_key(store.get(orchestrator.engine, credential_id))
    lease = Lease.take(orchestrator.engine, key, credential_id=credential_id, run_id="from-a-terminal")
    assert orchestrator.tick() == []
    lease.stop()
    with orchestrator.engine.begin() as connection:
        lease.release(connection)
    assert [run.run_key for run in orchestrator.tick()] == [run_key(request)]


def test_a_run_that_finds_the_lease_taken_waits_for_another_turn(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    request = orchestrator.ask(credential_id, "teams")
    (wanted,) = orchestrator.tick()
    key = lease_key(store.get(orchestrator.engine, credential_id))
    lease = Lease.take(orchestrator.engine, key, credential_id=credential_id, run_id="from-a-terminal")
    calls = orchestrator.simulator.calls
    assert not orchestrator.run(wanted).success
    assert orchestrator.simulator.calls == calls
    lease.stop()
    with orchestrator.engine.begin() as connection:
        lease.release(connection)
    back = orchestrator.get(request)
    assert (back.status, back.attempt, back.over) == ("queued", 2, False)
    assert orchestrator.tick() == []
    with orchestrator.engine.begin() as connection:
        connection.execute(update(tables.sync_requests).values(claimed_at=text("now() - interval '61 seconds'")))
    (again,) = orchestrator.tick()
    assert again.run_key == run_key(request, attempt=2)


def test_an_id_that_a_restored_database_gives_again_is_another_request(orchestrator: Orchestrator) -> None:
    """Dagster's tables may be in a database of their own, which has not been put back."""
    credential_id = orchestrator.credential()
    before = orchestrator.ask(credential_id, "teams")
    (wanted,) = orchestrator.tick()
    orchestrator.waiting_run(wanted, dg.DagsterRunStatus.SUCCESS)
    with orchestrator.engine.begin() as connection:
        connection.execute(text("TRUNCATE twizzit_sync_requests RESTART IDENTITY"))
    again = orchestrator.ask(credential_id, "teams")
    assert again.id == before.id
    (other,) = orchestrator.tick()
    assert (other.run_key, other.run_key != wanted.run_key) == (run_key(again), True)
    assert orchestrator.tick() == []
    assert orchestrator.get(again).status == "queued"


def test_30_requests_become_one_run(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    asked = {run_key(orchestrator.ask(credential_id, "teams")) for _ in range(30)}
    made = orchestrator.tick()
    assert asked == {run.run_key for run in made}
    assert len(made) == 1
    assert orchestrator.tick() == []


def test_a_dead_run_is_ended_with_its_request(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    request = orchestrator.ask(credential_id, "teams")
    (wanted,) = orchestrator.tick()
    run_id = orchestrator.waiting_run(wanted, dg.DagsterRunStatus.STARTED)
    key = lease_key(store.get(orchestrator.engine, credential_id))
    Lease.take(orchestrator.engine, key, credential_id=credential_id, run_id=run_id).stop()
    with orchestrator.engine.begin() as connection:
        started = {"status": "started", "dagster_run_id": run_id, "started_at": text("now()")}
        connection.execute(update(tables.sync_requests).values(started))
        connection.execute(
            text(
                "INSERT INTO twizzit_sync_history (credential_id, sync_type, sync_direction, status, started_at,"
                " dagster_run_id) VALUES (:credential, 'teams', 'import', 'in_progress', now(), :run)"
            ),
            {"credential": credential_id, "run": run_id},
        )
        connection.execute(update(tables.leases).values(heartbeat_at=text("now() - interval '61 seconds'")))
    assert orchestrator.tick() == []
    assert orchestrator.get(request).status == "failed"
    run = orchestrator.instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE


def test_one_broken_request_does_not_stop_the_others(orchestrator: Orchestrator) -> None:
    off, odd, fine = (orchestrator.credential(place) for place in (0, 1, 2))
    refused = orchestrator.ask(off)
    unusable = orchestrator.ask(odd)
    good = orchestrator.ask(fine)
    with orchestrator.engine.begin() as connection:
        connection.execute(update(tables.credentials).where(tables.credentials.c.id == off).values(is_active=False))
        label = update(tables.sync_requests).where(tables.sync_requests.c.id == unusable.id).values(season="2026|2027")
        connection.execute(label)
    assert [run.tags["twizzit/request"] for run in orchestrator.tick()] == [str(good.id)]
    assert "switched off" in str(orchestrator.get(refused).error)
    assert "label" in str(orchestrator.get(unusable).error)
    assert {orchestrator.get(one).status for one in (refused, unusable)} == {"failed"}


def test_a_credential_switched_off_while_its_run_waited_is_reported(orchestrator: Orchestrator) -> None:
    request = orchestrator.ask(orchestrator.credential(), "teams")
    (wanted,) = orchestrator.tick()
    with orchestrator.engine.begin() as connection:
        connection.execute(update(tables.credentials).values(is_active=False))
    result = orchestrator.run(wanted)
    over = orchestrator.get(request)
    assert (over.status, over.run_id) == ("failed", result.run_id)
    assert "switched off" in str(over.error)


def test_a_sync_that_fails_says_why(orchestrator: Orchestrator) -> None:
    request = orchestrator.ask(orchestrator.credential(password=SecretStr("wrong")))
    (wanted,) = orchestrator.tick()
    orchestrator.run(wanted)
    over = orchestrator.get(request)
    assert over.status == "failed"
    teams, calendar = history.for_run(orchestrator.engine, str(over.run_id))
    assert (over.error, over.history_ids) == (teams.error_message, (teams.id, calendar.id))
    assert calendar.error_message == teams.error_message
    assert "password" in str(over.error)
    assert orchestrator.simulator.calls.total == 1, "a login that was refused is not repeated by the next step"


def test_what_is_asked_for_decides_the_job(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    for sync_type, options, job in (
        ("teams", RequestOptions(), "sync_teams"),
        ("teams", RequestOptions(include_players=True), "sync_all"),
        ("all", RequestOptions(), "sync_all"),
        ("players", RequestOptions(), "sync_all"),
        ("competitions", RequestOptions(), "sync_all"),
    ):
        orchestrator.ask(credential_id, sync_type, options=options)
        (wanted,) = orchestrator.tick()
        assert wanted.job_name == job, (sync_type, options)
        with orchestrator.engine.begin() as connection:
            connection.execute(tables.sync_requests.delete())


def test_players_alone_follow_a_scan_of_teams_and_a_narrowed_request_reaches_the_sync(
    orchestrator: Orchestrator,
) -> None:
    credential_id = orchestrator.credential()
    groups = [
        group.id
        for group in orchestrator.simulator.world.organizations[0].teams(orchestrator.simulator.world.running_season)
    ]

    def asked(group: int | None = None) -> dg.RunRequest:
        options = RequestOptions() if group is None else RequestOptions(group_id=str(group))
        orchestrator.ask(credential_id, "players", options=options)
        (wanted,) = orchestrator.tick()
        return wanted

    def ran(group: int | None = None) -> str | None:
        """The job that was asked for, once it was carried out."""
        wanted = asked(group)
        result = orchestrator.run(wanted)
        narrowed = {} if group is None else {"group_id": str(group)}
        for row in history.for_run(orchestrator.engine, result.run_id):
            assert {name: row.details[name] for name in row.details if name == "group_id"} == narrowed
        return wanted.job_name

    assert ran(groups[0]) == "sync_all"
    with orchestrator.engine.connect() as connection:
        mapped = connection.scalars(text("SELECT twizzit_team_id FROM twizzit_team_mappings")).all()
    assert mapped == [str(groups[0])]
    assert ran(groups[0]) == "sync_players"
    assert ran(groups[1]) == "sync_all"
    assert ran() == "sync_all", "one team alone was read, and another: not all"
    assert asked().job_name == "sync_players"


def test_a_guessed_season_is_corrected_by_another_run(
    settings: Settings, database: Database, simulate: Callable[..., SimulatorServer], orchestrator: Orchestrator
) -> None:
    """The orchestrator may not ask Twizzit, so that it guesses the season of an account that was never asked."""
    credential_id = orchestrator.credential()
    world = orchestrator.simulator.world
    other = "Seizoen 2026"
    request = orchestrator.ask(credential_id, "teams")
    with orchestrator.engine.begin() as connection:  # an account that was never asked, and lists other labels
        connection.execute(update(tables.sync_requests).values(season=None))
    (wanted,) = orchestrator.tick()
    guessed = str(wanted.partition_key).split("|")[1]
    assert guessed == world.running_season.label
    wanted = wanted._replace(partition_key=str(wanted.partition_key).replace(guessed, other))
    orchestrator.instance.add_dynamic_partitions(SEASON, [other])
    orchestrator.run(wanted)
    back = orchestrator.get(request)
    assert (back.status, back.season, back.attempt) == ("queued", world.running_season.label, 2)
    (again,) = orchestrator.tick()
    assert (again.run_key, str(again.partition_key).split("|")[1]) == (run_key(request, attempt=2), guessed)
    orchestrator.run(again)
    assert orchestrator.get(request).status == "partial_success"


def test_a_season_that_was_named_is_not_corrected_and_its_run_made_again_leaves_the_request_as_it_is(
    orchestrator: Orchestrator,
) -> None:
    request = orchestrator.ask(orchestrator.credential(), "teams", season="2031-2032")
    (wanted,) = orchestrator.tick()
    orchestrator.run(wanted)
    over = orchestrator.get(request)
    assert (over.status, over.error, over.attempt) == ("success", None, 1)
    rows = history.for_run(orchestrator.engine, str(over.run_id))
    assert {row.details["season_exists"] for row in rows} == {False}
    assert orchestrator.run(wanted).success, "as a person starts it again by hand"
    assert orchestrator.get(request) == over


def test_a_known_season_is_not_guessed(orchestrator: Orchestrator) -> None:
    credential_id = orchestrator.credential()
    verify(orchestrator.settings, orchestrator.database, credential_id)
    with orchestrator.engine.begin() as connection:
        connection.execute(
            text("UPDATE twizzit_seasons SET label = 'Nu' WHERE label = :label"), {"label": orchestrator.season}
        )
    orchestrator.ask(credential_id)
    (wanted,) = orchestrator.tick()
    assert str(wanted.partition_key).endswith("|Nu")
