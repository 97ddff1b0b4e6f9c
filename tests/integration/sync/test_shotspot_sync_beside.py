"""ShotSpot's own "Sync Players" beside ours, on the same rows: what it empties and moves comes back, with a remark."""

from typing import Any

import pytest
from sqlalchemy import insert, text, update

from tests.support.sync_world import SyncWorld
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.storage import tables
from twizzit_pipeline.sync.entities.players import map_players, scan_players

REASON = "repaired_after_shotspot"
# ShotSpot's times have no zone: here they are written by a server whose clock is two hours ahead of UTC.
ITS_CLOCK = text("timezone('UTC', now()) + interval '2 hours'")


@pytest.fixture
def credential(club: int) -> int:
    return club


@pytest.fixture
def numbered(world: SyncWorld, credential: int) -> int:
    """The remote id of a player of a synced club who has a number, and a first name of two words."""
    return renamed(world)


def synced_and_renamed(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    world.sync(credential_id)
    remote_id = renamed(world)
    world.sync(credential_id)
    assert names(world, remote_id) == ("Jean Luc", "Devos")


def renamed(world: SyncWorld) -> int:
    """Gives a first name of two words to the first of a roster who has a number; the remote id."""
    _, roster = world.roster()
    remote_id = next(one for one in roster if world.player(one)["jersey_number"] is not None)
    with world.simulator.world.lock:
        contact = world.club().contacts[remote_id]
        contact.first_name, contact.last_name = "Jean Luc", "Devos"
    return remote_id


SMALL: dict[str, Any] = {"clubs": 1, "teams": 4, "players_per_team": 6}
SYNCED_BY = synced_and_renamed


def names(world: SyncWorld, remote_id: int) -> tuple[str, str]:
    row = world.player(remote_id)
    return row["first_name"], row["last_name"]


def numbers(world: SyncWorld) -> dict[int, int | None]:
    return {row["id"]: row["jersey_number"] for row in world.rows(tables.players)}


def shotspot_syncs(
    world: SyncWorld, credential: int, remote_id: int, *, stamps: bool = True, history: bool = True
) -> None:
    """What its sync leaves: no numbers, names parted at the first space, its times in the mappings, a history row."""
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.players).values(jersey_number=None))
        if stamps:
            stamp = {"last_synced_at": ITS_CLOCK, "updated_at": ITS_CLOCK, "sync_status": "success"}
            connection.execute(update(tables.player_mappings).values(**stamp))
        if history:
            row = {"credential_id": credential, "sync_type": "players", "sync_direction": "import"}
            times = {"started_at": ITS_CLOCK, "completed_at": ITS_CLOCK}
            connection.execute(insert(tables.sync_history).values(status="success", **row, **times))
    world.change(tables.players, world.local_id(remote_id), first_name="Jean", last_name="Luc Devos")


@pytest.mark.parametrize("trace", ["stamps", "history", "both"])
def test_what_shotspots_sync_wrote_is_repaired_and_reported(
    world: SyncWorld, credential: int, numbered: int, trace: str
) -> None:
    before = numbers(world)
    shotspot_syncs(world, credential, numbered, stamps=trace != "history", history=trace != "stamps")
    synced = world.sync(credential)
    assert numbers(world) == before
    assert names(world, numbered) == ("Jean Luc", "Devos")
    emptied = sum(number is not None for number in before.values())
    assert len(synced.players.warnings[REASON]) == synced.players.updated == emptied
    assert synced.history["players"].details["warnings"][REASON]["count"] == emptied

    held = world.dump()
    again = world.sync(credential)
    assert (again.players.updated, again.players.warnings.get(REASON)) == (0, None)
    written = (tables.players, tables.player_mappings, tables.sync_changes)
    assert {table.name: held[table.name] for table in written} == world.dump(written)


def test_without_a_trace_it_is_a_persons_edit_and_stays(world: SyncWorld, credential: int, numbered: int) -> None:
    shotspot_syncs(world, credential, numbered, stamps=False, history=False)
    synced = world.sync(credential)
    assert world.player(numbered)["jersey_number"] is None
    assert names(world, numbered) == ("Jean", "Luc Devos")
    assert REASON not in synced.players.warnings


def test_what_a_person_wrote_since_stays_and_so_does_a_later_edit(
    world: SyncWorld, credential: int, numbered: int
) -> None:
    shotspot_syncs(world, credential, numbered)
    player_id = world.local_id(numbered)
    world.change(tables.players, player_id, jersey_number=87, first_name="Jean-Luc", last_name="Devos")
    world.sync(credential)
    row = world.player(numbered)
    assert (row["first_name"], row["last_name"], row["jersey_number"]) == ("Jean-Luc", "Devos", 87)
    world.change(tables.players, player_id, jersey_number=None)
    world.sync(credential)
    assert world.player(numbered)["jersey_number"] is None, "ShotSpot's sync was before our last one"


def test_a_sync_of_one_team_repairs_that_team_and_the_next_one_the_rest(
    world: SyncWorld, credential: int, numbered: int
) -> None:
    before = numbers(world)
    shotspot_syncs(world, credential, numbered)
    group_id, roster = world.roster()
    narrowing = Narrowing(group_id=str(group_id))
    with world.session(credential, narrowing=narrowing) as session:
        session.to_map = {"players"}
        scan_players(session)
        map_players(session)
    assert all(world.player(one)["jersey_number"] == before[world.local_id(one)] for one in roster)
    assert numbers(world) != before
    world.sync(credential)
    assert numbers(world) == before


def test_mappings_of_before_the_migration_are_repaired_by_the_history(
    world: SyncWorld, credential: int, numbered: int
) -> None:
    before = numbers(world)
    with world.database.engine.begin() as connection:
        connection.execute(update(tables.player_mappings).values(last_synced_seen=None))
    shotspot_syncs(world, credential, numbered)
    world.sync(credential)
    assert numbers(world) == before
    assert all(row["last_synced_seen"] == row["last_synced_at"] for row in world.rows(tables.player_mappings))
