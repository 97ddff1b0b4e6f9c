"""The demo's people: a player is called otherwise on both sides, and the next sync asks about it."""

from collections.abc import Callable

from tests.support.sync_world import STEPS, SyncWorld, quick
from twizzit_pipeline.local.both_sides import MOST_WAITING, BothSides
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database


def test_each_time_one_more_conflict_waits_until_there_are_enough(
    settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]
) -> None:
    world = SyncWorld(quick(settings), database, simulate(clubs=1, teams=2, players_per_team=6, other_contacts=0))
    club = world.add_credential()
    config.change(database.engine, club, actor=this_user(), conflict_policy="ask")
    now = [0.0]
    people = BothSides(database.engine, world.simulator.url, club, clock=lambda: now[0])
    people.look()  # nothing is mapped yet
    world.sync(club, steps=STEPS)
    for waiting in (1, 2, 3, 3):
        now[0] += 60
        people.look()  # not yet
        now[0] += 60
        people.look()
        world.sync(club, steps=STEPS)
        found = world.rows(tables.conflicts)
        assert [row["status"] for row in found] == ["open"] * waiting
    assert waiting == MOST_WAITING
    one = found[0]
    assert (one["column_name"], one["local"], one["remote"]) == ("first_name", f"{one['base']}ke", f"{one['base']}-Lou")


def test_a_twizzit_that_is_away_changes_nothing(
    settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]
) -> None:
    world = SyncWorld(quick(settings), database, simulate(clubs=1, teams=1, players_per_team=5, other_contacts=0))
    club = world.add_credential()
    world.sync(club, steps=STEPS)
    before = world.rows(tables.players)
    BothSides(database.engine, "http://127.0.0.1:9", club).look()
    assert world.rows(tables.players) == before
