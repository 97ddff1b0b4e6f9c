"""What only the database can judge: a row that one of its rules refuses is left and listed, and the rest is undone."""

from typing import Any

import pytest
from sqlalchemy import insert

from tests.support.sync_world import SyncWorld
from tests.support.synced_world import first_sync
from tests.support.undone import left_of, previewed, row_of, state, undo
from twizzit_pipeline.errors import UndoRefused
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 9, "other_contacts": 0}
MANY = 6
RAISES = """
    CREATE FUNCTION no_old_names() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.last_name LIKE 'Oud%' THEN RAISE EXCEPTION 'never again'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER no_old_names BEFORE UPDATE ON players FOR EACH ROW EXECUTE FUNCTION no_old_names();
"""
# Name of the rule → how ShotSpot gets it, after the sync; it forbids the name `Oud0` of before.
RULES = {
    "players_lower_idx": "CREATE UNIQUE INDEX players_lower_idx ON players (lower(last_name)) WHERE last_name ~* 'oud'",
    "players_excluded": "ALTER TABLE players ADD CONSTRAINT players_excluded"
    " EXCLUDE USING btree (lower(last_name) WITH =) WHERE (last_name ~* '^oud')",
    "players_checked": "ALTER TABLE players ADD CONSTRAINT players_checked CHECK (last_name NOT LIKE 'Oud%')",
    "a rule or trigger": RAISES,
}


def rename(world: SyncWorld, word: str, many: int) -> None:
    for place, person in enumerate(world.roster()[1][:many]):
        world.simulator.changes.rename_person(person, "An", f"{word}{place}")


def SYNCED_BY(world: SyncWorld) -> None:  # noqa: N802
    """A player of the first team is called Oud0."""
    rename(world, "Oud", 1)
    first_sync(world)


def renamed(world: SyncWorld) -> None:
    """A sync takes the name from the player, and the team's name."""
    rename(world, "Nieuw", 1)
    world.simulator.changes.rename_team(world.roster()[0], "Anders")
    world.sync(next(iter(world.dialects)))


def many_renamed(world: SyncWorld) -> None:
    """The same of six players."""
    rename(world, "Oud", MANY)
    world.sync(next(iter(world.dialects)))
    rename(world, "Nieuw", MANY)
    world.simulator.changes.rename_team(world.roster()[0], "Anders")
    world.sync(next(iter(world.dialects)))


@pytest.fixture
def done(world: SyncWorld, club: int) -> int:
    """A row of the history of the last sync."""
    return int(max(row["id"] for row in world.rows(tables.sync_history)))


def ruled(world: SyncWorld, rule: str) -> None:
    with world.connected() as connection:
        connection.execute(RULES[rule])


@pytest.mark.begins(after=renamed)
@pytest.mark.parametrize("rule", RULES)
def test_the_row_is_left_with_the_rule_and_the_rest_is_undone(world: SyncWorld, done: int, rule: str) -> None:
    player_id = world.local_id(world.roster()[1][0])
    if rule in ("players_lower_idx", "players_excluded"):
        with world.database.engine.begin() as connection:
            connection.execute(insert(tables.players).values(first_name="Other", last_name="OUD0"))
    ruled(world, rule)
    before = state(world)
    shown = previewed(world, done)
    assert state(world) == before
    taken_back = undo(world, done, shown=shown)
    left = left_of(taken_back, "players")
    assert (left.key.id, left.reason) == (player_id, "refused")
    assert rule in left.because
    assert world.rows(tables.players, id=player_id)[0]["last_name"] == "Nieuw0"
    assert "Anders" not in {row["name"] for row in world.rows(tables.teams)}
    assert row_of(world, taken_back).status == "partial_success"


@pytest.mark.begins(after=many_renamed)
def test_several_rows_are_each_found_and_others_of_the_table_are_undone(world: SyncWorld, done: int) -> None:
    people = world.roster()[1]
    with world.connected() as connection:
        connection.execute("ALTER TABLE players ADD CHECK (last_name NOT IN ('Oud1', 'Oud4'))")
    taken_back = undo(world, done)
    refused = {one.key.id for one in taken_back.plan.left if one.reason == "refused"}
    assert refused == {world.local_id(people[place]) for place in (1, 4)}
    names = {place: world.player(people[place])["last_name"] for place in range(MANY)}
    assert names == {place: f"{'Nieuw' if place in (1, 4) else 'Oud'}{place}" for place in range(MANY)}


@pytest.mark.begins(after=many_renamed)
def test_a_rule_that_refuses_very_many_rows_stops_it_in_one_line(
    world: SyncWorld, done: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twizzit_pipeline.undo.possible.MOST_REFUSED", 2)
    ruled(world, "players_checked")
    before = state(world)
    with pytest.raises(UndoRefused, match=r"more than 2 rows .*players_checked of players.*nothing was written"):
        undo(world, done)
    assert state(world) == before


@pytest.mark.begins(after=renamed)
def test_entries_of_other_tables_are_counted(world: SyncWorld, done: int) -> None:
    entry = {"history_id": done, "credential_id": 1, "table_name": "events", "row_id": 1, "action": "create"}
    with world.database.engine.begin() as connection:
        connection.execute(insert(tables.sync_changes), [{**entry, "after": {"id": 1}}] * 2)
    shown = previewed(world, done)
    assert shown.passed_over == {"events": 2}
    assert undo(world, done).passed_over == {"events": 2}
