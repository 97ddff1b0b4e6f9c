"""SIGKILL while a stored plan is applied: nothing is half, and the plan can be applied again or says why not."""

from collections.abc import Callable

import pytest

from tests.integration.sync.preview.test_applying import applied
from tests.support.previewed import previewed
from tests.support.sync_process import applying, killed, locked, wait_until, watching
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.errors import PlanBeingApplied, PlanRefused
from twizzit_pipeline.runs import plans
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

SHOTSPOT = (*tables.LOCAL.values(), *tables.MAPPINGS.values(), tables.clubs, tables.seasons, tables.sync_changes)
pytestmark = pytest.mark.xdist_group("processes")


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=1, teams=3, players_per_team=4, other_contacts=0))


def planned(world: SyncWorld, credential_id: int) -> int:
    made = previewed(world, credential_id, entities=["teams", "players"])
    return made.plan.id


def status(world: SyncWorld, plan_id: int) -> str:
    return plans.get(world.database.engine, plan_id).status


@pytest.mark.parametrize("table", [None, "teams", "twizzit_team_mappings"])
def test_killed_before_anything_is_written_it_waits_still(world: SyncWorld, table: str | None) -> None:
    credential_id = world.add_credential()
    plan_id = planned(world, credential_id)
    before = world.dump(SHOTSPOT)
    if table is None:
        fault = world.simulator.faults.arm("slow", after=3, seconds=3)
        with applying(world, credential_id, plan_id) as process:
            wait_until(lambda: fault.met, process)
            killed(process)
    else:
        with (
            locked(world, table),
            applying(world, credential_id, plan_id) as process,
            watching(world) as waiting,
        ):
            wait_until(waiting, process)
            killed(process)
    assert (status(world, plan_id), world.dump(SHOTSPOT)) == ("waiting", before)

    applied(world, plan_id, credential_id)

    assert status(world, plan_id) == "applied"
    world.assert_truth(credential_id)


def test_killed_between_teams_and_players_it_says_so_and_what_to_do(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    plan_id = planned(world, credential_id)
    with locked(world, "players"), applying(world, credential_id, plan_id) as process, watching(world) as waiting:
        wait_until(waiting, process)
        with pytest.raises(PlanBeingApplied, match=rf"^Plan {plan_id} is being applied already, by a sync "):
            applied(world, plan_id, credential_id)
        killed(process)
    assert world.rows(tables.players) == world.rows(tables.player_mappings) == []
    teams = {row["id"] for row in world.rows(tables.teams)}
    assert teams == {row["local_team_id"] for row in world.rows(tables.team_mappings)} != set()

    with pytest.raises(PlanRefused, match=rf"Plan {plan_id} was applied in part: its sync \d+ .*; make a new one: "):
        applied(world, plan_id, credential_id)

    applied(world, planned(world, credential_id), credential_id)
    world.assert_truth(credential_id)
    assert {row["id"] for row in world.rows(tables.teams)} == teams
