"""Previews, applied plans and syncs that stop at their plan, as runs on the real instance."""

from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from sqlalchemy import func, insert, select, text

from tests.support.orchestrator import QUIET
from tests.support.recorded_runs import Here, materialization
from tests.support.signs_of_life import beat
from twizzit_pipeline.definitions import build_definitions
from twizzit_pipeline.orchestration.launch import RunResult, run_job
from twizzit_pipeline.orchestration.partitions import register_partitions
from twizzit_pipeline.runs import history, plans
from twizzit_pipeline.runs.plans import StoredPlan
from twizzit_pipeline.scheduling import config, requests
from twizzit_pipeline.scheduling.wishes import RequestOptions
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.run_end import AUTOMATIC

pytestmark = pytest.mark.dagster_tables


@pytest.fixture
def here(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Here:
    return Here(settings, database, simulate(clubs=1, teams=1, players_per_team=3, other_contacts=0))


@pytest.fixture
def instance(here: Here) -> Iterator[dg.DagsterInstance]:
    with here.instance() as opened:
        yield opened


def count(here: Here, table: str) -> int:
    with here.engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(tables.metadata.tables[table])) or 0)


def apply(here: Here, plan: StoredPlan) -> RunResult:
    return run_job(
        here.settings,
        here.database,
        job_name="sync_all",
        credential_id=plan.credential_id,
        season=here.season,
        plan=(plan.id, []),
    )


def test_a_preview_is_a_job_with_counts_and_ids_and_its_plan_can_be_applied(
    here: Here, instance: dg.DagsterInstance
) -> None:
    credential_id = here.credential()
    result = here.run(credential_id, "preview_sync")
    assert result.success, result.error_message
    (plan,) = plans.of_credential(here.engine, credential_id)
    said = materialization(instance, "twizzit_plans", here.partition(credential_id).key).metadata
    assert said["plan_id"].value == plan.id
    assert said["changes"].value == plan.changes > 0
    assert {type(value.value) for name, value in said.items() if not name.startswith("dagster/")} == {int}
    assert plan.made_run_id == result.run_id
    assert history.for_run(here.engine, result.run_id) == []
    assert count(here, "players") == 0
    assert_no_name_in_dagsters_tables(here)

    applied = apply(here, plan)
    assert applied.success, applied.error_message
    assert plans.get(here.engine, plan.id).dagster_run_id == applied.run_id
    assert count(here, "twizzit_player_mappings") > 0
    again = apply(here, plan)
    assert (again.success, again.error) == (False, "PlanRefused")


def assert_no_name_in_dagsters_tables(here: Here) -> None:
    wanted = text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'dagster'")
    with here.engine.connect() as connection:
        names = connection.scalars(wanted).all()
        kept = "\n".join(
            str(line) for name in names for line in connection.scalars(text(f"SELECT t::text FROM dagster.{name} t"))
        )
    club = here.simulator.world.organizations[0]
    for person in here.simulator.world.truth(club, here.season).players.values():
        assert f"{person.first_name} {person.last_name}" not in kept


def test_a_run_of_all_assets_syncs_and_makes_no_plan(here: Here, instance: dg.DagsterInstance) -> None:
    credential_id = here.credential()
    register_partitions(instance, here.engine)
    instance.add_dynamic_partitions("season", [here.season])
    partition = here.partition(credential_id).key
    everything = build_definitions(settings=here.settings).resolve_implicit_global_asset_job_def()
    result = everything.execute_in_process(
        instance=instance, partition_key=partition, run_config=QUIET, raise_on_error=False
    )
    assert result.success
    assert plans.of_credential(here.engine, credential_id) == []
    assert count(here, "twizzit_player_mappings") > 0
    assert "no_plan" in materialization(instance, "twizzit_plans", partition).metadata


def test_a_request_to_apply_a_plan_is_carried_out_whatever_came_before_it(here: Here) -> None:
    credential_id = here.credential()
    here.run(credential_id, "preview_sync")
    (plan,) = plans.of_credential(here.engine, credential_id)
    beat(here.engine)
    asked = requests.ask(
        here.engine,
        credential_id,
        sync_type="all",
        season=plan.season,
        options=RequestOptions(plan_id=plan.id),
        actor=this_user(),
    )
    assert here.run(credential_id, "preview_sync").success
    newer, _ = plans.of_credential(here.engine, credential_id)
    assert (newer.status, plans.get(here.engine, plan.id).status) == ("waiting", "waiting")
    result = run_job(
        here.settings,
        here.database,
        job_name="sync_all",
        credential_id=credential_id,
        season=here.season,
        request_id=asked.request.id,
    )
    assert result.success, result.error_message
    assert requests.get(here.engine, asked.request.id).status == "partial_success", (
        "the simulator holds rows that must be rejected"
    )
    assert plans.get(here.engine, plan.id).dagster_run_id == result.run_id
    assert count(here, "twizzit_player_mappings") > 0


def test_an_automatic_run_with_a_review_stops_at_its_plan_and_succeeds(
    here: Here, instance: dg.DagsterInstance
) -> None:
    credential_id = here.credential()
    config.change(here.engine, credential_id, actor=this_user(), review=True, auto_sync_enabled=True)
    result = run_job(
        here.settings,
        here.database,
        job_name="sync_all",
        credential_id=credential_id,
        season=here.season,
        trigger=AUTOMATIC,
    )
    assert result.success, result.error_message
    (plan,) = plans.held(here.engine)
    assert (plan.reason, plan.made_run_id) == ("review", result.run_id)
    assert count(here, "players") == count(here, "twizzit_player_mappings") == 0
    partition = here.partition(credential_id).key
    for asset in ("twizzit_team_mappings", "twizzit_match_mappings"):
        assert materialization(instance, asset, partition).metadata["plan_id"].value == plan.id


def test_a_first_sync_that_finds_no_one_fails_in_one_line(here: Here) -> None:
    credential_id = here.credential()
    with here.engine.begin() as connection:
        club = insert(tables.clubs).values(name=here.simulator.world.organizations[0].name)
        club_id = connection.execute(club.returning(tables.clubs.c.id)).scalar_one()
        for place in range(5):
            person = {"first_name": "Gast", "last_name": f"Vreemd {place}", "club_id": club_id}
            connection.execute(insert(tables.players).values(person))
    result = here.run(credential_id)
    assert (result.success, result.error) == (False, "FirstSyncHeld")
    assert f"twizzit sync {credential_id} --apply" in str(result.error_message)
    assert count(here, "teams") == 0
