"""How often a sync that finds nothing new goes to the database: what is not needed is not asked."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Engine, event

from tests.support.calendar_world import EVERYTHING
from tests.support.sync_world import SyncWorld
from tests.support.synced_world import first_sync

SMALL = {"clubs": 1, "teams": 2, "players_per_team": 4, "other_contacts": 2, "tidy": frozenset({1})}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


@contextmanager
def noted(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*given: object) -> None:
        statements.append(" ".join(str(given[2]).split()))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_sync_that_finds_nothing_new_asks_for_what_it_needs(world: SyncWorld, club: int) -> None:
    with noted(world.database.engine) as statements:
        world.sync(club, steps=EVERYTHING)
    begun = Counter(statement[:60] for statement in statements)
    confirmed = [each for each in statements if each.startswith("UPDATE twizzit_leases SET heartbeat_at")]
    assert len(confirmed) == len(EVERYTHING), "once in each transaction that writes"
    assert sum("pg_catalog.pg_class" in each for each in statements) == 0, "the database's own tables by name alone"
    foreign_keys = [each for each in statements if "FROM pg_constraint k JOIN pg_class c" in each]
    assert len(foreign_keys) == 2, "of games: once to look for matches that are gone, once for the plan"
    assert len(statements) <= 137, f"it took 133: is each of these needed? {begun}"
