"""A sync killed at any moment leaves nothing behind that the next one does not repair."""

from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext

import pytest

from tests.support.calendar_world import EVERYTHING, assert_calendar
from tests.support.cut_connection import commit_unanswered
from tests.support.sync_process import emptied, importing_nothing, killed, locked, started, wait_until, watching
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.errors import DatabaseUnavailable
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.lease import INTERRUPTED
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.entities.teams import scan_teams

# The processes of one fork server: it takes seconds to start, and each worker of xdist would start its own.
pytestmark = pytest.mark.xdist_group("processes")

CALLS = (0, 1, 4, 6, 8)  # authenticate, organizations, groups, their members, contacts

# In the order in which a first sync comes to write them, and what it waits to read.
TABLES = (
    "twizzit_leases",
    "twizzit_sync_history",
    "twizzit_seasons",
    "twizzit_teams",
    "twizzit_rejected_rows",
    "twizzit_players",
    "seasons",
    "clubs",
    "teams",
    "twizzit_team_mappings",
    "twizzit_sync_changes",
    "players",
    "twizzit_player_mappings",
)
WAITS = (*((table, "SHARE") for table in TABLES), ("teams", "ACCESS EXCLUSIVE"), ("players", "ACCESS EXCLUSIVE"))


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=1, teams=3, players_per_team=4, other_contacts=0))


_TIMES = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(\+[0-9:]+)?"


def assert_repaired(world: SyncWorld, credential_id: int, killed_run: str) -> None:
    """The next sync ends in the truth, and nothing but its history shows the killed one."""
    world.sync(credential_id)

    world.assert_truth(credential_id)
    assert not world.rows(tables.leases)
    unfinished = [row for row in world.history_of(killed_run).values() if row.status == "failed"]
    assert {row.error_message for row in unfinished} <= {INTERRUPTED}
    assert {row["status"] for row in world.rows(tables.sync_history)} <= {"failed", "success", "partial_success"}
    assert all(row["completed_at"] for row in world.rows(tables.sync_history))
    for local, mappings, link in (
        (tables.teams, tables.team_mappings, "local_team_id"),
        (tables.players, tables.player_mappings, "local_player_id"),
    ):
        assert {row["id"] for row in world.rows(local)} == {row[link] for row in world.rows(mappings)}
    assert len(world.rows(tables.clubs)) == len(world.rows(tables.seasons)) == 1
    created = Counter(
        (entry["table_name"], entry["row_id"])
        for entry in world.rows(tables.sync_changes)
        if entry["action"] == "create"
    )
    assert set(created.values()) == {1}


def test_a_process_finds_imported_what_it_does(world: SyncWorld) -> None:
    """Else each would import it, which takes longer than what it does, and no test would fail of that."""
    with importing_nothing(world, world.add_credential()) as process:
        process.join()
        assert process.exitcode == 0, "it has said on the terminal what it imported"


def test_killed_while_twizzit_is_answering(world: SyncWorld) -> None:
    """What leaves the database as another one did, row by row, is repaired as that was."""
    seen: list[dict[str, list[str]]] = []
    for call in CALLS:
        credential_id = world.add_credential()
        fault = world.simulator.faults.arm("slow", after=call, seconds=1.5)
        with started(world, credential_id, "killed") as process:
            wait_until(lambda fault=fault: fault.met, process)  # type: ignore[misc]
            killed(process)
        (lease,) = world.rows(tables.leases)
        assert {row.status for row in world.history_of("killed").values()} == {"in_progress"}
        assert lease["history_id"] in {row.id for row in world.history_of("killed").values()}
        if (left := left_behind(world)) not in seen:
            seen.append(left)
            assert_repaired(world, credential_id, "killed")
            assert {row.error_message for row in world.history_of("killed").values()} == {INTERRUPTED}
        emptied(world)
    assert len(seen) >= 2, "before and after the scan of teams"


def left_behind(world: SyncWorld) -> dict[str, list[str]]:
    """Every row of the database but for the audit log, without times, the lease's holder and what is drawn by lot."""
    passing = "'holder', 'heartbeat_at', 'token', 'encrypted_password', 'encryption_iv', 'encryption_mac'"
    found = {}
    with world.connected() as connection:
        for name in tables.metadata.tables.keys() - {tables.audit_log.name}:
            rows = connection.execute(
                f"SELECT regexp_replace((to_jsonb(t) - ARRAY[{passing}])::text, '{_TIMES}', '', 'g')"
                f" FROM {name} AS t ORDER BY 1".encode()
            )
            found[name] = [str(row) for (row,) in rows.fetchall()]
    return found


def test_killed_while_it_waits_to_write_or_to_read(world: SyncWorld) -> None:
    """What leaves the database as another one did, row by row, is repaired as that was."""
    seen: list[dict[str, list[str]]] = []
    for table, mode in WAITS:
        credential_id = world.add_credential()
        with (
            locked(world, table, mode=mode),
            started(world, credential_id, "killed") as process,
            watching(world, table) as waiting,
        ):
            wait_until(waiting, process)
            killed(process)
        if (left := left_behind(world)) not in seen:
            seen.append(left)
            assert_repaired(world, credential_id, "killed")
        emptied(world)
    assert len(seen) >= 5, "before it begins, at the first scan, at the second one, at the teams, at the players"


@pytest.mark.parametrize("table", ["twizzit_sync_history", "twizzit_leases"])
def test_killed_while_it_closes_its_history(world: SyncWorld, table: str) -> None:
    """The lock comes when the last page is under way: what is left to write is the end of it all."""
    credential_id = world.add_credential()
    fault = world.simulator.faults.arm("slow", path="/contacts", seconds=0.5)
    with started(world, credential_id, "killed") as process, watching(world, table) as waiting:
        wait_until(lambda: fault.met, process)
        with locked(world, table):
            wait_until(waiting, process)
            killed(process)
    assert_repaired(world, credential_id, "killed")


@pytest.mark.parametrize("table", ["games", "twizzit_match_mappings"])
def test_killed_while_it_writes_matches(world: SyncWorld, table: str) -> None:
    """The opponents that it made go with it: the next sync makes each once."""
    credential_id = world.add_credential()
    with (
        locked(world, table),
        started(world, credential_id, "killed", steps=EVERYTHING) as process,
        watching(world, table) as waiting,
    ):
        wait_until(waiting, process)
        killed(process)
    assert not world.rows(tables.opponents)
    world.sync(credential_id, steps=EVERYTHING)
    assert_calendar(world, credential_id, "v2")
    assert world.history_of("killed")["matches"].error_message == INTERRUPTED
    assert len(world.rows(tables.games)) == len(world.rows(tables.match_mappings))
    assert not world.rows(tables.leases)


@pytest.mark.parametrize("tries", [1, 2])
def test_no_row_stays_in_progress_whose_opening_got_no_answer(world: SyncWorld, tries: int) -> None:
    """The row is there, unseen by the run: it ends with the run, or is taken by another try of the step."""
    credential_id = world.add_credential()
    with (
        pytest.raises(DatabaseUnavailable) if tries == 1 else nullcontext(),
        world.session(credential_id, run_id="unanswered") as session,
    ):
        with commit_unanswered(world, "INSERT INTO twizzit_sync_history"):
            if tries == 2:
                with pytest.raises(DatabaseUnavailable):
                    scan_teams(session)
            else:
                scan_teams(session)
        scan_teams(session)
    (row,) = world.history_of("unanswered").values()
    assert len(world.rows(tables.sync_history)) == 1
    assert row.status == ("failed" if tries == 1 else "partial_success")
    assert (row.error_message or "").startswith("The database cannot be reached") == (tries == 1)
    assert row.completed_at is not None
    assert not world.rows(tables.leases)


def test_killed_twice_and_in_the_second_sync_of_a_club(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    world.sync(credential_id)
    world.simulator.changes.rename_team(world.roster()[0], "Nieuw")
    world.simulator.changes.transfer(world.roster(1)[1][3], world.roster(2)[0])
    for run_id, table in (("once", "teams"), ("twice", "players")):
        with locked(world, table), started(world, credential_id, run_id) as process, watching(world, table) as waiting:
            wait_until(waiting, process)
            killed(process)
    assert_repaired(world, credential_id, "twice")
    rows = world.dump()
    world.sync(credential_id)
    assert world.dump() == rows


def test_a_reader_of_the_history_closes_what_a_killed_sync_left(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    fault = world.simulator.faults.arm("slow", after=6, seconds=1.0)
    with started(world, credential_id, "killed") as process:
        wait_until(lambda: fault.met, process)
        (alive,) = {row.status for row in history.recent(world.database.engine, credential_id)}
        killed(process)
    assert alive == "in_progress"
    rows = history.recent(world.database.engine, credential_id)
    assert {(row.status, row.error_message) for row in rows} == {("failed", INTERRUPTED)}
    assert history.interrupted(world.database.engine, ["killed", "another"]) == {"killed"}
    assert not world.rows(tables.leases)
