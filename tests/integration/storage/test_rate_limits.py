"""Limits that all processes share: from all connections together, no stretch of time holds more."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine, insert, select

from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.rate_limits import Limit, forget, reserve, spend
from twizzit_pipeline.storage.tables import rate_limits

MINUTE = 60.0


@pytest.fixture
def engines(database: Database) -> Iterator[tuple[Engine, Engine]]:
    """Two processes: engines that share nothing but the database."""
    other = create_engine(database.url.get_secret_value())
    yield database.engine, other
    other.dispose()


def slots(engine: Engine, key: str) -> list[datetime]:
    with engine.connect() as connection:
        found: list[datetime] | None = connection.scalar(select(rate_limits.c.slots).where(rate_limits.c.key == key))
    return found or []


def test_who_finds_no_slot_free_gets_the_next_one(database: Database) -> None:
    waits = [reserve(database.engine, "host", Limit(3, MINUTE)) for _ in range(7)]
    assert waits[:3] == [0.0, 0.0, 0.0]
    assert all(MINUTE / 2 < wait <= MINUTE for wait in waits[3:6])
    assert MINUTE * 1.5 < waits[6] <= MINUTE * 2
    assert reserve(database.engine, "another host", Limit(3, MINUTE)) == 0.0


def test_of_many_at_once_no_stretch_holds_more(engines: tuple[Engine, Engine]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda place: reserve(engines[place % 2], "host", Limit(10, MINUTE)), range(40)))
    taken = slots(engines[0], "host")
    assert len(taken) == 40
    assert all(later - earlier >= timedelta(seconds=MINUTE) for earlier, later in zip(taken, taken[10:], strict=False))


def test_a_slot_that_is_over_is_free_and_not_kept(database: Database) -> None:
    assert [reserve(database.engine, "host", Limit(2, 0.1)) for _ in range(2)] == [0.0, 0.0]
    time.sleep(0.15)
    assert reserve(database.engine, "host", Limit(2, 0.1)) == 0.0
    assert len(slots(database.engine, "host")) == 1


def test_a_clock_that_was_set_back_keeps_no_call_waiting_for_hours(database: Database) -> None:
    with database.engine.begin() as connection:
        ahead = datetime.now().astimezone() + timedelta(days=1)
        connection.execute(insert(rate_limits).values(key="host", slots=[ahead]))
    assert reserve(database.engine, "host", Limit(1, MINUTE)) == 0.0
    assert spend(database.engine, "host", Limit(2, MINUTE)) == 0.0


@pytest.mark.parametrize("minutes", [30, 6])
def test_a_clock_that_was_a_little_ahead_keeps_none_waiting_as_long(minutes: int, database: Database) -> None:
    ahead = datetime.now().astimezone() + timedelta(minutes=minutes)
    with database.engine.begin() as connection:
        connection.execute(insert(rate_limits).values(key="host", slots=[ahead] * 10))
        connection.execute(insert(rate_limits).values(key="person", slots=[ahead] * 10))
    assert reserve(database.engine, "host", Limit(10, 1.0)) == 0.0
    assert spend(database.engine, "person", Limit(10, 3600.0)) == 0.0


def test_what_is_spent_is_refused_with_the_time_to_wait(database: Database) -> None:
    answers = [spend(database.engine, "person", Limit(3, MINUTE)) for _ in range(5)]
    assert answers[:3] == [0.0, 0.0, 0.0]
    assert all(MINUTE / 2 < wait <= MINUTE for wait in answers[3:])
    assert len(slots(database.engine, "person")) == 3
    assert spend(database.engine, "another person", Limit(3, MINUTE)) == 0.0


def test_of_many_who_spend_at_once_as_many_are_let_through_as_may(engines: tuple[Engine, Engine]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda place: spend(engines[place % 2], "person", Limit(5, MINUTE)), range(30)))
    assert sum(wait == 0.0 for wait in answers) == 5


def test_what_was_not_used_for_a_day_is_forgotten(database: Database) -> None:
    spend(database.engine, "today", Limit(1, MINUTE))
    with database.engine.begin() as connection:
        long_ago = datetime.now().astimezone() - timedelta(days=2)
        connection.execute(insert(rate_limits).values(key="before", slots=[long_ago]))
    forget(database.engine)
    assert slots(database.engine, "before") == []
    assert len(slots(database.engine, "today")) == 1
