"""Triggers and rules of ShotSpot's that keep a row as it is and raise no error: it is left, and that is said."""

from typing import Any

import pytest

from tests.support.sync_world import Synced, SyncWorld
from tests.support.undone import left_of, state, undo
from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 1, "players_per_team": 3, "other_contacts": 0}
_NOTHING = "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
_AT_EACH = "FOR EACH ROW EXECUTE FUNCTION nothing()"


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
def test_rows_that_do_not_go_are_left_with_what_they_need(world: SyncWorld, first: Synced, statement: str) -> None:
    before = state(world)
    keep(world, statement)
    done = undo(world, first)
    assert len({one.key for one in done.plan.left if one.key.table == "players"}) == 3
    refused = [one for one in done.plan.left if one.reason == "refused"]  # of a player, or of the mapping of one
    assert [one.because for one in refused] == ["a rule or trigger"] * 3
    now = state(world)
    for table in ("players", "teams", "twizzit_player_mappings"):
        assert now[table] == before[table]


def test_a_row_that_does_not_change_or_come_back_is_left_too(world: SyncWorld, first: Synced) -> None:
    changed = world.roster(0)[1][0]
    world.simulator.changes.rename_person(changed, "Anna", "Janssens")
    second = world.sync(next(iter(world.dialects)))
    keep(world, f"{_NOTHING} CREATE TRIGGER kept BEFORE UPDATE ON players {_AT_EACH}")
    assert left_of(undo(world, second), "players").reason == "refused"
    assert world.player(changed)["first_name"] == "Anna"

    keep(world, "DROP TRIGGER kept ON players")
    done = undo(world, first)
    keep(world, f"CREATE TRIGGER kept BEFORE INSERT ON players {_AT_EACH}")
    again = undo(world, done.undo_id or 0)
    assert "refused" in {one.reason for one in again.plan.left}
    assert len(world.rows(tables.players)) == 1  # the one that was renamed, and stayed


def test_what_is_kept_between_the_plan_and_its_writing_stops_the_undo(
    world: SyncWorld, first: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twizzit_pipeline.undo.possible._refusal", lambda *given: None)
    before, rows = state(world), len(world.rows(tables.sync_history))
    keep(world, f"{_NOTHING} CREATE TRIGGER kept BEFORE DELETE ON players {_AT_EACH}")
    with pytest.raises(DatabaseRefused, match=r"table players kept 3 of 3 rows as they are.*nothing was undone$"):
        undo(world, first)
    assert state(world) == before
    assert len(world.rows(tables.sync_history)) == rows
