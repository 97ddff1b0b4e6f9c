"""Runs of the tests on a real instance, and what that instance has recorded of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dagster as dg
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)
from sqlalchemy import func, select

from tests.support.simulation import Simulation
from twizzit_pipeline.credentials import store
from twizzit_pipeline.definitions import defs
from twizzit_pipeline.orchestration.assets.catalogue import CONFIGURATION, TABLES
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.orchestration.jobs import PLANS
from twizzit_pipeline.orchestration.launch import RunResult, run_job
from twizzit_pipeline.orchestration.partitions import CredentialSeason

ASSETS = {name: table for name, table in TABLES.items() if name not in (CONFIGURATION, PLANS)}
CHECKS = [key for key in defs.resolve_asset_graph().asset_check_keys if key.asset_key.to_user_string() in ASSETS]


class Here(Simulation):
    """A database, a simulator, and the instance's jobs in one hand."""

    def partition(self, credential_id: int, season: str | None = None) -> CredentialSeason:
        return CredentialSeason(str(store.get(self.engine, credential_id).partition_key), season or self.season)

    def run(self, credential_id: int, job_name: str = "sync_all", season: str | None = None) -> RunResult:
        return run_job(
            self.settings,
            self.database,
            job_name=job_name,
            credential_id=credential_id,
            season=season or self.season,
        )

    def rows(self, asset: str, credential_id: int) -> int:
        table = ASSETS[asset]
        with self.engine.connect() as connection:
            wanted = select(func.count()).select_from(table).where(table.c.credential_id == credential_id)
            return int(connection.scalar(wanted) or 0)

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        with open_instance(self.settings, self.database) as opened:
            yield opened


def materialization(instance: dg.DagsterInstance, asset: str, partition: str) -> dg.AssetMaterialization:
    """The last one of an asset and partition."""
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[partition]), limit=1
    ).records
    found = records[0].asset_materialization
    assert found is not None
    return found


def checks(instance: dg.DagsterInstance, partition: str) -> dict[tuple[str, str], bool]:
    """(asset, check) → whether its last evaluation for a partition passed."""
    return {
        (key.asset_key.to_user_string(), key.name): record.status is AssetCheckExecutionRecordStatus.SUCCEEDED
        for key, record in _last(instance, partition).items()
    }


def rules(instance: dg.DagsterInstance, partition: str) -> dict[tuple[str, str], bool]:
    """(asset, rule) → whether it was kept when its check was last evaluated for a partition."""
    found = {}
    for key, record in _last(instance, partition).items():
        table = None if record.evaluation is None else record.evaluation.metadata.get("rules")
        if isinstance(table, dg.TableMetadataValue):
            for row in table.records:
                kept = row.data["result"] in ("passed", "not judged")
                found[key.asset_key.to_user_string(), str(row.data["rule"])] = kept
    return found


def not_judged(instance: dg.DagsterInstance, partition: str) -> dict[str, set[str | None]]:
    """Asset → what its last checks of a partition say, of those whose step did not come to judge anything."""
    found: dict[str, set[str | None]] = {}
    for key, record in _last(instance, partition).items():
        evaluation = record.evaluation
        if isinstance(evaluation, dg.AssetCheckEvaluation) and "reason" in evaluation.metadata:
            assert (evaluation.metadata["judged"].value, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
            found.setdefault(key.asset_key.to_user_string(), set()).add(evaluation.description)
    return found


def _last(instance: dg.DagsterInstance, partition: str) -> Mapping[dg.AssetCheckKey, AssetCheckExecutionRecord]:
    return instance.event_log_storage.get_latest_asset_check_execution_by_key(CHECKS, PartitionKeyFilter(key=partition))
