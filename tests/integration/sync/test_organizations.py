"""Two organizations never touch each other's rows, whatever their ids and names have in common."""

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import update

from tests.support.sync_process import wait_until
from tests.support.sync_world import STEPS, WRITTEN_BY_A_SYNC, Rows, SyncWorld, quick
from tests.support.synced_world import NewDatabase, SyncedOnce, synced_once, taken_over
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

Simulate = Callable[..., SimulatorServer]
SMALL: dict[str, Any] = {"teams": 4, "players_per_team": 7, "other_contacts": 0}


@pytest.fixture(scope="module")
def synced(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncedOnce]:
    with synced_once(new_database, tmp_path_factory.mktemp("synced"), clubs=2, **SMALL) as once:
        yield once


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Simulate) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=2, **SMALL))


@pytest.fixture
def first(world: SyncWorld, synced: SyncedOnce) -> int:
    """A credential of the first organization, whose club was synced."""
    return taken_over(world, synced)


def assert_untouched(before: dict[str, Rows], after: dict[str, Rows]) -> None:
    """Every row that was there is there, as it was."""
    for name, rows in before.items():
        now = after[name]
        assert [row for row in rows if row not in now] == []


@pytest.mark.parametrize("dialects", [("v2", "v2"), ("v1", "v2"), ("v1", "v1")])
def test_another_club_leaves_all_rows_alone(world: SyncWorld, dialects: tuple[str, str]) -> None:
    first = world.add_credential(0, dialects[0])
    second = world.add_credential(1, dialects[1])
    world.sync(first)
    before = world.dump()

    world.sync(second)

    assert_untouched(before, world.dump())
    world.assert_truth(first, 0)
    world.assert_truth(second, 1)
    both = world.dump()
    world.simulator.changes.rename_team(world.roster(0, place=1)[0], "Anders")
    world.simulator.changes.transfer(world.roster(0, place=1)[1][3], world.roster(2, place=1)[0])
    world.sync(first)
    assert world.dump() == both
    world.sync(second)
    assert_untouched(before, world.dump())


def test_an_id_that_another_host_uses_means_something_else_there(
    world: SyncWorld, first: int, simulate: Simulate
) -> None:
    """A second Twizzit numbers its organization, teams and people like the first; its people have other names.

    It speaks v1; two that both speak v2 are in test_hosts.
    """
    other = simulate(seed=7, **SMALL)
    club = other.world.organizations[0]
    assert club.id == world.club().id
    club.name = "KC Een Andere"
    before = world.dump()
    second = world.add_credential(dialect="v1", server=other)

    synced = world.sync(second)

    assert_untouched(before, world.dump())
    truth = other.world.truth(club, dialect="v1")
    assert (synced.teams.created, synced.players.created) == (len(truth.teams), len(truth.players))
    assert set(truth.teams) == {row["twizzit_team_id"] for row in before["twizzit_team_mappings"]}
    world.assert_truth(second, server=other)
    both = world.dump()
    for credential_id in (first, second):
        assert world.sync(credential_id).teams.failed == {}
    assert world.dump() == both
    world.assert_truth(first)


def test_mappings_without_a_credential_are_adopted_by_the_same_organization_alone(
    world: SyncWorld, first: int, simulate: Simulate
) -> None:
    with world.database.engine.begin() as connection:
        connection.execute(tables.credentials.delete())
    orphans = world.dump((tables.team_mappings, tables.player_mappings, tables.teams, tables.players))
    assert {row["credential_id"] for row in orphans["twizzit_player_mappings"]} == {None}

    other = simulate(seed=7, **SMALL)
    other.world.organizations[0].name = "KC Een Andere"
    synced = world.sync(world.add_credential(server=other))
    assert (synced.teams.adopted, synced.players.adopted) == (0, 0)
    assert_untouched(orphans, world.dump((tables.team_mappings, tables.player_mappings, tables.teams, tables.players)))

    again = world.add_credential()
    synced = world.sync(again)
    assert synced.teams.adopted == len(orphans["teams"])
    assert synced.players.adopted == len(orphans["players"])
    assert (synced.teams.created, synced.players.created) == (0, 0)
    world.assert_truth(again)
    assert_untouched({"players": orphans["players"]}, {"players": world.rows(tables.players)})


def test_mappings_of_a_credential_that_is_switched_off_are_adopted(world: SyncWorld, first: int) -> None:
    players = world.rows(tables.players)
    with world.database.engine.begin() as connection:
        off = update(tables.credentials).where(tables.credentials.c.id == first)
        connection.execute(off.values(is_active=False))

    new = world.add_credential()
    synced = world.sync(new)

    assert synced.players.adopted == len(players)
    world.assert_truth(new)
    assert world.rows(tables.players) == players


def test_a_federation_feeds_the_clubs_that_its_teams_name(
    settings: Settings, database: Database, simulate: Simulate
) -> None:
    world = SyncWorld(
        quick(settings),
        database,
        simulate(federation=True, federation_clubs=4, teams=3, players_per_team=6, federation_contacts=300),
    )
    place = len(world.simulator.world.organizations) - 1
    credential_id = world.add_credential(place)
    world.mark_federation(credential_id)

    world.sync(credential_id)

    truth = world.simulator.world.truth(world.club(place))
    names = {row["id"]: row["name"] for row in world.rows(tables.clubs)}
    teams = {row["id"]: row for row in world.rows(tables.teams)}
    mapped = {row["twizzit_team_id"]: teams[row["local_team_id"]] for row in world.rows(tables.team_mappings)}
    assert {one: names[row["club_id"]] for one, row in mapped.items()} == truth.clubs
    assert {one: row["name"] for one, row in mapped.items()} == dict(truth.teams)
    for remote_id, one in truth.players.items():
        assert world.player(remote_id)["team_id"] in {mapped[team]["id"] for team in one.team_ids}
    rows = world.dump()
    world.sync(credential_id)
    assert world.dump() == rows


def test_a_new_season_of_two_organizations_is_made_once(world: SyncWorld) -> None:
    """Both find no season: the second one waits until the first one's is there, and takes it."""
    scans, maps = STEPS[:2], STEPS[2:]
    credentials = [world.add_credential(0), world.add_credential(1)]
    for credential_id in credentials:
        world.sync(credential_id, steps=scans)

    def sync(credential_id: int) -> None:
        with world.session(credential_id) as session:
            for step in maps:
                step(session)

    with world.connected() as other, other.transaction():
        # the first one is held where it would make it, until both have seen that there is none
        other.execute("LOCK TABLE seasons IN SHARE MODE")
        threads = [Thread(target=sync, args=(credential_id,)) for credential_id in credentials]
        for thread in threads:
            thread.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'seasons'::regclass"
        with world.connected() as watcher:
            wait_until(lambda: watcher.execute(waiting).fetchone() == (2,))
    for thread in threads:
        thread.join()

    assert len(world.rows(tables.seasons)) == 1
    assert {row["season_id"] for row in world.rows(tables.teams)} == {1}
    assert not [table for table in WRITTEN_BY_A_SYNC if not world.rows(table)]
