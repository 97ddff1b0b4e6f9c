"""Histories of remote changes, local edits, syncs and undos: all is as before, but for what a person wrote since."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import settings_with
from tests.support.calendar_world import EVERYTHING, games
from tests.support.examples import examples
from tests.support.sync_world import Rows, SyncWorld, quick
from tests.support.synced_world import SyncedOnce, first_sync, taken_over
from tests.support.undone import state, undo
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.undo.undoing import Undo

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 6, "other_contacts": 0}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)
NAMES = ("Ann", "Zoë-Ève", "O'Brien", "Łukasz")
places = st.integers(0, 5)
Act = tuple[str, int, int]
Found = dict[str, dict[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def begin(
    synced: SyncedOnce,
    copied_database: Callable[[str], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[], AbstractContextManager[SyncWorld]]:
    """Gives out copies of a club that was synced once, each in a database of its own: a history always begins alike."""

    @contextmanager
    def begun() -> Iterator[SyncWorld]:
        with copied_database(synced.template) as url, SimulatorServer(SimulatorOptions(**SMALL)) as simulator:
            settings = settings_with(url, tmp_path_factory.mktemp("home"))
            with open_database(settings) as database:
                world = SyncWorld(quick(settings), database, simulator)
                taken_over(world, synced)
                yield world

    return begun


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


@settings(max_examples=examples(6), deadline=None)
@given(
    before=st.lists(acts, max_size=4),
    changes=st.lists(acts, min_size=3, max_size=9),
    edits=st.one_of(st.just([]), st.lists(acts, min_size=2, max_size=5)),
)
def test_each_undo_leaves_what_was_and_what_people_wrote_since(
    begin: Callable[[], AbstractContextManager[SyncWorld]], before: list[Act], changes: list[Act], edits: list[Act]
) -> None:
    with begin() as world:
        for act in before:
            local(world, act)
        was = state(world)
        for act in changes:
            remote(world, act)
        synced = world.sync(1, steps=EVERYTHING)
        brought = state(world)
        edited = {local(world, act) for act in edits}
        now = state(world)

        done = undo(world, synced)

        found = state(world)
        if not edited:
            assert found == was
            assert done.plan.left == ()
        assert_undone(by_id(was), by_id(now), by_id(found), done, edited)
        if done.undo_id is not None:
            undo(world, done.undo_id)
            assert state(world) == (now if edited else brought)


def assert_undone(was: Found, now: Found, found: Found, done: Undo, edited: set[tuple[str, int, str]]) -> None:
    """Each row is as it was, but for what is left, and for what a person wrote, with what Twizzit said last of it."""
    left = {(one.key.table, one.key.id) for one in done.plan.left}
    theirs = {(table, row_id) for table, row_id, _ in edited}
    for each in ENTITIES.values():
        mapped = found[each.mappings].items()
        theirs |= {(each.mappings, row_id) for row_id, row in mapped if (each.local, row[each.local_id]) in theirs}
    for table, rows in found.items():
        assert set(was[table]) <= set(rows)
        assert {(table, row_id) for row_id in set(rows) - set(was[table])} <= left
        assert {row_id: row for row_id, row in rows.items() if (table, row_id) not in left | theirs} == {
            row_id: row for row_id, row in was[table].items() if (table, row_id) not in left | theirs
        }
    for table, row_id, column in edited:
        assert found[table][row_id][column] == now[table][row_id][column]


def by_id(found: dict[str, Rows]) -> Found:
    return {table: {int(row["id"]): row for row in rows} for table, rows in found.items()}
