"""What `up` shows: each sync that ends, once; what the demo's receiver gets; a database that is silent."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.errors import AlreadyUp, DatabaseUnavailable, RateLimited
from twizzit_pipeline.local.automation import Switches
from twizzit_pipeline.local.lock import DatabaseLock
from twizzit_pipeline.local.own_version import OwnVersion
from twizzit_pipeline.local.receiver import receiving
from twizzit_pipeline.local.syncs import EndedSyncs, line
from twizzit_pipeline.local.watch import Watch
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.life import Life
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.revisions import known
from twizzit_pipeline.sync.entities.teams import scan_teams

BEGAN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    server = simulate(clubs=2, teams=4, players_per_team=6, tidy=frozenset({2}))
    return SyncWorld(quick(settings), database, server)


@pytest.fixture
def watched(world: SyncWorld) -> tuple[EndedSyncs, list[str]]:
    said: list[str] = []
    return EndedSyncs(world.database.engine, said.append), said


def row(**changes: Any) -> HistoryRow:
    values: dict[str, Any] = {
        "id": 1,
        "credential_id": 1,
        "sync_type": "teams",
        "sync_direction": "import",
        "status": "success",
        "items_processed": 8,
        "items_succeeded": 8,
        "items_failed": 0,
        "error_message": None,
        "started_at": BEGAN,
        "completed_at": BEGAN + timedelta(seconds=2),
        "dagster_run_id": "run",
        "details": {"season": "2026-2027", "calls": 3, "unchanged": 8},
    }
    return HistoryRow(**{**values, **changes})


# --- syncs ------------------------------------------------------------------------------------------------------------


def test_each_sync_is_shown_once_with_what_it_did(world: SyncWorld, watched: tuple[EndedSyncs, list[str]]) -> None:
    syncs, said = watched
    first, second = world.add_credential(0), world.add_credential(1)
    world.sync(first)
    world.sync(second)
    syncs.look()
    syncs.look()
    assert len(said) == 2
    mixed, tidy = said
    label = world.season
    assert re.match(rf"\d\d:\d\d:\d\d  {first} KC Scheldedal, {label} · partial success · 4 of 5 teams, ", mixed)
    assert re.search(
        r" · \d+ created · \d+ calls · \d+\.\d s · "
        r"teams: 1 rejected: the name is missing \(name_present: \d+\); players: ",
        mixed,
    )
    assert f"  {second} Korfbal 't Wilgenhof '78, {label} · success · 4 teams, 24 players · 28 created · " in tidy
    assert tidy.endswith(" s"), "nothing to explain"

    world.sync(second)
    syncs.look()
    assert re.fullmatch(
        rf"\d\d:\d\d:\d\d  {second} Korfbal 't Wilgenhof '78, {label} · success · unchanged since last time", said[2]
    )
    # Another season of the club is another matter, and one that it has not is skipped.
    world.sync(second, "1999-2000")
    syncs.look()
    assert ", 1999-2000 · skipped: the account has no such season · " in said[3]


def test_what_goes_on_as_it_was_is_said_in_a_few_words_until_it_changes(
    world: SyncWorld, watched: tuple[EndedSyncs, list[str]]
) -> None:
    syncs, said = watched
    credential_id = world.add_credential(1)
    for seconds in (600, 600, 700):
        world.simulator.faults.arm(kind="rate_limit_seconds", path="/organizations", times=None, seconds=seconds)
        with pytest.raises(RateLimited):
            world.sync(credential_id)
        world.simulator.faults.clear()
        syncs.look()
    world.sync(credential_id)
    world.sync(credential_id)
    syncs.look()
    in_full = [not one.endswith(" · unchanged since last time") for one in said]
    assert in_full[0]
    assert said[1].endswith(" · failed · unchanged since last time")
    assert said[3:] and "success" in said[3]
    assert in_full[3:] == [True, False]


def test_syncs_are_shown_once_the_clock_was_put_back(world: SyncWorld) -> None:
    engine, said = world.database.engine, list[str]()
    clock = "FUNCTION public.statement_timestamp()"
    by_a_day = "LANGUAGE sql AS $$SELECT pg_catalog.statement_timestamp() + interval '1 day'$$"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE {clock} RETURNS timestamptz {by_a_day}"))
        name = connection.dialect.identifier_preparer.quote(str(engine.url.database))
        connection.execute(text(f"ALTER DATABASE {name} SET search_path = public, pg_catalog"))
    engine.dispose()  # connections of before have the search path of before
    syncs = EndedSyncs(engine, said.append)
    syncs.look()
    with engine.begin() as connection:
        connection.execute(text(f"DROP {clock}"))
    world.sync(world.add_credential(1))
    syncs.look()
    syncs.look()
    assert len(said) == 1


def test_a_sync_is_not_shown_before_it_is_over(world: SyncWorld, watched: tuple[EndedSyncs, list[str]]) -> None:
    syncs, said = watched
    credential_id = world.add_credential(1)
    with world.session(credential_id) as session:
        scan_teams(session)
        syncs.look()
        assert said == []
    syncs.look()
    assert len(said) == 1


def test_a_failed_sync_is_shown_with_its_reason(world: SyncWorld, watched: tuple[EndedSyncs, list[str]]) -> None:
    syncs, said = watched
    credential_id = world.add_credential(1)
    world.simulator.faults.arm(kind="rate_limit_seconds", path="/organizations", times=None, seconds=600)
    with pytest.raises(RateLimited):
        world.sync(credential_id)
    syncs.look()
    (failed,) = said
    assert " · failed · " in failed
    assert "created" not in failed
    assert "changed" not in failed
    assert re.search(r" s · teams: .*(429|wait|slow)", failed), failed


def test_syncs_before_are_history(world: SyncWorld) -> None:
    world.sync(world.add_credential(1))
    said: list[str] = []
    EndedSyncs(world.database.engine, said.append).look()
    assert said == []


def test_a_line_is_one_line_and_counts_everything() -> None:
    rows = [
        row(details={"season": "2026-2027", "calls": 1, "create": 1, "link": 1, "adopt": 1, "update": 1200}),
        row(
            sync_type="players",
            status="failed",
            items_processed=1001,
            items_succeeded=1000,
            items_failed=1,
            completed_at=BEGAN + timedelta(seconds=75),
            error_message="one\nand  another",
            details={},
        ),
    ]
    said = line(rows, "1 KC Scheldedal")
    assert said.endswith("failed · 8 teams, 1,000 of 1,001 players · 1 call · 75.0 s · players: one and another")
    assert line(rows[:1], "1 KC Scheldedal").endswith(
        "success · 8 teams · 1 created, 1 linked, 1 adopted, 1,200 updated · 1 call · 2.0 s"
    )


# --- the watch --------------------------------------------------------------------------------------------------------


class _Silent:
    """A database whose answers a test decides."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.looked = threading.Event()

    def look(self) -> None:
        self.looked.set()
        if self.error is not None:
            raise self.error


def watch(syncs: _Silent, database: Database, folder: Path, said: list[str], problems: list[str]) -> Watch:
    lock = DatabaseLock(database.engine)
    return Watch(
        syncs=syncs,  # type: ignore[arg-type]
        switches=Switches(database, said.append),
        version=OwnVersion(database.engine, said.append),
        lock=lock,
        folder=folder,
        say=said.append,
        on_problem=lambda: problems.append("problem"),
    )


def test_a_silent_database_is_reported_once_and_when_it_answers_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twizzit_pipeline.local.watch._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("twizzit_pipeline.local.watch._SAID_AFTER_SECONDS", 0.05)
    syncs = _Silent()
    said: list[str] = []
    problems: list[str] = []
    watching = watch(syncs, database, tmp_path, said, problems)
    syncs.error = DatabaseUnavailable("gone")
    watching.start()
    _until(lambda: bool(said))
    for _ in range(3):
        syncs.looked.clear()
        assert syncs.looked.wait(5)
    syncs.error = None
    _until(lambda: len(said) == 2)
    watching.stop()
    assert said == ["The database does not answer; everything goes on when it does", "The database answers again"]
    assert (watching.problem, problems) == (None, [])
    _release(watching)


@pytest.mark.parametrize("error", [AlreadyUp("another"), KeyError("a mistake")])
def test_a_problem_that_ends_up_is_kept_for_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("twizzit_pipeline.local.watch._LOOK_SECONDS", 0.01)
    syncs = _Silent()
    said: list[str] = []
    problems: list[str] = []
    syncs.error = error
    watching = watch(syncs, database, tmp_path, said, problems)
    watching.start()
    _until(lambda: bool(problems))
    assert watching.problem is error
    syncs.error = None
    watching.stop()
    _release(watching)


def _release(watching: Watch) -> None:
    watching._lock.release()


def _until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if holds():
            return
        pause.wait(0.01)
    pytest.fail("not within 10 s")


# --- the receiver -----------------------------------------------------------------------------------------------------


def test_what_the_receiver_gets_is_one_line_of_visible_characters() -> None:
    said: list[str] = []
    with receiving(said.append) as url:
        post = partial(httpx.post, url, trust_env=False, verify=False)
        answers = [
            post(json={"text": "Twizzit: sync failed\n\n• first\x1b[31m \n• second"}),
            post(json={"text": "x" * 5000}),
            post(json={"blocks": []}),
            post(json=["text"]),
            post(content=b"{"),
            post(content=b"x" * 70_000),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 400, 400, 400, 400]
    assert said[0].endswith("  notification · Twizzit: sync failed | • first[31m | • second")
    assert len(said) == 2
    assert len(said[1]) < 700
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False, verify=False)


# --- clubs that change by themselves ----------------------------------------------------------------------------------


def test_what_clubs_do_by_themselves_is_found_by_the_next_sync(world: SyncWorld) -> None:
    first, second = world.add_credential(0), world.add_credential(1)
    world.sync(first)
    world.sync(second)
    life = Life(world.simulator.changes, world.simulator.world)
    for _ in range(20):
        life.change()
    found = [world.sync(first), world.sync(second)]
    world.assert_truth(first, 0)
    world.assert_truth(second, 1)
    for synced in found:
        details = [one.details for one in synced.history.values()]
        assert sum(int(one.get("create", 0)) for one in details), "a new player"
        assert sum(int(one.get("update", 0)) for one in details) > 1, "a name, a number, a transfer"
        assert sum(int(one.get("depart", 0)) for one in details), "a farewell"


def test_the_same_seed_makes_the_same_changes(simulate: Callable[..., SimulatorServer]) -> None:
    def after_changes(seed: int) -> object:
        server = simulate(clubs=2, teams=3, players_per_team=5, seed=seed)
        life = Life(server.changes, server.world)
        for _ in range(12):
            life.change()
        return [(club.contacts, club.rosters, club.groups) for club in server.world.organizations]

    assert after_changes(1) == after_changes(1)


def test_a_tidy_club_has_nothing_to_reject_and_the_others_have(simulate: Callable[..., SimulatorServer]) -> None:
    server = simulate(clubs=3, tidy=frozenset({2}))
    rejected = [server.world.truth(club).rejected for club in server.world.organizations]
    assert [bool(one["teams"] and one["players"]) for one in rejected] == [True, False, True]
    assert not rejected[1]["teams"]
    assert not rejected[1]["players"]


def test_a_newer_version_that_migrates_meanwhile_is_reported_once_and_so_is_its_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twizzit_pipeline.local.own_version._LOOK_SECONDS", 0)
    said: list[str] = []
    version = OwnVersion(database.engine, said.append)
    version.look()
    assert said == []
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE twizzit_alembic_version SET version_num = '9999'")
    for _ in range(2):
        version.look()
    [line] = said
    assert line.startswith("No sync starts any more. The database is at migration 9999, which is newer than this ")
    assert "start again what still runs" in line
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE twizzit_alembic_version SET version_num = '{known()[-1]}'")
    for _ in range(2):
        version.look()
    assert said[1:] == ["Syncs start again: the database is at this version's newest migration"]
