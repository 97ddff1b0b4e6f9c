"""What runs of every kind leave behind for the next automatic sync."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from tests.support.automatic_club import ADMIN, BY_ITSELF, HOUR, by_itself, now_of, run, small_world, used
from tests.support.moved_login import move_login
from tests.support.sync_world import STEPS, TO_MAP, SyncWorld
from twizzit_pipeline import errors
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.scheduling import config, schedule, usage
from twizzit_pipeline.scheduling.config import SyncConfig
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.entities.competitions import map_competitions, scan_competitions
from twizzit_pipeline.sync.entities.matches import map_matches, scan_matches
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return small_world(settings, database, simulate)


@pytest.fixture
def club(world: SyncWorld) -> int:
    return by_itself(world)


def assert_follows(found: SyncConfig, began: datetime, spacing: timedelta) -> None:
    """The next start is the slot after a sync that began then, or a moment later."""
    ends = (began, datetime.now(UTC))
    earliest, latest = (schedule.next_start(found.credential_id, 60, end, spacing=spacing) for end in ends)
    assert found.next_sync_at in (earliest, latest)


@pytest.mark.parametrize("trigger", [BY_ITSELF, "cli", None])
def test_a_whole_sync_plans_the_next_one(world: SyncWorld, club: int, trigger: str | None) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.sync_config).values(consecutive_failures=3))
    before = datetime.now(UTC)
    run(world, club, trigger=trigger)
    found = now_of(world, club)
    assert found.last_sync_at is not None
    assert before < found.last_sync_at <= datetime.now(UTC)
    assert_follows(found, before, HOUR)
    assert (found.consecutive_failures, found.backing_off_until) == (0, None)
    assert found.calls_this_month == world.simulator.calls.total > 0
    with world.database.engine.connect() as connection:
        assert usage.average_calls(connection, club) == found.calls_this_month


def test_a_sync_plans_nothing_where_automatic_ones_are_off(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    config.change(world.database.engine, credential_id, actor=ADMIN, sync_competitions=False)
    run(world, credential_id)
    found = now_of(world, credential_id)
    assert found.last_sync_at is not None
    assert (found.auto_sync_enabled, found.next_sync_at) == (False, None)


def test_a_login_that_is_refused_counts_and_backs_off(world: SyncWorld, club: int) -> None:
    move_login(world.database, club, api_username="wrong")
    for failures in (1, 2):
        before = datetime.now(UTC)
        with pytest.raises(errors.LoginRefused):
            run(world, club, trigger=BY_ITSELF)
        found = now_of(world, club)
        assert (found.consecutive_failures, found.last_sync_at) == (failures, None)
        assert found.next_sync_at == found.backing_off_until
        assert_follows(found, before, HOUR * 2**failures)
        assert found.calls_this_month == world.simulator.calls.total == failures
    with pytest.raises(errors.LoginRefused):
        run(world, club, trigger="cli")
    assert now_of(world, club).next_sync_at == found.next_sync_at
    assert (now_of(world, club).consecutive_failures, used(world, club)) == (2, 3)


def test_an_automatic_run_that_fails_before_its_first_call_backs_off(world: SyncWorld, club: int) -> None:
    world.settings = world.settings.model_copy(update={"encryption_key": SecretStr("f" * 64)})
    with pytest.raises(errors.DecryptionFailed):
        run(world, club, trigger=BY_ITSELF)
    assert (now_of(world, club).consecutive_failures, used(world, club)) == (1, 0)


def test_a_sync_in_progress_is_no_failure(world: SyncWorld, club: int) -> None:
    with world.session(club) as first:
        scan_teams(first)
        with pytest.raises(errors.SyncInProgress):
            run(world, club, trigger=BY_ITSELF)
        found = now_of(world, club)
        assert (found.consecutive_failures, found.backing_off_until, found.last_sync_at) == (0, None, None)
        assert found.next_sync_at is not None
        assert found.next_sync_at <= datetime.now(UTC) + timedelta(minutes=1)


def test_a_run_that_ends_in_the_middle_is_a_failure(world: SyncWorld, club: int) -> None:
    with world.session(club, trigger=BY_ITSELF) as session:
        session.to_map = set(TO_MAP)
        scan_teams(session)
        map_teams(session)
    assert (now_of(world, club).consecutive_failures, now_of(world, club).last_sync_at) == (1, None)


@pytest.mark.parametrize("kind", ["older season", "one group", "teams alone", "a scan"])
def test_what_is_not_the_whole_counts_its_calls_and_disturbs_nothing(world: SyncWorld, club: int, kind: str) -> None:
    if kind == "older season":
        run(world, club, older(world))
    elif kind == "one group":
        run(world, club, narrowing=Narrowing(group_id=str(world.roster()[0])))
    else:
        with world.session(club) as session:
            session.to_map = {"teams"} if kind == "teams alone" else set()
            scan_teams(session)
            if session.to_map:
                map_teams(session)
    found = now_of(world, club)
    assert (found.last_sync_at, found.next_sync_at) == (None, None)
    assert found.calls_this_month == world.simulator.calls.total > 0


def older(world: SyncWorld) -> str:
    return next(one.label for one in world.simulator.world.seasons.values() if one.label != world.season)


def test_teams_alone_are_the_whole_where_players_are_turned_off(world: SyncWorld, club: int) -> None:
    config.change(world.database.engine, club, actor=ADMIN, sync_players=False)
    with world.session(club) as session:
        session.to_map = {"teams"}
        scan_teams(session)
        map_teams(session)
    assert now_of(world, club).last_sync_at is not None


def test_competitions_belong_to_the_whole_where_they_are_turned_on(world: SyncWorld, club: int) -> None:
    config.change(
        world.database.engine, club, actor=ADMIN, sync_teams=False, sync_players=False, sync_competitions=True
    )
    run(world, club)
    assert now_of(world, club).last_sync_at is None
    for half in ({"competitions"}, {"competitions", "matches"}):
        assert now_of(world, club).last_sync_at is None
        with world.session(club) as session:
            session.to_map = set(half)
            scan_competitions(session)
            map_competitions(session)
            if "matches" in half:
                scan_matches(session)
                map_matches(session)
    assert now_of(world, club).last_sync_at is not None


def test_a_guessed_season_that_is_not_the_running_one_is_put_right_at_once(world: SyncWorld, club: int) -> None:
    run(world, club, "2001-2002", trigger=BY_ITSELF)
    found = now_of(world, club)
    assert found.last_sync_at is None
    assert found.next_sync_at is not None
    assert found.next_sync_at <= datetime.now(UTC)


def test_a_second_try_of_a_step_makes_good_the_first(world: SyncWorld, club: int) -> None:
    world.simulator.faults.arm("error_500", path="/groups")
    with world.session(club, run_id="again", trigger=BY_ITSELF) as session:
        session.to_map = set(TO_MAP)
        with pytest.raises(errors.ServiceUnavailable):
            scan_teams(session)
        assert world.history_of("again")["teams"].status == "in_progress"
        for step in STEPS:
            step(session)
    rows = world.rows(tables.sync_history)
    assert [(row["sync_type"], row["status"], row["error_message"]) for row in rows] == [
        ("teams", "success", None),
        ("players", "success", None),
    ]
    assert sum(row["details"]["calls"] for row in rows) == used(world, club) == world.simulator.calls.total
    assert (now_of(world, club).consecutive_failures, now_of(world, club).last_sync_at is None) == (0, False)


def test_an_error_that_was_made_good_does_not_end_the_run_as_failed(world: SyncWorld, club: int) -> None:
    """The code that ends the session may remember the first error that a step met, as Dagster's resource does."""
    world.simulator.faults.arm("error_500", path="/groups")
    session = world.session(club, run_id="again", trigger=BY_ITSELF)
    session.to_map = set(TO_MAP)
    with pytest.raises(errors.ServiceUnavailable) as first:
        scan_teams(session)
    for step in STEPS:
        step(session)
    session.__exit__(type(first.value), first.value, None)
    assert {row.status for row in world.history_of("again").values()} == {"success"}
    assert now_of(world, club).last_sync_at is not None


def test_tries_that_all_fail_are_one_failed_row(world: SyncWorld, club: int) -> None:
    world.simulator.faults.arm("error_500", path="/groups", times=None)
    with pytest.raises(errors.ServiceUnavailable), world.session(club, trigger=BY_ITSELF) as session:
        for _ in range(2):
            with pytest.raises(errors.ServiceUnavailable):
                scan_teams(session)
        scan_teams(session)
    (row,) = world.rows(tables.sync_history)
    assert (row["status"], row["details"]["calls"]) == ("failed", world.simulator.calls.total)
    assert "/groups answered 500" in row["error_message"]
    assert now_of(world, club).consecutive_failures == 1


def test_a_change_of_the_interval_does_not_wait_for_the_old_slot(world: SyncWorld, club: int) -> None:
    engine = world.database.engine
    run(world, club)
    monthly = config.change(engine, club, actor=ADMIN, sync_interval_minutes=30 * 24 * 60)
    quick_again = config.change(engine, club, actor=ADMIN, sync_interval_minutes=5)
    assert monthly.next_sync_at is not None
    assert quick_again.next_sync_at is not None
    assert monthly.next_sync_at > datetime.now(UTC) + timedelta(days=14)
    assert quick_again.next_sync_at < datetime.now(UTC) + timedelta(minutes=8)
    off = config.change(engine, club, actor=ADMIN, auto_sync_enabled=False)
    assert off.next_sync_at is None
    assert off.last_sync_at == quick_again.last_sync_at
    on = config.change(engine, club, actor=ADMIN, auto_sync_enabled=True)
    assert on.next_sync_at == quick_again.next_sync_at
