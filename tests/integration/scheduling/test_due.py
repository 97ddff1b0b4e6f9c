"""What a tick reads and writes in one statement each, and whose turn follows from it; without Dagster."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, case, insert, select, text, update

from tests.support.signs_of_life import beat
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import MigrationsPending
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.lease import Lease, credential_key
from twizzit_pipeline.scheduling import automatic, claims, due, heartbeat, requests, turns
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.twizzit.records import Season

DAY = date(2026, 11, 23)
NEVER = "infinity"
Add = Callable[..., int]


@pytest.fixture
def engine(database: Database) -> Engine:
    return database.engine


@pytest.fixture
def add(engine: Engine, add: Add) -> Add:
    """A credential that is due since an hour, unless `columns` of its configuration say otherwise; its id."""

    def add_due(name: str, endpoint: str = "https://app.twizzit.com/v2/api", **columns: object) -> int:
        credential_id = add(name, endpoint)
        hour_ago = text("timezone('utc', now()) - interval '1 hour'")
        values = {"auto_sync_enabled": True, "next_sync_at": hour_ago, **columns}
        with engine.begin() as connection:
            connection.execute(insert(tables.sync_config).values(credential_id=credential_id, **values))
        return credential_id

    return add_due


def later(minutes: int) -> object:
    return text(f"timezone('utc', now()) + interval '{minutes} minutes'")


def in_line(engine: Engine, **more: Any) -> list[int]:
    line = turns.next_in_line(due.look(engine), day=DAY, season_start="07-01", **more)
    return [turn.credential_id for turn in line]


def test_the_longest_overdue_comes_first_and_none_before_its_time(engine: Engine, add: Add) -> None:
    first = add("Never synced", next_sync_at=None)
    overdue = add("Overdue")
    long_overdue = add("Long overdue", next_sync_at=later(-600))
    add("Not yet", next_sync_at=later(1))
    add("Paused", paused_until=later(1), paused_because="a reason")
    add("By hand", auto_sync_enabled=False)
    was_paused = add("Was paused", paused_until=later(-1), next_sync_at=later(-5))
    assert in_line(engine) == [long_overdue, overdue, was_paused, first]
    assert in_line(engine, busy=[overdue, first]) == [long_overdue, was_paused]


def test_what_is_broken_is_named_and_stops_no_other(engine: Engine, add: Add) -> None:
    reasons = {
        add("Off"): "switched off",
        add("Nonsense", sync_interval_minutes=-7): "interval of -7 minutes",
        add("Two years", sync_interval_minutes=2 * 365 * 24 * 60): "interval",
        add("Nothing", sync_teams=False, sync_players=False, sync_competitions=False): "sync nothing",
        add("Elsewhere", endpoint="https://example.org/somewhere"): "/v1 or /v2/api",
        add("Never", next_sync_at=NEVER): "next_sync_at",
        add("Always", next_sync_at="-infinity"): "next_sync_at",
        add("Bar"): "label",
        add("Long ago"): "dates",
    }
    fine = add("Fine")
    off, *_, bar, dates = reasons
    with engine.begin() as connection:
        connection.execute(update(tables.credentials).where(tables.credentials.c.id == off).values(is_active=False))
        over = Season("1", "Indoor", date(2025, 7, 1), date(2026, 6, 30))
        seasons.refresh(connection, bar, [over, Season("2", "Outdoor", date(2026, 7, 1), date(2027, 6, 30))])
        of_bar = tables.twizzit_seasons.c.credential_id == bar
        connection.execute(
            # What the second would be called otherwise, the first is called already.
            update(tables.twizzit_seasons)
            .where(of_bar)
            .values(label=case((tables.twizzit_seasons.c.twizzit_season_id == "2", "In|door"), else_="In-door"))
        )
        seasons.refresh(connection, dates, [Season("1", "2026-2027", None, None)])
        connection.execute(
            update(tables.twizzit_seasons)
            .where(tables.twizzit_seasons.c.credential_id == dates)
            .values(start_date=text("'infinity'"))
        )
    found = {one.credential_id: one.reason for one in due.broken(engine, day=DAY)}
    assert found.keys() == reasons.keys()
    for credential_id, said in reasons.items():
        assert said in found[credential_id]
    assert in_line(engine) == [fine]
    with engine.begin() as connection:
        connection.execute(update(tables.sync_config).values(auto_sync_enabled=False))
    assert due.broken(engine, day=DAY) == [], "what is not to sync by itself is not broken"


def test_who_was_planned_by_a_clock_that_was_ahead_is_due(engine: Engine, add: Add) -> None:
    """The looks in SQL and in Python are of one mind."""
    ahead = add("KC Duinen", last_sync_at=later(1440), next_sync_at=later(1500))
    add("Slightly ahead", last_sync_at=later(50), next_sync_at=later(100))
    often = {
        minutes: add(
            f"Every {minutes}", sync_interval_minutes=minutes, last_sync_at=later(7), next_sync_at=later(minutes + 7)
        )
        for minutes in (5, 9)
    }
    failed = add("Failed far ahead", last_sync_at=later(-60), next_sync_at=later(60 * 24 * 366), consecutive_failures=1)
    add("Backs off", last_sync_at=later(-60), next_sync_at=later(60 * 24), consecutive_failures=9)
    add("A month's calls", last_sync_at=later(-60), next_sync_at=later(60 * 24 * 30), monthly_call_limit=20)
    wanted = {ahead, often[5], failed}
    assert set(in_line(engine)) == wanted
    good: dict[str, Any] = {"sync_direction": "from_twizzit", "status": "success", "dagster_run_id": "a run"}
    good |= {"sync_type": "teams", "started_at": later(-3), "completed_at": later(-3)}
    with engine.begin() as connection:
        for credential_id in (ahead, failed, *often.values()):
            connection.execute(insert(tables.sync_history).values(credential_id=credential_id, **good))
    read_by_sql = {credential_id for credential_id, one in due.look(engine).standings.items() if one.quick}
    assert read_by_sql == wanted, "the statement reads whether they are quick of those alone that are due"


def test_who_asks_goes_before_who_is_due(engine: Engine, add: Add) -> None:
    one, other = add("KC Duinen"), add("Duinen again", next_sync_at=later(-600))
    alone = add("Korfbal Leie")
    for credential_id in (one, other):
        store.remember_organization(engine, credential_id, "10", "KC Duinen")
    assert in_line(engine) == [other, alone], "one of an organization"
    beat(engine)
    request = requests.ask(engine, one, sync_type="teams", actor=Actor("token", "12", "coach")).request
    line = turns.next_in_line(due.look(engine), day=DAY, season_start="07-01")
    assert [(turn.credential_id, turn.asked and turn.asked.id) for turn in line] == [(one, request.id), (alone, None)]


def test_a_lease_keeps_its_organization_waiting_a_backfills_only_the_others(engine: Engine, add: Add) -> None:
    one = add("KC Duinen")
    lease = Lease.take(engine, credential_key(one), credential_id=one, run_id="of-a-backfill")
    try:
        assert in_line(engine) == []
        assert in_line(engine, yielding={"of-a-backfill"}) == [one]
        other = add("Duinen again")
        for credential_id in (one, other):
            store.remember_organization(engine, credential_id, "10", "KC Duinen")
        lease.move("v2:10")
        assert in_line(engine, yielding={"of-a-backfill"}) == [one]
        assert in_line(engine, yielding={"of-a-backfill"}, busy=[one]) == []
    finally:
        lease.stop()


def test_what_is_turned_on_decides_what_is_synced(engine: Engine, add: Add) -> None:
    calendar = {"sync_competitions": False}
    everything = {"teams", "players", "competitions"}
    wanted = {
        add("All"): everything,
        add("Teams", sync_players=False, **calendar): {"teams"},
        add("Players", sync_teams=False, **calendar): {"teams", "players"},
        add("Players of known teams", sync_teams=False, **calendar): {"players"},
        add("Null is on", sync_teams=None, sync_players=None, sync_competitions=None): everything,
        add("Both", **calendar): {"teams", "players"},
        add("Matches", sync_teams=False, sync_players=False): {"teams", "competitions"},
        add("Matches of known teams", sync_teams=False, sync_players=False): {"competitions"},
        add("No players", sync_players=False): {"teams", "competitions"},
        add("No teams", sync_teams=False): everything,
    }
    by_place = list(wanted)
    with engine.begin() as connection:
        for credential_id, season in (
            (by_place[3], "2026-2027"),
            (by_place[2], "2025-2026"),
            (by_place[7], "2026-2027"),
        ):
            row = {"sync_type": "teams", "sync_direction": "import", "status": "success", "details": {"season": season}}
            started = text("timezone('utc', now())")
            connection.execute(
                insert(tables.sync_history).values(credential_id=credential_id, started_at=started, **row)
            )
    line = turns.next_in_line(due.look(engine), day=DAY, season_start="07-01")
    assert {turn.credential_id: turn.entities(turn.season(DAY, "07-01")) for turn in line} == wanted


def test_a_first_sync_is_due_since_one_moment_for_every_process(engine: Engine, add: Add) -> None:
    first = add("Never synced", next_sync_at=None)
    off = add("Switched off meanwhile", next_sync_at=None, auto_sync_enabled=False)
    with ThreadPoolExecutor(4) as pool:
        taken = [one.first for one in pool.map(lambda _: claims.take(engine, [], [first, off]), range(4))]
    (dated,) = [one for one in taken if one]
    assert dated.keys() == {first}
    plan = due.look(engine).standings[first].schedule
    assert plan is not None
    assert plan.next_sync_at == dated[first]
    assert abs(datetime.now(UTC) - dated[first]) < timedelta(minutes=1)
    assert in_line(engine) == [first], "due until its run has ended"


def test_taking_nothing_is_a_sign_of_life(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(tables.orchestrators).values(name="long gone", heartbeat_at=text("now() - interval '25 hours'"))
        )
    claims.take(engine, [], [])
    with engine.connect() as connection:
        assert connection.scalar(select(tables.orchestrators.c.name)) != "long gone"
        assert heartbeat.is_alive(connection)


def test_a_run_that_came_to_nothing_counts_once_and_comes_again_later(engine: Engine, add: Add) -> None:
    credential_id = add("KC Duinen")

    def planned() -> tuple[datetime, int]:
        plan = due.look(engine).standings[credential_id].schedule
        assert plan is not None
        assert plan.next_sync_at is not None
        return plan.next_sync_at, plan.consecutive_failures

    since, _ = planned()
    assert not claims.never_began(engine, credential_id, since + timedelta(seconds=1)), "that was another moment"
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: claims.never_began(engine, credential_id, since), range(3)))
    assert sorted(answers) == [False, False, True]
    again, failures = planned()
    assert failures == 1
    assert again > datetime.now(UTC)


def test_one_that_gives_way_is_due_in_a_minute_and_has_not_failed(engine: Engine, add: Add) -> None:
    credential_id, planned_already = add("KC Duinen"), add("Korfbal Leie", next_sync_at=later(30))
    now = datetime.now(UTC)
    with engine.begin() as connection:
        automatic.gave_way(connection, credential_id, now=now)
        automatic.gave_way(connection, planned_already, now=now)
    found = {one: standing.schedule for one, standing in due.look(engine).standings.items()}
    plan, other = found[credential_id], found[planned_already]
    assert plan is not None
    assert (plan.next_sync_at, plan.consecutive_failures) == (now + timedelta(seconds=60), 0)
    assert other is not None
    assert other.next_sync_at is not None
    assert other.next_sync_at > now + timedelta(minutes=20)


def test_a_database_without_its_migrations_says_so(settings: Settings, empty_database_url: str) -> None:
    empty = settings.model_copy(update={"database_url": SecretStr(empty_database_url)})
    with open_database(empty) as database, pytest.raises(MigrationsPending, match="not migrated yet"):
        due.look(database.engine)


def test_a_database_of_an_older_version_says_so(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE twizzit_alembic_version SET version_num = '0004'"))
    with pytest.raises(MigrationsPending, match="at migration 0004"):
        due.look(engine)
