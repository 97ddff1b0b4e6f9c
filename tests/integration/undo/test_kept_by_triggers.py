"""Triggers and rules of ShotSpot's that keep a row as it is and raise no error: nothing is undone, and it is said."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.sync_world import Synced, SyncWorld, quick
from tests.support.undone import state, undo
from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

SMALL: dict[str, Any] = {"clubs": 1, "teams": 1, "players_per_team": 3, "other_contacts": 0}
_NOTHING = "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
_AT_EACH = "FOR EACH ROW EXECUTE FUNCTION nothing()"


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(**SMALL))


@pytest.fixture
def first(world: SyncWorld) -> Synced:
    return world.sync(world.add_credential())


def keep(world: SyncWorld, statement: str) -> None:
    with world.connected() as connection:
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        f"{_NOTHING} CREATE TRIGGER kept BEFORE DELETE ON players {_AT_EACH}",
        "CREATE RULE kept AS ON DELETE TO players DO INSTEAD NOTHING",
    ],
    ids=["trigger", "rule"],
)
def test_a_row_that_does_not_go_stops_the_undo(world: SyncWorld, first: Synced, statement: str) -> None:
    before, rows = state(world), len(world.rows(tables.sync_history))
    keep(world, statement)
    with pytest.raises(DatabaseRefused, match=r"table players kept 3 of 3 rows as they are.*nothing was undone$"):
        undo(world, first)
    assert state(world) == before
    assert len(world.rows(tables.sync_history)) == rows


def test_a_row_that_does_not_change_or_come_back_stops_it_too(world: SyncWorld, first: Synced) -> None:
    changed = world.roster(0)[1][0]
    world.simulator.changes.rename_person(changed, "Anna", "Janssens")
    second = world.sync(next(iter(world.dialects)))
    keep(world, f"{_NOTHING} CREATE TRIGGER kept BEFORE UPDATE ON players {_AT_EACH}")
    with pytest.raises(DatabaseRefused, match="table players kept 1 of 1 rows"):
        undo(world, second)
    assert world.player(changed)["first_name"] == "Anna"

    keep(world, "DROP TRIGGER kept ON players")
    undo(world, second)
    done = undo(world, first)
    keep(world, f"CREATE TRIGGER kept BEFORE INSERT ON players {_AT_EACH}")
    with pytest.raises(DatabaseRefused, match="table players kept 3 of 3 rows"):
        undo(world, done.undo_id or 0)
    assert world.rows(tables.players) == []
