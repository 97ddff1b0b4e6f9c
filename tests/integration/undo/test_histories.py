"""Histories of remote changes, local edits, syncs and undos: all is as before, but for what a person wrote since."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.calendar_world import EVERYTHING, games
from tests.support.examples import examples
from tests.support.sync_world import Rows, SyncWorld, quick
from tests.support.undone import state, undo
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 6, "other_contacts": 0}
NAMES = ("Ann", "Zoë-Ève", "O'Brien", "Łukasz")
places = st.integers(0, 5)
Act = tuple[str, int, int]


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Iterator[SyncWorld]:
    yield SyncWorld(quick(settings), database, simulate(**SMALL))


def remote(world: SyncWorld, act: Act) -> None:
    """One change in Twizzit."""
    what, place, other = act
    changes, (group_id, people) = world.simulator.changes, world.roster(place % 3)
    one = people[other % len(people)] if people else None
    if what == "team":
        changes.rename_team(group_id, f"Ploeg {other % 4} {group_id}")
    elif what == "new":
        changes.add_person(group_id, NAMES[other % 4], "Nieuw", "F", 900 + place)
    elif what == "match":
        changes.move_match(int(sorted(games(world))[place]), f"2026-12-{10 + other} 20:00:00")
    elif one is None:
        return
    elif what == "name":
        changes.rename_person(one, NAMES[place % 4], NAMES[other % 4])
    elif what == "number":
        changes.set_number(one, 900 + place)
    elif what == "transfer":
        changes.transfer(one, world.roster((place + 1) % 3)[0])


def local(world: SyncWorld, act: Act) -> tuple[str, int, str]:
    """One edit of a person; which column of which row it was."""
    what, place, other = act
    table, column, value = {
        "name": (tables.players, "first_name", f"Roepnaam {other}"),
        "number": (tables.players, "jersey_number", 700 + 10 * place + other),
        "team": (tables.teams, "name", f"Eigen naam {place} {other}"),
        "new": (tables.players, "gender", None),
        "transfer": (tables.players, "is_active", other % 2 == 0),
        "match": (tables.games, "status", "to_reschedule"),
    }[what]
    rows = world.rows(table)
    row_id = int(rows[place % len(rows)]["id"])
    world.change(table, row_id, **{column: value})
    return table.name, row_id, column


acts = st.tuples(st.sampled_from(["name", "number", "team", "new", "transfer", "match"]), places, places)


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.lists(acts, max_size=2),
    changes=st.lists(acts, min_size=1, max_size=5),
    edits=st.lists(acts, max_size=2),
)
def test_each_undo_leaves_what_was_and_what_people_wrote_since(
    world: SyncWorld, before: list[Act], changes: list[Act], edits: list[Act]
) -> None:
    credential_id = next(iter(world.dialects), None)
    if credential_id is None:
        credential_id = world.add_credential()
        world.sync(credential_id, steps=EVERYTHING)
    for act in before:
        local(world, act)
    was = state(world)
    for act in changes:
        remote(world, act)
    synced = world.sync(credential_id, steps=EVERYTHING)
    brought = state(world)
    edited = {local(world, act) for act in edits}
    now = state(world)

    done = undo(world, synced)

    found = state(world)
    if not edited:
        assert found == was
        assert done.plan.left == ()
    left = {(one.key.table, one.key.id) for one in done.plan.left}
    for table, rows in by_id(found).items():
        for row_id, row in rows.items():
            old = by_id(was)[table].get(row_id)
            assert old is not None or (table, row_id) in left
            if (table, row_id) not in left and not any((table, row_id) == one[:2] for one in edited):
                assert row == old
    for table, row_id, column in edited:
        assert by_id(found)[table][row_id][column] == by_id(now)[table][row_id][column]
    assert all(set(by_id(was)[table]) <= set(rows) for table, rows in by_id(found).items())
    if done.undo_id is not None:
        undo(world, done.undo_id)
        assert state(world) == (now if edited else brought)


def by_id(found: dict[str, Rows]) -> dict[str, dict[int, dict[str, Any]]]:
    return {table: {int(row["id"]): row for row in rows} for table, rows in found.items()}
