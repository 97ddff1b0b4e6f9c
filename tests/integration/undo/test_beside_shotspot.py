"""Undo in ShotSpot's own database, in two versions of it: its columns, its triggers, the mapping's renamed link."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest

from tests.support.calendar_world import EVERYTHING
from tests.support.sync_world import SyncWorld
from tests.support.synced_world import SyncedOnce, first_sync, synced_once
from tests.support.twin_teams import TwinTeams, odd
from tests.support.undone import state, undo
from twizzit_pipeline.storage import tables

SMALL: dict[str, Any] = {"clubs": 1, "teams": 2, "players_per_team": 4, "other_contacts": 0}


@pytest.fixture(scope="module", params=[("older.sql",), ("older.sql", "newer.sql")], ids=["older", "newer"])
def prepared(request: pytest.FixtureRequest, beside_shotspot: Callable[..., str]) -> str:
    return beside_shotspot(*request.param)


@pytest.fixture(scope="module")
def synced(
    prepared: str,
    copied_database: Callable[[str], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SyncedOnce]:
    act = partial(first_sync, steps=EVERYTHING)
    with synced_once(lambda: copied_database(prepared), tmp_path_factory.mktemp("synced"), act, **SMALL) as once:
        yield once


def whole(world: SyncWorld) -> dict[str, list[str]]:
    """Every row with every column of the database, those that only ShotSpot has too; but for times."""
    names = [*tables.LOCAL, *(each.name for each in tables.MAPPINGS.values()), "clubs", "seasons", "competition_teams"]
    found = {}
    with world.connected() as connection:
        for name in ("games" if name == "matches" else name for name in names):
            times = "'updated_at', 'last_synced_at', 'last_synced_seen', 'twizzit_verified_at'"
            query = f"SELECT (to_jsonb(t) - ARRAY[{times}])::text FROM {name} AS t ORDER BY id"
            found[name] = [row for (row,) in connection.execute(query.encode()).fetchall()]
    return found


def test_a_first_sync_and_a_later_one_are_taken_back_and_brought_back(prepared: str, world: SyncWorld) -> None:
    nothing = whole(world)
    credential_id = world.add_credential()
    first = world.sync(credential_id, steps=EVERYTHING)
    brought = whole(world)
    world.simulator.changes.rename_person(world.roster()[1][2], "Anna", "Janssens")
    world.simulator.changes.transfer(world.roster(0)[1][3], world.roster(1)[0])
    second = world.sync(credential_id, steps=EVERYTHING)
    assert whole(world) != brought

    undo(world, second)
    assert whole(world) == brought
    done = undo(world, first)
    assert whole(world) == nothing
    assert done.plan.left == ()
    undo(world, done.undo_id or 0)
    assert whole(world) == brought
    mapped = {row["local_player_id"] for row in world.rows(tables.player_mappings)}
    assert {row["id"] for row in world.rows(tables.players) if row["is_twizzit_registered"]} == mapped


def test_a_mapping_that_was_closed_comes_back_and_its_player_is_registered(world: SyncWorld, club: int) -> None:
    """As the journal of a departure has it: the player out of the team and inactive, the mapping's row as it was."""
    credential_id = club
    before = state(world)
    (mapping, *_) = world.rows(tables.player_mappings, credential_id=credential_id)
    player_id = mapping["local_player_id"]
    with world.connected() as connection:
        (history_id,) = connection.execute(
            "INSERT INTO twizzit_sync_history (credential_id, sync_type, sync_direction, status, started_at,"
            " completed_at, dagster_run_id) VALUES (%s, 'players', 'import', 'success', now(), now(), 'departed')"
            " RETURNING id",
            [credential_id],
        ).fetchone() or (0,)
        note = (
            "INSERT INTO twizzit_sync_changes (history_id, credential_id, table_name, row_id, twizzit_id, action,"
            " before, after) SELECT %s, %s, %s, t.id, %s, 'depart', "
        )
        of = (mapping["twizzit_player_id"],)
        connection.execute(
            note.encode() + b"jsonb_build_object('is_active', is_active, 'team_id', team_id),"
            b" jsonb_build_object('is_active', false, 'team_id', NULL) FROM players t WHERE id = %s",
            (history_id, credential_id, "players", *of, player_id),
        )
        connection.execute("UPDATE players SET is_active = false, team_id = NULL WHERE id = %s", [player_id])
        columns = ", ".join(f"'{column.name}', {column.name}" for column in tables.player_mappings.c)
        connection.execute(
            note.encode()
            + f"jsonb_build_object({columns}), NULL FROM twizzit_player_mappings t WHERE id = %s".encode(),
            (history_id, credential_id, "twizzit_player_mappings", *of, mapping["id"]),
        )
        connection.execute("DELETE FROM twizzit_player_mappings WHERE id = %s", [mapping["id"]])
    departed = state(world)
    assert departed != before

    done = undo(world, history_id)

    assert state(world) == before
    assert world.rows(tables.players, id=player_id)[0]["is_twizzit_registered"] is True
    undo(world, done.undo_id or 0)
    assert state(world) == departed


def test_two_teams_that_a_person_let_change_places_change_back(world: SyncWorld, club: int) -> None:
    remote_id = world.roster()[0]
    twins = TwinTeams(world, club, remote_id, world.team(remote_id))
    new = world.simulator.changes.add_team(world.club(), odd(twins.was["name"]))
    found = twins.asked()
    before = whole(world)

    done = twins.link(found.id, twins.was["id"])

    assert (world.local_id(new, "team"), twins.local_id) == (twins.was["id"], found.local_id)
    assert twins.people and {row["team_id"] for row in world.rows(tables.players)} >= {found.local_id}
    undone = undo(world, done.history_id)
    assert (undone.plan.left, whole(world)) == ((), before)
    undo(world, undone.undo_id or 0)
    assert (world.local_id(new, "team"), twins.local_id) == (twins.was["id"], found.local_id)
