"""A sync and its undo leave every row as it was, ids included; and an undo of that brings the sync back."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from tests.support.calendar_world import EVERYTHING, assert_calendar, games
from tests.support.sync_world import SyncWorld
from tests.support.synced_world import first_sync
from tests.support.undone import previewed, row_of, state, undo
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.undo import undoing

SMALL: dict[str, Any] = {"clubs": 2, "teams": 4, "players_per_team": 8, "other_contacts": 0}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


def rename(world: SyncWorld) -> None:
    changes, (group_id, people) = world.simulator.changes, world.roster(1)
    changes.rename_team(group_id, '\'t Vlaggenschip: "1" 100%')
    changes.rename_person(people[4], "Zoë", "O'Brien")


def swap_names_of_teams(world: SyncWorld) -> None:
    first, second = (world.club().groups[world.roster(place)[0]] for place in (0, 1))
    names = first.name, second.name
    world.simulator.changes.rename_team(first.id, names[1])
    world.simulator.changes.rename_team(second.id, names[0])


def swap_numbers(world: SyncWorld) -> None:
    """Three who pass their numbers on, and a new player who gets that of another one."""
    changes, people = world.simulator.changes, world.roster(0)[1][3:7]
    for one, number in zip(people, (901, 902, 903, 904), strict=True):
        changes.set_number(one, number)


def with_numbers(world: SyncWorld) -> None:
    swap_numbers(world)
    world.sync(next(iter(world.dialects)), steps=EVERYTHING)


def pass_numbers_on(world: SyncWorld) -> None:
    changes, (group_id, people) = world.simulator.changes, world.roster(0)
    for one, number in zip(people[3:7], (902, 903, 901, 905), strict=True):
        changes.set_number(one, number)
    changes.add_person(group_id, "Anaïs", "Peeters", "F", 904)


def transfer(world: SyncWorld) -> None:
    world.simulator.changes.transfer(world.roster(0)[1][5], world.roster(3)[0])


def new_team(world: SyncWorld) -> None:
    changes = world.simulator.changes
    group_id = changes.add_team(world.club(), "U11 2")
    changes.add_person(group_id, "Łukasz", "D'Hondt", "M", 955)
    changes.transfer(world.roster(2)[1][2], group_id)


def move_matches(world: SyncWorld) -> None:
    first, second, *_ = [int(remote_id) for remote_id in games(world)]
    world.simulator.changes.move_match(first, "2026-12-24 20:00:00")
    world.simulator.changes.cancel_match(second)


# What one sync brings: each change by itself is of other rows.
BROUGHT: dict[str, list[Callable[[SyncWorld], None]]] = {
    "names, a transfer and matches": [rename, transfer, move_matches],
    "names and numbers that change hands": [swap_names_of_teams, pass_numbers_on],
    "a new team": [new_team],
}


def test_the_undo_of_a_first_sync_leaves_nothing_and_its_undo_brings_all_back(world: SyncWorld) -> None:
    with world.connected() as connection:  # the ids go on from where they are
        connection.execute("INSERT INTO clubs (name) VALUES ('KC Elders')")
        connection.execute("INSERT INTO players (club_id, first_name, last_name) VALUES (1, 'Ann', 'Peeters')")
    before = state(world)
    credential_id = world.add_credential()
    synced = world.sync(credential_id, steps=EVERYTHING)
    after = state(world)
    assert all(after[table.name] for table in (tables.games, tables.competition_teams, tables.opponents))

    done = undo(world, synced)

    assert state(world) == before
    assert (done.plan.left, row_of(world, done).status) == ((), "success")
    again = undo(world, done.undo_id or 0)
    assert state(world) == after
    world.assert_truth(credential_id)
    assert_calendar(world, credential_id, "v2")
    assert done.undo_id != again.undo_id
    undo(world, again.undo_id or 0)
    assert state(world) == before
    world.sync(credential_id, steps=EVERYTHING)  # which brings it all again, as Twizzit still says so
    world.assert_truth(credential_id)
    assert_calendar(world, credential_id, "v2")


@pytest.mark.begins(after=with_numbers)
@pytest.mark.parametrize("brought", BROUGHT)
def test_what_a_second_sync_changed_is_taken_back_and_the_first_one_stays(
    world: SyncWorld, club: int, brought: str
) -> None:
    before = state(world)
    for change in BROUGHT[brought]:
        change(world)
    synced = world.sync(club, steps=EVERYTHING)
    after = state(world)
    assert after != before
    shown = previewed(world, synced)
    assert state(world) == after

    done = undo(world, synced, shown=shown)

    assert state(world) == before
    assert done.plan == shown.plan
    assert done.plan.left == ()
    undo(world, done.undo_id or 0)
    assert state(world) == after
    undo(world, synced)  # in force again, so that it can be undone again
    assert state(world) == before
    world.sync(club, steps=EVERYTHING)  # Twizzit still says so
    world.assert_truth(club)
    if not {pass_numbers_on, new_team} & {*BROUGHT[brought]}:  # whose new rows get new ids
        assert state(world) == after


@pytest.mark.begins(after=with_numbers)
def test_all_changes_of_several_syncs_are_taken_back_at_once(world: SyncWorld, club: int) -> None:
    before = state(world)
    began = datetime.now(UTC)
    for changes in BROUGHT.values():
        for change in changes:
            change(world)
        world.sync(club, steps=EVERYTHING)
    after = state(world)

    done = undoing.undo_since(world.database.engine, club, began, actor=this_user())

    assert state(world) == before
    assert len(done.history_ids) == 4 * len(BROUGHT)
    undo(world, done.undo_id or 0)
    assert state(world) == after
