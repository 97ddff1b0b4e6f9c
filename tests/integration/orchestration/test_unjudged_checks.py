"""What a run that fails leaves of its checks: the result of before, as not judged, and nothing red for other clubs."""

from collections.abc import Callable, Iterator

import dagster as dg
import pytest
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from tests.support.orchestrator import Orchestrator, orchestrated
from tests.support.recorded_runs import CHECKS
from twizzit_pipeline.credentials import store
from twizzit_pipeline.orchestration.launch import run_job
from twizzit_pipeline.orchestration.partitions import CredentialSeason
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database

pytestmark = pytest.mark.dagster_tables

CONTRACT = dg.AssetCheckKey(dg.AssetKey("twizzit_teams"), "contract")


@pytest.fixture
def here(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Iterator[Orchestrator]:
    clubs = simulate(clubs=2, teams=1, players_per_team=2, other_contacts=0)
    with orchestrated(settings, database, clubs, retry_attempts=1, step_retries=0) as found:
        yield found


def sync(here: Orchestrator, credential_id: int, job_name: str = "sync_all") -> bool:
    result = run_job(here.settings, here.database, job_name=job_name, credential_id=credential_id, season=here.season)
    return result.success


def evaluation(here: Orchestrator, credential_id: int) -> dg.AssetCheckEvaluation:
    partition = CredentialSeason(str(store.get(here.engine, credential_id).partition_key), here.season).key
    found = here.instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [CONTRACT], PartitionKeyFilter(key=partition)
    )
    last = found[CONTRACT].evaluation
    assert isinstance(last, dg.AssetCheckEvaluation)
    return last


def red(here: Orchestrator) -> set[tuple[str, str]]:
    """What the list of checks shows as failed, or as not executed, after the run that was announced last."""
    latest = here.instance.event_log_storage.get_latest_asset_check_execution_by_key(CHECKS)
    fine = AssetCheckExecutionRecordStatus.SUCCEEDED
    return {(key.asset_key.to_user_string(), key.name) for key, record in latest.items() if record.status is not fine}


def test_a_failed_run_leaves_the_result_of_before_however_often_it_fails(here: Orchestrator) -> None:
    credential_id = here.credential()
    assert sync(here, credential_id)
    judged = evaluation(here, credential_id)
    assert (judged.passed, judged.description) == (False, "1 × name_present")
    before = red(here)
    assert ("twizzit_teams", "contract") in before

    here.simulator.faults.arm("forbidden", path="/organizations", times=None)
    for job_name in ("sync_all", "sync_teams"):
        assert not sync(here, credential_id, job_name)
        unjudged = evaluation(here, credential_id)
        assert (unjudged.passed, unjudged.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert unjudged.metadata["judged"].value is False
        assert unjudged.metadata["as_judged_before"].value == "1 × name_present"
        assert str(unjudged.description).startswith("Not judged: ")
        assert str(unjudged.description).endswith("; as judged before: 1 × name_present")
        assert red(here) == before, "the list is as it was"

    here.simulator.faults.clear()
    assert sync(here, credential_id, "sync_teams")
    assert evaluation(here, credential_id).description == "1 × name_present"


def test_a_club_that_never_came_turns_nothing_red(here: Orchestrator) -> None:
    here.simulator.faults.arm("forbidden", path="/organizations", times=None)
    new = here.credential(1)
    assert not sync(here, new)
    unjudged = evaluation(here, new)
    assert (unjudged.passed, unjudged.severity) == (True, dg.AssetCheckSeverity.WARN)
    assert unjudged.metadata["judged"].value is False
    assert red(here) == set()
