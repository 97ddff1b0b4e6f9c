"""What runs of every kind leave behind for the next automatic sync, and how every call to Twizzit is counted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, insert, update

from tests.integration.sync_process import wait_until
from tests.integration.sync_world import STEPS, TO_MAP, SyncWorld, quick
from twizzit_pipeline import errors
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync import automatic, config, lease, schedule, usage
from twizzit_pipeline.sync.competitions import map_competitions, scan_competitions
from twizzit_pipeline.sync.config import SyncConfig
from twizzit_pipeline.sync.live import LiveTwizzit
from twizzit_pipeline.sync.matches import map_matches, scan_matches
from twizzit_pipeline.sync.narrowing import Narrowing
from twizzit_pipeline.sync.schedule import BUDGET_SPENT, QUOTA_SPENT
from twizzit_pipeline.sync.teams import map_teams, scan_teams
from twizzit_pipeline.sync.verify import verify
from twizzit_pipeline.twizzit.simulator import SimulatorServer

ADMIN = Actor("token", "1", "admin")
BY_ITSELF = "schedule"
HOUR = timedelta(hours=1)


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    simulator = simulate(clubs=1, teams=2, players_per_team=3, other_contacts=0, tidy=frozenset({1}))
    return SyncWorld(quick(settings, retry_attempts=1), database, simulator)


@pytest.fixture
def club(world: SyncWorld) -> int:
    """A credential whose teams and players sync by themselves each hour, due now."""
    credential_id = world.add_credential()
    config.change(world.database.engine, credential_id, actor=ADMIN, auto_sync_enabled=True, sync_competitions=False)
    return credential_id


def now_of(world: SyncWorld, credential_id: int) -> SyncConfig:
    return config.read(world.database.engine, credential_id)


def used(world: SyncWorld, credential_id: int) -> int:
    with world.database.engine.connect() as connection:
        return usage.used(connection, credential_id, schedule.month(datetime.now(UTC)))


def run(world: SyncWorld, credential_id: int, season: str | None = None, **more: Any) -> None:
    """A whole sync as a run of Dagster does it."""
    with world.session(credential_id, season, **more) as session:
        session.to_map = set(TO_MAP)
        for step in STEPS:
            step(session)


def use(world: SyncWorld, credential_id: int, calls: int) -> None:
    with world.database.engine.begin() as connection:
        usage.record(connection, credential_id, calls)


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
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.credentials).values(api_username="nobody"))
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


@pytest.mark.parametrize("found_out_by", [BY_ITSELF, "cli", "verify", "live"])
def test_a_spent_quota_pauses_until_the_first_whoever_finds_out(world: SyncWorld, club: int, found_out_by: str) -> None:
    world.simulator.faults.arm("quota", path="/organizations", times=None)
    live = LiveTwizzit(world.settings, world.database)
    asked: dict[str, Callable[[], object]] = {
        "verify": lambda: verify(world.settings, world.database, club),
        "live": lambda: live.organization(club),
    }
    with pytest.raises(errors.QuotaSpent):
        asked.get(found_out_by, lambda: run(world, club, trigger=found_out_by))()
    live.close()
    found = now_of(world, club)
    first = schedule.next_month(datetime.now(UTC))
    assert (found.paused_until, found.paused_because) == (first, QUOTA_SPENT)
    assert found.next_sync_at is not None
    assert first <= found.next_sync_at < first + HOUR
    assert found.calls_this_month == world.simulator.calls.total
    found = config.change(world.database.engine, club, actor=ADMIN, monthly_call_limit=10**6)
    assert (found.paused_until, found.paused_because, found.next_sync_at) == (None, None, None)


def test_looking_around_counts_and_so_does_what_fails(world: SyncWorld, club: int) -> None:
    verify(world.settings, world.database, club)
    live = LiveTwizzit(world.settings, world.database)
    live.groups(club)
    live.groups(club)
    world.simulator.faults.arm("error_500", path="/group-contacts")
    with pytest.raises(errors.TwizzitPipelineError):
        live.players(club, str(world.roster()[0]))
    live.close()
    assert used(world, club) == world.simulator.calls.total > 0


def test_calls_are_counted_while_a_step_is_under_way(
    world: SyncWorld, club: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed here loses none of them."""
    monkeypatch.setattr(lease, "BEAT_SECONDS", 0.02)
    with world.session(club) as session, session.recording("teams"):
        session.client.organization()
        made = session.calls
        wait_until(lambda: used(world, club) == made > 0)
    assert used(world, club) == made


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
    """Whoever ends the session may remember the first error that a step met, as Dagster's resource does."""
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


def test_the_ceiling_of_calls_holds_over_all_tries(world: SyncWorld, club: int) -> None:
    world.settings = world.settings.model_copy(update={"call_ceiling": 7})
    world.simulator.faults.arm("error_500", path="/groups", times=None)
    with world.session(club) as session:
        for _ in range(7):
            with pytest.raises((errors.ServiceUnavailable, errors.CallBudgetSpent)):
                scan_teams(session)
    assert world.simulator.calls.total == used(world, club) == 7
    last = world.rows(tables.sync_history)[-1]
    assert (last["status"], "TWIZZIT_CALL_CEILING" in last["error_message"]) == ("failed", True)


def test_a_budget_that_is_used_up_pauses_and_another_limit_goes_on(world: SyncWorld, club: int) -> None:
    run(world, club)
    usual = used(world, club)
    engine = world.database.engine
    config.change(engine, club, actor=ADMIN, monthly_call_limit=usual * 3)
    assert usage.budget(engine, club) == usage.Budget(usual * 3, usual * 2, usual)
    use(world, club, usual + 1)
    run(world, club)  # by hand: not refused
    found = now_of(world, club)
    first = schedule.next_month(datetime.now(UTC))
    assert (found.paused_until, found.paused_because) == (first, BUDGET_SPENT)
    assert found.next_sync_at is not None
    assert found.next_sync_at >= first
    left = usage.budget(engine, club)
    assert left is not None
    assert (left.left, left.enough) == (0, False)
    assert (
        left.words
        == f"0 of {usual * 3} calls to Twizzit are left this month, fewer than a sync usually takes ({usual})"
    )
    found = config.change(engine, club, actor=ADMIN, monthly_call_limit=None)
    assert (found.paused_until, found.paused_because) == (None, None)
    assert found.next_sync_at is not None
    assert found.next_sync_at <= datetime.now(UTC) + HOUR * 1.5


def test_looking_around_may_use_up_the_budget(world: SyncWorld, club: int) -> None:
    config.change(world.database.engine, club, actor=ADMIN, monthly_call_limit=usage.FIRST_GUESS + 1)
    assert now_of(world, club).paused_until is None
    verify(world.settings, world.database, club)
    assert now_of(world, club).paused_because == BUDGET_SPENT


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


def test_calls_add_up_by_month_whoever_counts_them(world: SyncWorld, club: int) -> None:
    engine = world.database.engine
    november = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)

    def count(number: int) -> None:
        with engine.begin() as connection:
            usage.record(connection, club, number, at=november + timedelta(seconds=number % 2))

    with ThreadPoolExecutor(8) as people:
        list(people.map(count, range(40)))
    with engine.connect() as connection:
        assert usage.used(connection, club, date(2026, 11, 1)) == sum(range(0, 40, 2))
        assert usage.used(connection, club, date(2026, 12, 1)) == sum(range(1, 40, 2))
        assert usage.used(connection, club, date(2027, 1, 1)) == 0


def test_a_credential_that_is_gone_has_nothing_to_count_or_plan(world: SyncWorld, club: int) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(delete(tables.credentials))
    with world.database.engine.begin() as connection:
        usage.record(connection, club, 5)
        assert automatic.ended(connection, club, "failed") is None
        automatic.counted(connection, club)
    assert not world.rows(tables.api_usage)


def test_a_usual_sync_is_the_larger_of_the_mean_and_the_last(world: SyncWorld, club: int) -> None:
    begun = datetime(2026, 11, 1)  # noqa: DTZ001  (as ShotSpot keeps it)
    costs = [900, *[10] * 8, 20, 30]  # the oldest is one too many

    def ran(number: int, calls: object, status: str = "success", **details: object) -> dict[str, Any]:
        return {
            "credential_id": club,
            "sync_type": "teams",
            "sync_direction": "import",
            "status": status,
            "started_at": begun + timedelta(hours=number),
            "dagster_run_id": f"run-{number}",
            "details": {"calls": calls, **details},
        }

    with world.database.engine.begin() as connection:
        assert usage.average_calls(connection, club) == usage.FIRST_GUESS
        connection.execute(insert(tables.sync_history), [ran(*one) for one in enumerate(costs)])
        connection.execute(
            insert(tables.sync_history), [ran(50, 500, "failed"), ran(51, "many"), ran(52, 1, group_id="7")]
        )
        assert usage.average_calls(connection, club) == 30
        connection.execute(insert(tables.sync_history), [ran(60, 4)])
        assert usage.average_calls(connection, club) == 13  # (7 × 10 + 20 + 30 + 4) / 10, rounded up
