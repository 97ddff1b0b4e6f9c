"""A contact that was removed from Twizzit and added again: another id there, and the same player in ShotSpot."""

from typing import Any

from tests.support.sync_world import Synced, SyncWorld
from tests.support.undone import state, undo
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 2, "players_per_team": 8, "other_contacts": 6, "tidy": frozenset({1})}


def made_anew(world: SyncWorld, group_id: int, person: int, *, first_name: str | None = None) -> int:
    contact = world.club().contacts[person]
    world.simulator.changes.remove_person(person)
    first = contact.first_name if first_name is None else first_name
    return world.simulator.changes.add_person(group_id, first, contact.last_name, contact.gender, contact.number)


def remarks(done: Synced) -> dict[str, tuple[str, ...]]:
    return {name: ids for name, ids in done.players.warnings.items() if name in ("made_anew", "maybe_the_same")}


def test_it_is_the_same_player_at_once_and_undo_gives_the_earlier_id_back(world: SyncWorld, club: int) -> None:
    group_id, people = world.roster()
    player, before = world.player(people[0]), state(world)
    new = made_anew(world, group_id, people[0], first_name=str(world.club().contacts[people[0]].first_name).upper())

    done = world.sync(club)

    assert remarks(done) == {"made_anew": (str(new),)}
    assert (done.players.created, done.players.departed) == (0, 0)
    now = world.player(new)
    assert (now["id"], now["team_id"], now["is_active"]) == (player["id"], player["team_id"], True)
    assert len(world.rows(tables.player_mappings)) == len(before["twizzit_player_mappings"])
    assert world.rows(tables.departures) == []
    settled = state(world)
    again = world.sync(club)
    assert (state(world), remarks(again)) == (settled, {})

    undo(world, done)
    assert state(world) == before


def test_of_most_of_a_team_made_anew_at_once_no_one_is_held_back(world: SyncWorld, club: int) -> None:
    group_id, people = world.roster()
    ids = {one: world.player(one)["id"] for one in people}
    new = {one: made_anew(world, group_id, one) for one in people[:6]}

    done = world.sync(club)

    assert {world.player(new[one])["id"] == ids[one] for one in new} == {True}
    assert (done.players.created, world.rows(tables.departures)) == (0, [])


def test_one_that_had_left_plays_again(world: SyncWorld, club: int) -> None:
    group_id, people = world.roster()
    player, contact = world.player(people[0]), world.club().contacts[people[0]]
    world.simulator.changes.remove_person(people[0])
    world.sync(club)
    assert world.player(people[0])["is_active"] is False
    new = world.simulator.changes.add_person(
        group_id, contact.first_name, contact.last_name, contact.gender, contact.number
    )

    done = world.sync(club)

    assert (done.players.created, done.players.returned) == (0, 1)
    now = world.player(new)
    assert {name: now[name] for name in ("id", "team_id", "jersey_number", "is_active")} == {
        name: player[name] for name in ("id", "team_id", "jersey_number", "is_active")
    }
    assert [row["status"] for row in world.rows(tables.departures)] == ["returned"]


def test_a_contact_that_is_there_still_is_another_person_who_plays_as_well(world: SyncWorld, club: int) -> None:
    group_id, people = world.roster()
    player, contact = world.player(people[0]), world.club().contacts[people[0]]
    world.simulator.changes.remove_from_team(people[0], group_id)
    new = world.simulator.changes.add_person(group_id, contact.first_name, contact.last_name, contact.gender)

    done = world.sync(club)

    assert remarks(done) == {"maybe_the_same": (str(new),)}
    assert (done.players.created, done.players.departed) == (1, 1)
    assert world.player(new)["id"] != player["id"]
    assert (world.player(new)["is_active"], world.player(people[0])["is_active"]) == (True, False)
