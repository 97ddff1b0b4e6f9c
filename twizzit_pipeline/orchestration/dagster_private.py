"""Everything that this package uses of Dagster's private modules, but for its command lines (`instance.dagster_cli`)
and its code server (`instance.code_server`).

Dagster may change these without notice: `pyproject.toml` bounds its version, and
`tests/unit/orchestration/test_dagster_private.py` says what each must do.
"""

from dagster._config import EvaluationError, resolve_to_config_type, validate_config
from dagster._core.event_api import EventLogCursor, PartitionKeyFilter
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    DagsterEvent,
    DagsterEventType,
    EngineEventData,
    JobFailureData,
    RunFailureReason,
)
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from dagster._core.execution.plan.objects import StepFailureData, StepRetryData
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher import LaunchRunContext
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorType, SensorInstigatorData
from dagster._core.storage.asset_check_execution_record import COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
from dagster._core.storage.config import PostgresStorageConfig
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, AssetKeyTable, SqlEventLogStorageTable
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.tags import (
    BACKFILL_ID_TAG,
    GRPC_INFO_TAG,
    MAX_RUNTIME_SECONDS_TAG,
    PARENT_RUN_ID_TAG,
    PARTITION_NAME_TAG,
    PRIORITY_TAG,
    RUN_KEY_TAG,
)
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster_shared.error import SerializableErrorInfo

__all__ = [
    "ASSET_CHECK_EVENTS",
    "ASSET_EVENTS",
    "BACKFILL_ID_TAG",
    "COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES",
    "GRPC_INFO_TAG",
    "MAX_RUNTIME_SECONDS_TAG",
    "PARENT_RUN_ID_TAG",
    "PARTITION_NAME_TAG",
    "PRIORITY_TAG",
    "RUN_KEY_TAG",
    "AssetCheckExecutionsTable",
    "AssetKeyTable",
    "BulkActionStatus",
    "BulkActionsFilter",
    "CheckRunHealthResult",
    "ConfigurableClass",
    "ConfigurableClassData",
    "DagsterEvent",
    "DagsterEventType",
    "EngineEventData",
    "EvaluationError",
    "EventLogCursor",
    "InstanceRef",
    "InstigatorState",
    "InstigatorStatus",
    "InstigatorType",
    "JobFailureData",
    "LaunchRunContext",
    "PartitionKeyFilter",
    "PostgresStorageConfig",
    "RunFailureReason",
    "RunsTable",
    "SensorInstigatorData",
    "SerializableErrorInfo",
    "SqlEventLogStorageTable",
    "StepFailureData",
    "StepRetryData",
    "WorkerStatus",
    "resolve_to_config_type",
    "validate_config",
]
