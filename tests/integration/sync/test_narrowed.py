"""Narrowed syncs, from Twizzit into ShotSpot."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.sync_world import STEPS, Step, Synced, SyncWorld
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.storage import tables
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.reports import ScanReport

SMALL: dict[str, Any] = {"clubs": 1, "teams": 5, "players_per_team": 6, "other_contacts": 0}


def sync(world: SyncWorld, credential_id: int, narrowing: Narrowing, steps: Sequence[Step] = STEPS) -> Synced:
    with world.session(credential_id, narrowing=narrowing) as session:
        reports = {step.__name__: step(session) for step in steps}
    return Synced(session.run_id, reports, world.history_of(session.run_id), session.calls)


def groups(world: SyncWorld) -> list[str]:
    """The remote ids of the teams that keep their contract, in the simulator's order."""
    valid = world.simulator.world.truth(world.club()).teams
    return [
        str(group.id) for group in world.club().teams(world.simulator.world.running_season) if str(group.id) in valid
    ]


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_one_team_and_its_players_arrive(world: SyncWorld, dialect: str) -> None:
    credential_id = world.add_credential(dialect=dialect)
    group = groups(world)[1]
    synced = sync(world, credential_id, Narrowing(group))
    assert [row["twizzit_team_id"] for row in world.rows(tables.team_mappings)] == [group]
    _, players = world.roster(1)
    mapped = {row["twizzit_player_id"] for row in world.rows(tables.player_mappings)}
    assert mapped == {str(one) for one in players}
    assert mapped
    for entity, rows in (("teams", 1), ("players", len(mapped))):
        row = synced.history[entity]
        assert (row.items_succeeded, row.details["group_id"]) == (rows, group)


def test_the_rosters_of_other_teams_are_not_read(world: SyncWorld) -> None:
    credential_id = world.add_credential(dialect="v1")
    whole = world.sync(credential_id)
    one = sync(world, credential_id, Narrowing(groups(world)[0]))
    narrow, all_of_them = one.reports["scan_players"], whole.reports["scan_players"]
    assert isinstance(narrow, ScanReport)
    assert isinstance(all_of_them, ScanReport)
    assert narrow.calls <= all_of_them.calls - (len(groups(world)) - 1)


def test_the_rest_of_the_snapshot_stays(world: SyncWorld, club: int) -> None:
    before = world.dump()
    synced = sync(world, club, Narrowing(groups(world)[0]))
    assert world.dump() == before
    assert {
        name: report.written.deleted for name, report in synced.reports.items() if isinstance(report, ScanReport)
    } == {
        "scan_teams": 0,
        "scan_players": 0,
    }


def test_what_changed_elsewhere_is_not_taken_over(world: SyncWorld, club: int) -> None:
    asked, other = (int(group) for group in groups(world)[:2])
    world.simulator.changes.rename_team(other, "Somewhere else")
    moved = world.roster(1)[1][0]
    world.simulator.changes.rename_person(moved, "Another", "Name")
    before = world.team(other), world.player(moved)
    sync(world, club, Narrowing(str(asked)))
    assert (world.team(other), world.player(moved)) == before
    sync(world, club, Narrowing(str(other)))
    assert world.team(other)["name"] == "Somewhere else"
    assert world.player(moved)["last_name"] == "Name"


def test_a_team_that_twizzit_does_not_list_is_a_failed_item(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    synced = sync(world, credential_id, Narrowing("999999"))
    for entity in ("teams", "players"):
        row = synced.history[entity]
        assert (row.status, row.items_processed, row.items_failed) == ("partial_success", 1, 1)
        assert row.error_message == (
            "1 not applied: the account lists no such team in this season (group_not_found: 999999)"
        )
    assert world.rows(tables.teams) == []


def test_nothing_is_made_anew(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    synced = sync(world, credential_id, Narrowing(create_missing=False))
    assert {
        table.name: world.rows(table) for table in (tables.clubs, tables.seasons, tables.teams, tables.players)
    } == {
        "clubs": [],
        "seasons": [],
        "teams": [],
        "players": [],
    }
    assert set(synced.teams.warnings["not_created"]) == set(groups(world))
    row = synced.history["teams"]
    rejected = len(world.simulator.world.truth(world.club()).rejected["teams"])
    assert (row.items_processed, row.items_succeeded, row.items_failed) == (rejected, 0, rejected)
    assert row.details["create_missing"] is False
    assert row.details["warnings"]["not_created"]["count"] == len(groups(world))
    world.sync(credential_id)
    world.assert_truth(credential_id)


def test_what_is_there_is_still_updated(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    first, second = groups(world)[:2]
    sync(world, credential_id, Narrowing(first))
    with world.connected() as connection:
        connection.execute('UPDATE twizzit_team_mappings SET last_values = last_values || \'{"name": "Old"}\'')
        connection.execute("UPDATE teams SET name = 'Old'")
    synced = sync(world, credential_id, Narrowing(create_missing=False))
    assert (synced.teams.updated, synced.teams.created) == (1, 0)
    assert world.team(first)["name"] != "Old"
    assert second in synced.teams.warnings["not_created"]


def test_players_of_one_team_alone_can_be_asked_again(world: SyncWorld, club: int) -> None:
    group_id, players = world.roster(0)
    with world.connected() as connection:
        connection.execute(
            "DELETE FROM twizzit_players WHERE twizzit_player_id = %s AND twizzit_team_id = %s",
            (str(players[0]), str(group_id)),
        )
    synced = sync(world, club, Narrowing(str(group_id)), steps=(scan_players, map_players))
    assert len(world.rows(tables.twizzit_players, twizzit_team_id=str(group_id))) == len(players)
    assert set(synced.history) == {"players"}
    assert synced.history["players"].items_succeeded == len(players)
    world.sync(club)
    world.assert_truth(club)


def test_one_team_proves_nothing_of_its_season(world: SyncWorld) -> None:
    """The season before decides until the newer one was read as a whole."""
    credential_id = world.add_credential()
    sync(world, credential_id, Narrowing("999999"))
    before, running = world.simulator.world.seasons_of(world.club())
    assert running == world.simulator.world.running_season
    assert world.sync(credential_id, before.label).players.deciding is False
