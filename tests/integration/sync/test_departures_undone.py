"""Departures, and returns, of a sync that was undone: what the next sync makes of them."""

from typing import Any

import pytest

from tests.integration.sync import test_departures
from tests.integration.sync.test_departures import departure, nothing_more, roster_of, weeks_pass
from tests.support.sync_world import SyncWorld
from twizzit_pipeline.decisions.departures import decide
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.undo.undoing import undo

SMALL = test_departures.SMALL


def one_has_left(world: SyncWorld) -> None:
    """The first of the first team."""
    world.simulator.changes.remove_person(roster_of(world)[1][0])
    world.sync(next(iter(world.dialects)))


def last_of_players(world: SyncWorld) -> int:
    """The history's row of the last sync's players."""
    return int(max(row["id"] for row in world.rows(tables.sync_history, sync_type="players")))


def who_left(world: SyncWorld) -> int:
    (row,) = world.rows(tables.departures)
    return int(row["twizzit_id"])


def test_an_undone_departure_is_held_back_and_not_done_again(world: SyncWorld, club: int) -> None:
    _, (leaver, *_) = roster_of(world)
    before = world.player(leaver)
    world.simulator.changes.remove_person(leaver)
    left = world.sync(club)
    undone = undo(world.database.engine, left.history["players"].id, actor=this_user())
    assert [one.kind for one in undone.follows] == ["held"]
    assert departure(world, leaver)["status"] == "held"
    kept = {name: value for name, value in before.items() if name != "updated_at"}
    assert {name: world.player(leaver)[name] for name in kept} == kept

    for later in (False, True):
        if later:  # longer than the grace after which who has departed is not registered
            weeks_pass(world)
        again = world.sync(club)
        assert (again.players.departed, again.players.held) == (0, (str(leaver),)), later
        assert {name: world.player(leaver)[name] for name in kept} == kept, later

    decide(world.database.engine, club, "approve", None, actor=this_user())
    assert world.sync(club).players.departed == 1
    assert departure(world, leaver)["before"]["team_id"] == before["team_id"]


@pytest.mark.begins(after=one_has_left)
@pytest.mark.parametrize("decided", [None, "refuse"])
def test_a_departure_whose_undo_is_undone_has_left_again(world: SyncWorld, club: int, decided: Any) -> None:
    leaver, engine = who_left(world), world.database.engine
    gone = world.player(leaver)
    undone = undo(engine, last_of_players(world), actor=this_user())
    world.sync(club)
    if decided is not None:
        decide(engine, club, decided, None, actor=this_user())
    assert undone.undo_id is not None

    again = undo(engine, undone.undo_id, actor=this_user())

    assert [one.kind for one in again.follows] == ["stays"]
    left_as_it_is = [] if decided is None else [("twizzit_departures", ("status",), "changed_since")]
    assert [(one.key.table, one.columns, one.reason) for one in again.plan.left] == left_as_it_is
    assert departure(world, leaver)["status"] == ("applied" if decided is None else "refused")
    assert world.player(leaver)["is_active"] is gone["is_active"] is False
    nothing_more(world, club)


@pytest.mark.begins(after=one_has_left)
def test_an_undone_closing_registers_them_again(world: SyncWorld, club: int) -> None:
    leaver = who_left(world)
    mapped = world.rows(tables.player_mappings, twizzit_player_id=str(leaver))
    local_id = world.local_id(leaver)
    weeks_pass(world)
    closed = world.sync(club)
    assert world.rows(tables.players, id=local_id)[0]["is_twizzit_registered"] is False

    undone = undo(world.database.engine, closed.history["players"].id, actor=this_user())

    assert [one.kind for one in undone.follows] == ["reopened"]
    times = {"updated_at", "last_synced_at", "last_synced_seen", "created_at"}
    (back,) = world.rows(tables.player_mappings, twizzit_player_id=str(leaver))
    assert {name: back[name] for name in back.keys() - times} == {
        name: mapped[0][name] for name in mapped[0].keys() - times
    }
    assert world.rows(tables.players, id=local_id)[0]["is_twizzit_registered"] is True
    nothing_more(world, club)


def test_who_returned_in_a_sync_that_was_undone_is_the_same_player_in_the_next(world: SyncWorld, club: int) -> None:
    """One who had left for so long that the mapping was closed, and one who had just left."""
    group, (closed, just_left, *_) = roster_of(world)
    contacts = {one: world.club().contacts[one] for one in (closed, just_left)}
    local_ids, before = {one: world.local_id(one) for one in contacts}, len(world.rows(tables.players))
    for one, local_id in local_ids.items():
        world.change(tables.players, local_id, is_active=False)  # by a person, who is not overruled by a return
        world.simulator.changes.remove_person(one)
        world.sync(club)
        if one == closed:
            weeks_pass(world)
    assert {row["twizzit_id"]: row["status"] for row in world.rows(tables.departures)} == {
        str(closed): "closed",
        str(just_left): "applied",
    }
    for one, contact in contacts.items():
        world.club().contacts[one] = contact
        world.simulator.changes.add_to_team(one, group)
        world.simulator.changes.rename_person(one, "Anders", contact.last_name)
    returned = world.sync(club)
    undo(world.database.engine, returned.history["players"].id, actor=this_user())

    world.sync(club)

    assert ({one: world.local_id(one) for one in contacts}, len(world.rows(tables.players))) == (local_ids, before)
    for one in contacts:
        player = world.player(one)
        assert (player["first_name"], player["is_active"], player["is_twizzit_registered"]) == ("Anders", False, True)
    assert [row["status"] for row in world.rows(tables.departures)] == ["returned", "returned"]
