"""How every call to Twizzit is counted, and what becomes of automatic syncs when a month's calls are used up."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert

from tests.support.automatic_club import ADMIN, BY_ITSELF, HOUR, by_itself, now_of, run, small_world, used
from tests.support.sync_process import wait_until
from tests.support.sync_world import SyncWorld
from twizzit_pipeline import errors
from twizzit_pipeline.accounts.live import LiveTwizzit
from twizzit_pipeline.accounts.verify import verify
from twizzit_pipeline.runs import lease
from twizzit_pipeline.scheduling import automatic, config, schedule, usage
from twizzit_pipeline.scheduling.schedule import BUDGET_SPENT, QUOTA_SPENT
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.entities.teams import scan_teams


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return small_world(settings, database, simulate)


@pytest.fixture
def club(world: SyncWorld) -> int:
    return by_itself(world)


def use(world: SyncWorld, credential_id: int, calls: int) -> None:
    with world.database.engine.begin() as connection:
        usage.record(connection, credential_id, calls)


@pytest.mark.parametrize("found_out_by", [BY_ITSELF, "cli", "verify", "live"])
def test_a_spent_quota_pauses_until_the_first_by_every_way(world: SyncWorld, club: int, found_out_by: str) -> None:
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
    now = datetime.now(UTC)
    first = schedule.next_month(now)
    assert (found.paused_until, found.paused_because) == (first, QUOTA_SPENT)
    assert found.next_sync_at is not None
    # What backs off after a failure may reach past the first in a month's last hours.
    not_before = max(first, now + schedule.backed_off(found.sync_interval_minutes, found.consecutive_failures))
    assert first <= found.next_sync_at < not_before + HOUR
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
        session.client.source.organization()
        made = session.calls
        wait_until(lambda: used(world, club) == made > 0)
    assert used(world, club) == made


def test_the_ceiling_of_calls_holds_over_all_retries(world: SyncWorld, club: int) -> None:
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
    assert usage.budget(engine, club) == usage.CallBudget(usual * 3, usual * 2, usual)
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


def test_calls_of_every_process_add_up_by_month(world: SyncWorld, club: int) -> None:
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
