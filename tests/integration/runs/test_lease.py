"""One sync of an organization works at a time; a dead one is repaired, a silent one taken over."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from tests.support.sync_process import IN_PROGRESS, killed, locked, started, wait_until, watching
from tests.support.sync_world import STEPS, SyncWorld, quick
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import DatabaseRefused, LeaseLost, SyncInProgress
from twizzit_pipeline.runs import history, lease, processes
from twizzit_pipeline.runs.alone import alone
from twizzit_pipeline.runs.lease import INTERRUPTED, SILENT, Lease
from twizzit_pipeline.scheduling import due
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams
from twizzit_pipeline.sync.session import SyncSession

ANOTHER_MACHINE = "another-machine/boot/ns|1"
PROCESSES = pytest.mark.xdist_group("processes")  # see test_sync_killed


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=2, teams=3, players_per_team=4, other_contacts=0))


@contextmanager
def under_way(world: SyncWorld, credential_id: int, run_id: str) -> Iterator[None]:
    """A sync of this process that is held between its transactions, and ends well when the context does."""
    held, go_on = Event(), Event()
    ended: list[str] = []

    def hold(said: str) -> None:
        if said.startswith("Reading the players"):
            held.set()
            go_on.wait(30)

    def sync() -> None:
        with world.session(credential_id, run_id=run_id, progress=hold) as session:
            for step in STEPS:
                step(session)
        ended.append(run_id)

    thread = Thread(target=sync)
    thread.start()
    wait_until(held.is_set)
    try:
        yield
    finally:
        go_on.set()
        thread.join()
    assert ended, "the sync under way was disturbed"


def silenced(world: SyncWorld, seconds: int, holder: str = ANOTHER_MACHINE) -> None:
    """The lease's holder is elsewhere, and was heard of so many seconds ago."""
    with world.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE twizzit_leases SET holder = :holder, heartbeat_at = now() - make_interval(secs => :seconds)"),
            {"holder": holder, "seconds": seconds},
        )


def test_what_takes_the_lease_at_this_moment_is_not_said_to_be_over(world: SyncWorld) -> None:
    """Another transaction sees no row of it: of a decision never, of a sync once its lease is committed."""
    credential_id = world.add_credential()
    key = lease.lease_key(store.get(world.database.engine, credential_id))
    with (
        alone(world.database.engine, {key}, credential_id=credential_id),
        pytest.raises(SyncInProgress, match=r"organization has just begun or ended, so do this again now$"),
    ):
        world.sync(credential_id)


def test_a_server_that_lets_no_statement_wait_so_long_says_no_less(world: SyncWorld) -> None:
    credential_id, engine = world.add_credential(), world.database.engine
    key = lease.lease_key(store.get(engine, credential_id))

    def limit(connection: Connection, _cursor: object, statement: str, *_more: Any) -> None:
        if statement.startswith("SET LOCAL lock_timeout"):
            connection.exec_driver_sql("SET LOCAL statement_timeout = '1s'")

    with alone(engine, {key}, credential_id=credential_id):
        event.listen(engine, "after_cursor_execute", limit)
        try:
            for claim in (lambda: world.sync(credential_id), lambda: _decide(world, key, credential_id)):
                with pytest.raises(SyncInProgress):
                    claim()
        finally:
            event.remove(engine, "after_cursor_execute", limit)


def _decide(world: SyncWorld, key: str, credential_id: int) -> None:
    with alone(world.database.engine, {key}, credential_id=credential_id):
        raise AssertionError("two at once")


def test_a_second_sync_of_the_same_credential_is_refused(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    world.sync(credential_id, steps=[scan_teams])  # which says of which organization it is
    known = len(world.rows(tables.sync_history))
    with under_way(world, credential_id, "first"):
        first = world.history_of("first")
        with pytest.raises(SyncInProgress, match=r"sync \d+ of this .* at work for \d+ (second|minute)") as raised:
            world.sync(credential_id, run_id="second")
        assert raised.value.history_id in {row.id for row in first.values()}
        assert [row["history_id"] for row in world.rows(tables.leases)] == [raised.value.history_id]
        assert not world.history_of("second")
    assert len(world.rows(tables.sync_history)) == known + 2
    world.assert_truth(credential_id)
    assert not world.rows(tables.leases)


def test_a_second_credential_of_the_organization_is_refused(world: SyncWorld) -> None:
    """Only Twizzit says which organization it reads, so its own history shows the refusal."""
    first, second = world.add_credential(), world.add_credential()
    with under_way(world, first, "first"):
        with pytest.raises(SyncInProgress) as raised:
            world.sync(second, run_id="second")
        assert raised.value.history_id in {row.id for row in world.history_of("first").values()}
        (refused,) = world.history_of("second").values()
        assert refused.status == "failed"
        assert "Wait for its end (twizzit status)" in str(refused.error_message)
        assert len(world.rows(tables.leases)) == 1
    world.assert_truth(first)
    assert not world.rows(tables.leases)


@PROCESSES
def test_a_second_process_is_refused(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    world.sync(credential_id, steps=[scan_teams])
    with under_way(world, credential_id, "first"), started(world, credential_id, "second") as process:
        process.join(20)
        assert process.exitcode == IN_PROGRESS
    fault = world.simulator.faults.arm("slow", path="/group-contacts", seconds=1.0)
    with started(world, credential_id, "third") as process:
        wait_until(lambda: fault.met, process)
        with pytest.raises(SyncInProgress):
            world.sync(credential_id)
        process.join(20)
        assert process.exitcode == 0
    assert {row.status for row in world.history_of("third").values()} == {"partial_success"}


def test_two_organizations_sync_at_once(world: SyncWorld) -> None:
    first, second = world.add_credential(0), world.add_credential(1)
    with under_way(world, first, "first"):
        world.sync(second)
    world.assert_truth(first, 0)
    world.assert_truth(second, 1)


def test_of_many_at_the_same_moment_exactly_one_gets_the_lease(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    engine = world.database.engine

    def take(number: int) -> Lease | None:
        try:
            return Lease.take(engine, "v2:1", credential_id=credential_id, run_id=f"run-{number}")
        except SyncInProgress:
            return None

    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            taken = [one for one in pool.map(take, range(8)) if one is not None]
        assert len(taken) == 1
        released(world, taken[0])


def released(world: SyncWorld, held: Lease) -> None:
    held.stop()
    with world.database.engine.begin() as connection:
        held.release(connection)


@PROCESSES
def test_a_killed_process_is_repaired_at_once(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    fault = world.simulator.faults.arm("slow", path="/group-contacts", seconds=0.7)
    with started(world, credential_id, "killed") as process:
        wait_until(lambda: fault.met, process)
        killed(process)
        world.sync(credential_id)
    assert {row.error_message for row in world.history_of("killed").values()} == {INTERRUPTED}
    world.assert_truth(credential_id)


@pytest.mark.parametrize("holder", [ANOTHER_MACHINE, None], ids=["elsewhere", "here"])
def test_a_silent_one_is_taken_over_and_writes_nothing_more(world: SyncWorld, holder: str | None) -> None:
    """As a process that was stopped for more than a minute: it finds out before it writes."""
    credential_id = world.add_credential()
    world.sync(credential_id)
    world.simulator.changes.transfer(world.roster(1)[1][3], world.roster(2)[0])
    with pytest.raises(LeaseLost), world.session(credential_id, run_id="silent") as silent:
        scan_teams(silent)
        silenced(world, 59, holder or processes.this_process())
        with pytest.raises(SyncInProgress):
            world.sync(credential_id)
        silenced(world, 61, holder or processes.this_process())
        with world.session(credential_id, run_id="next") as following:
            scan_teams(following)
            (row,) = world.history_of("silent").values()
            assert (row.status, row.error_message) == ("failed", SILENT), "it is not seen that it lives"
            rows, recorded = world.dump(), world.rows(tables.sync_history)
            with pytest.raises(LeaseLost, match="took over"):
                scan_players(silent)
            with pytest.raises(LeaseLost):
                map_teams(silent)
            assert (world.dump(), world.rows(tables.sync_history)) == (rows, recorded)
            scan_players(following)
            map_teams(following)
            map_players(following)
        raise LeaseLost("as the orchestrator passes it on")
    assert [row.error_message for row in world.history_of("silent").values()] == [SILENT]
    assert {row.status for row in world.history_of("next").values()} == {"partial_success"}
    assert not world.rows(tables.leases)
    world.assert_truth(credential_id)


def test_one_that_died_while_the_clock_was_ahead_keeps_no_club_waiting(world: SyncWorld) -> None:
    """On another machine: its last sign of life lies ahead once the clock is put back, by a year here."""
    credential_id = world.add_credential()
    with pytest.raises(LeaseLost), world.session(credential_id, run_id="ahead") as ahead:
        scan_teams(ahead)
        silenced(world, -366 * 86400)
        assert [held.silent for held in due.look(world.database.engine).leases] == [True]
        world.sync(credential_id)
        scan_players(ahead)
    assert [row.error_message for row in world.history_of("ahead").values()] == [SILENT]


def test_a_silent_one_leaves_the_lease_of_its_successor_alone(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    with world.session(credential_id, run_id="next") as following:
        with world.session(credential_id, run_id="silent") as silent:
            scan_teams(silent)
            silenced(world, 61)
            scan_teams(following)
        (held,) = world.rows(tables.leases)
        assert held["dagster_run_id"] == "next"
        with pytest.raises(SyncInProgress):
            world.sync(credential_id)


def test_a_silent_one_cannot_take_the_lease_of_the_organization_either(world: SyncWorld) -> None:
    """Taken over before it knew its organization."""
    credential_id = world.add_credential()
    with world.session(credential_id, run_id="silent") as silent, pytest.raises(LeaseLost), silent.recording("teams"):
        with world.database.engine.begin() as connection:
            connection.execute(tables.leases.delete())
        silent.listed_season()
    assert not world.rows(tables.leases)
    assert not world.rows(tables.twizzit_seasons)


@pytest.mark.parametrize("process_id", ["alive", "gone"])
def test_a_process_of_this_machine_is_dead_when_it_is_gone(world: SyncWorld, process_id: str) -> None:
    credential_id = world.add_credential()
    number = os.getppid() if process_id == "alive" else 2**22 + 1
    with world.session(credential_id, run_id="other") as other:
        scan_teams(other)
        silenced(world, 1, f"{processes._machine()}|{number}")
        assert lease.close_interrupted(world.database.engine) == ([] if process_id == "alive" else ["other"])
    assert [row.status for row in world.history_of("other").values()] == [
        "partial_success" if process_id == "alive" else "failed"
    ]


def test_the_heart_beats_until_the_lease_is_released(world: SyncWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "BEAT_SECONDS", 0.02)
    credential_id = world.add_credential()
    held = Lease.take(world.database.engine, "v2:1", credential_id=credential_id, run_id="run")
    silenced(world, 3600)

    def beats() -> bool:
        return not lease.close_interrupted(world.database.engine) and not silent()

    def silent() -> bool:
        with world.connected() as connection:
            row = connection.execute("SELECT heartbeat_at < now() - interval '1 minute' FROM twizzit_leases").fetchone()
        return row is None or bool(row[0])

    wait_until(lambda: not silent())
    assert beats()
    released(world, held)
    assert not world.rows(tables.leases)
    assert not held._beating.is_alive()


def test_a_beat_in_the_middle_of_a_scan_disturbs_no_sync(world: SyncWorld) -> None:
    """The heartbeat writes the row that the scan's transaction is about to confirm: that is tried again."""
    credential_id = world.add_credential()
    ended: list[Any] = []
    fault = world.simulator.faults.arm("slow", path="/groups", seconds=0.4)
    thread = Thread(target=lambda: ended.append(world.sync(credential_id)))
    thread.start()
    wait_until(lambda: fault.met)
    with world.connected() as other, other.transaction(), watching(world) as waiting:
        other.execute("UPDATE twizzit_leases SET heartbeat_at = clock_timestamp()")
        wait_until(waiting)
    thread.join()
    assert ended
    world.assert_truth(credential_id)


def test_no_sync_waits_for_one_that_waits_itself(world: SyncWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder's transaction is held by another's lock, and so is its heartbeat: it is under way nevertheless."""
    monkeypatch.setattr(lease, "PATIENCE_SECONDS", 1)
    credential_id = world.add_credential()
    world.sync(credential_id, steps=[scan_teams, scan_players])
    ended: list[object] = []
    steps = [map_teams, map_players]
    thread = Thread(target=lambda: ended.append(world.sync(credential_id, run_id="first", steps=steps)))
    with locked(world, "teams"), watching(world) as waiting:
        thread.start()
        wait_until(waiting)
        with pytest.raises(SyncInProgress) as raised:
            world.sync(credential_id, run_id="second")
        assert raised.value.history_id in {row.id for row in world.history_of("first").values()}
    thread.join()
    assert ended
    world.sync(credential_id)
    world.assert_truth(credential_id)


@pytest.fixture
def without_history(world: SyncWorld) -> SyncSession:
    """A session whose history is out of reach from its first scan on, which fails by itself."""

    def take_away(said: str) -> None:
        if said == "Reading teams":
            rename(world, "twizzit_sync_history", "away")

    world.simulator.faults.arm("forbidden", path="/groups", times=None)
    return world.session(world.add_credential(), run_id="cut off", progress=take_away)


def rename(world: SyncWorld, one: str, other: str) -> None:
    with world.connected() as connection:
        connection.execute(f"ALTER TABLE {one} RENAME TO {other}")


def test_a_failure_that_could_not_be_written_at_once_is_written_at_the_end(
    world: SyncWorld, without_history: SyncSession
) -> None:
    with without_history:
        with pytest.raises(DatabaseRefused):
            scan_teams(without_history)
        rename(world, "away", "twizzit_sync_history")
    (row,) = world.history_of("cut off").values()
    assert row.status == "failed"
    assert "/groups answered 403" in str(row.error_message)
    assert not world.rows(tables.leases)


def test_what_cannot_be_closed_is_closed_by_the_death_of_its_lease(
    world: SyncWorld, without_history: SyncSession
) -> None:
    """The history is out of reach when the sync fails and when it ends: nothing stays in progress for good."""
    credential_id = without_history.credential.id
    with pytest.raises(DatabaseRefused), without_history:
        scan_teams(without_history)
    rename(world, "away", "twizzit_sync_history")
    assert len(world.rows(tables.leases)) == 1
    assert {row.status for row in world.history_of("cut off").values()} == {"in_progress"}

    silenced(world, 61)
    history.recent(world.database.engine, credential_id)
    assert {row.status for row in world.history_of("cut off").values()} == {"failed"}
    assert not world.rows(tables.leases)
