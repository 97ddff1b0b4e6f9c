"""A sync ends with exactly what Twizzit holds, in both dialects; a second one writes nothing; and calls are few."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.support.sync_process import wait_until
from tests.support.sync_world import MAPPINGS, SHOTSPOT, SNAPSHOTS, STEPS, WRITTEN_BY_A_SYNC, SyncWorld, quick
from twizzit_pipeline.accounts.verify import verify
from twizzit_pipeline.runs import history
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import Organization, SimulatorServer
from twizzit_pipeline.simulator.truth import Truth
from twizzit_pipeline.simulator.world import Dialect
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def world(settings: Settings, database: Database, simulator: SimulatorServer) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulator)


@pytest.mark.parametrize("dialect", ["v1", "v2"])
@pytest.mark.parametrize("place", [0, 2])
def test_a_sync_ends_with_the_truth(world: SyncWorld, dialect: Dialect, place: int) -> None:
    credential_id = world.add_credential(place, dialect)

    synced = world.sync(credential_id)

    world.assert_truth(credential_id, place)
    truth = world.simulator.world.truth(world.club(place), dialect=dialect)
    if dialect == "v1":  # a token, a page of teams, and a page of players for each
        assert synced.calls == world.simulator.calls.total == 1 + 1 + len(truth.teams)
    assert (synced.teams.created, synced.teams.mappings) == (len(truth.teams), len(truth.teams))
    assert (synced.players.created, synced.players.mappings) == (len(truth.players), len(truth.players))
    assert synced.players.deciding
    assert not world.rows(tables.leases)
    assert_first_team_and_both_rosters(world, truth)
    assert_no_strangers(world, world.club(place), truth)


def assert_first_team_and_both_rosters(world: SyncWorld, truth: Truth) -> None:
    """Who plays in two teams stands in the first by its number."""
    twice = {remote_id: one.team_ids for remote_id, one in truth.players.items() if len(one.team_ids) > 1}
    assert twice
    for remote_id, team_ids in twice.items():
        first = min(team_ids, key=int)
        assert world.player(remote_id)["team_id"] == world.local_id(first, "team")
        rosters = world.rows(tables.twizzit_players, twizzit_player_id=remote_id)
        assert {row["twizzit_team_id"] for row in rosters} == team_ids


def assert_no_strangers(world: SyncWorld, club: Organization, truth: Truth) -> None:
    """Coaches, delegates and boards are no players, and committees no teams."""
    listed = {str(link.contact_id) for links in club.rosters.values() for link in links}
    strangers = listed - set(truth.players)
    assert strangers
    mapped = {row["twizzit_player_id"] for row in world.rows(tables.player_mappings)}
    assert mapped.isdisjoint(strangers)
    committees = {group.name for group in club.groups.values() if not group.is_team}
    assert committees.isdisjoint({row["name"] for row in world.rows(tables.teams)})


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_a_second_sync_writes_nothing(world: SyncWorld, dialect: Dialect) -> None:
    credential_id = world.add_credential(dialect=dialect)
    world.sync(credential_id)
    before, rows = counters(world), world.dump()

    second = world.sync(credential_id)

    after = counters(world)
    names = {table.name for table in WRITTEN_BY_A_SYNC}
    assert {name: count for name, count in after.items() if name in names} == {
        name: count for name, count in before.items() if name in names
    }
    assert world.dump() == rows
    assert second.teams.unchanged == len(rows["teams"])
    assert second.players.unchanged == len(rows["players"])
    # what does change: the history has the second sync and lists its rejected rows, and its calls are counted and paced
    moved = {name.removesuffix("_id_seq") for name, count in after.items() if before[name] != count}
    counted = {"twizzit_api_usage", "twizzit_rate_limits"}
    assert moved == {"twizzit_sync_history", "twizzit_rejected_rows", "twizzit_leases", *counted}


def counters(world: SyncWorld) -> dict[str, object]:
    """PostgreSQL's own count of written rows by table, and where each sequence stands.

    A session reports its writes at the latest when it ends, so all of ours are ended first.
    """
    world.database.engine.dispose()
    with world.connected() as connection:
        ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'twizzit-pipeline'"
        wait_until(lambda: connection.execute(f"{ours} AND datname = current_database()").fetchone() == (0,))
        written = connection.execute("SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables")
        found: dict[str, object] = {row[0]: row[1:] for row in written}
        return found | dict(connection.execute("SELECT sequencename, last_value FROM pg_sequences").fetchall())


def test_fifty_teams_of_twelve_cost_at_most_twenty_calls(
    settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]
) -> None:
    world = SyncWorld(quick(settings), database, simulate(clubs=1, teams=50, players_per_team=12))
    credential_id = world.add_credential()

    synced = world.sync(credential_id)

    assert world.simulator.calls.total <= 20
    assert synced.calls == world.simulator.calls.total
    assert sum(row.details["calls"] for row in synced.history.values()) == synced.calls
    assert synced.teams.created == 50
    assert synced.players.created >= 50 * 12
    world.assert_truth(credential_id)


def test_each_step_may_run_by_itself_on_another_day(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    runs = [world.sync(credential_id, steps=[step]) for step in STEPS[:2]]
    assert all(world.rows(table) for table in SNAPSHOTS)
    assert not any(world.rows(table) for table in (*SHOTSPOT, *MAPPINGS, tables.sync_changes))
    runs += [world.sync(credential_id, steps=[step]) for step in STEPS[2:]]

    truth = world.simulator.world.truth(world.club())
    assert {row["twizzit_player_id"] for row in world.rows(tables.player_mappings)} == set(truth.players)
    assert [[*run.history] for run in runs] == [["teams"], ["players"], ["teams"], ["players"]]
    # a mapping by itself counts what it brought into ShotSpot; the rejected rows were the scan's
    assert [run.history[one].status for run, one in zip(runs, ("teams", "players") * 2, strict=True)] == [
        "partial_success",
        "partial_success",
        "success",
        "success",
    ]
    assert runs[3].history["players"].items_succeeded == len(truth.players)
    assert runs[2].calls == runs[3].calls == 0


def test_a_verified_credential_has_its_organization_and_seasons(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    found = verify(world.settings, world.database, credential_id)

    club = world.club()
    (row,) = world.rows(tables.credentials)
    assert (row["twizzit_organization_id"], row["twizzit_organization_name"]) == (str(club.id), club.name)
    assert row["last_verified_at"] is not None
    assert (found.organization_name, found.organizations, found.seasons) == (club.name, 1, 2)
    assert {one["label"] for one in world.rows(tables.twizzit_seasons)} == {
        season.label for season in world.simulator.world.seasons_of(club)
    }


def test_the_history_holds_no_names(world: SyncWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    credential_id = world.add_credential()
    world.sync(credential_id)

    with world.database.engine.connect() as connection:
        kept = [
            connection.scalar(text(f"SELECT string_agg(t::text, '') FROM {table} t"))
            for table in ("twizzit_sync_history", "twizzit_rejected_rows", "twizzit_leases")
        ]
    written = " ".join([*(one or "" for one in kept), caplog.text, str(history.recent(world.database.engine, 1))])
    club = world.club()
    people = [contact.last_name for contact in club.contacts.values() if contact.last_name]
    assert not [name for name in {one.strip() for one in people} if len(name) > 2 and name in written]
    assert club.account.password not in written
    assert club.account.username not in written
