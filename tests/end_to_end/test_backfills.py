"""Backfills: the daemon of `dagster dev` works off those of a terminal and those of the UI."""

import json
from collections.abc import Callable

import dagster as dg
import httpx
import pytest

from tests.end_to_end.conftest import AtWork
from twizzit_pipeline.accounts.verify import verify
from twizzit_pipeline.credentials import store
from twizzit_pipeline.orchestration.instance.dagster_command import run_dagster
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.orchestration.jobs import ASSETS_OF
from twizzit_pipeline.orchestration.partitions import CredentialSeason
from twizzit_pipeline.runs import history, seasons
from twizzit_pipeline.simulator import SimulatorServer

ASSETS = [asset for assets in ASSETS_OF.values() for asset in assets]
LAUNCH = """
mutation Launch($parameters: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $parameters) { __typename ... on LaunchBackfillSuccess { backfillId } }
}
"""


PLACES = (4, 5)


@pytest.fixture
def clubs(simulate: Callable[..., SimulatorServer]) -> SimulatorServer:
    """Small ones, of which no other test of the same database has the fifth and the sixth."""
    return simulate(clubs=6, teams=2, players_per_team=4, other_contacts=4)


@pytest.fixture
def partitions(dagster_at_work: AtWork, clubs: SimulatorServer) -> list[str]:
    """One partition of each of two clubs."""
    settings, database = dagster_at_work.settings, dagster_at_work.database
    keys = []
    for place in PLACES:
        credential_id = dagster_at_work.add_credential(clubs, place)
        verify(settings, database, credential_id)
        season = seasons.running_season(
            database.engine, credential_id, day=seasons.today(), season_start=settings.season_start
        )
        partition_key = store.get(database.engine, credential_id).partition_key
        keys.append(str(CredentialSeason(str(partition_key), str(season)).key))
    return keys


@pytest.mark.timeout(600)
def test_backfills_from_the_command_line_and_from_the_ui(
    dagster_at_work: AtWork, clubs: SimulatorServer, partitions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, database = dagster_at_work.settings, dagster_at_work.database
    first, second = partitions
    clubs.calls.reset()
    for name, value in dagster_at_work.twizzit.environment.items():
        monkeypatch.setenv(name, value)
    asked = ("job", "backfill", "--job", "sync_all", "--noprompt", "--partitions", first)
    assert run_dagster(settings, database, asked) == 0
    parameters = {"assetSelection": [{"path": [asset]} for asset in ASSETS], "partitionNames": [second]}
    request = {"query": LAUNCH, "variables": {"parameters": parameters}}
    launched = httpx.post(f"{dagster_at_work.url}/graphql", json=request, trust_env=False, verify=False).json()
    assert launched["data"]["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess", json.dumps(launched)

    with open_instance(settings, database) as instance:

        def runs() -> dict[str, dg.DagsterRun]:
            wanted = dg.RunsFilter(tags={"dagster/partition": partitions})
            found = instance.get_runs(filters=wanted)
            assert len(found) == len({run.tags["dagster/partition"] for run in found}), "one run for each partition"
            return {run.tags["dagster/partition"]: run for run in found}

        dagster_at_work.until(lambda: len(runs()) == 2, "a run for each partition")
        dagster_at_work.until(lambda: all(run.is_finished for run in runs().values()), "the end of both")
        ended = runs()
        assert {key: run.status for key, run in ended.items()} == {
            first: dg.DagsterRunStatus.SUCCESS,
            second: dg.DagsterRunStatus.SUCCESS,
        }
        credentials = {key.partition("|")[0] for key in partitions}
        for asset in ASSETS:
            materialized = instance.get_materialized_partitions(dg.AssetKey(asset))
            assert {key for key in materialized if key.partition("|")[0] in credentials} == {first, second}
    for run in ended.values():
        assert {row.entity: row.status for row in history.for_run(database.engine, run.run_id)} == {
            "teams": "partial_success",
            "players": "partial_success",
            "competitions": "success",
            "matches": "success",
        }
    assert clubs.calls.of("/authenticate") == 2, "the steps of a run share one process, and so one token"
