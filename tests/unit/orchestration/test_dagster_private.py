"""What the package relies on in Dagster's private modules: one of these fails where a new version changed it."""

import inspect
import sys

import click
import dagster as dg
import pytest
from dagster._core.definitions.asset_checks import asset_check_result
from dagster._core.execution.context import data_version_cache
from dagster._daemon import sensor
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import Table

from twizzit_pipeline.orchestration import dagster_modules
from twizzit_pipeline.orchestration import dagster_private as private
from twizzit_pipeline.orchestration.instance import code_server


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (private.BACKFILL_ID_TAG, "dagster/backfill"),  # dagster.yaml limits runs by it
        (private.GRPC_INFO_TAG, ".dagster/grpc_info"),
        (private.MAX_RUNTIME_SECONDS_TAG, "dagster/max_runtime"),
        (private.PARENT_RUN_ID_TAG, "dagster/parent_run_id"),
        (private.PARTITION_NAME_TAG, "dagster/partition"),
        (private.PRIORITY_TAG, "dagster/priority"),
        (private.RUN_KEY_TAG, "dagster/run_key"),
    ],
)
def test_tags_are_called_as_before(tag: str, value: str) -> None:
    """They stand in the tags of runs that older versions made, and in operators' own settings."""
    assert tag == value


@pytest.mark.parametrize(
    ("made", "fields"),
    [
        (private.StepFailureData, {"error", "user_failure_data", "error_source"}),
        (private.StepRetryData, {"error"}),
        (private.JobFailureData, {"error"}),
        (private.EngineEventData, {"error"}),
        (private.SerializableErrorInfo, {"message", "stack", "cls_name", "cause"}),
    ],
)
def test_events_have_what_is_read_or_put_into_words(made: type, fields: set[str]) -> None:
    assert fields <= set(inspect.signature(made).parameters)


def test_a_launcher_gets_a_run_and_says_how_its_worker_is() -> None:
    """What the launcher of Jobs takes and returns."""
    assert {"dagster_run", "workspace"} <= set(inspect.signature(private.LaunchRunContext).parameters)
    found = private.CheckRunHealthResult(private.WorkerStatus.RUNNING, "said")
    assert (found.status, found.msg) == (private.WorkerStatus.RUNNING, "said")
    assert {"RUNNING", "FAILED", "UNKNOWN", "SUCCESS"} <= {each.name for each in private.WorkerStatus}


def test_a_run_that_did_not_start_in_time_has_its_reason() -> None:
    assert private.JobFailureData(None, failure_reason=private.RunFailureReason.START_TIMEOUT)


def test_a_sensor_waits_from_its_last_tick_on() -> None:
    """By these times the daemon says whether its interval is over; without them it is."""
    data = private.SensorInstigatorData(last_tick_timestamp=2.0, last_tick_start_timestamp=1.0, cursor="kept")
    elapsed = inspect.getsource(sensor.get_elapsed)
    assert "last_tick_timestamp or 0" in elapsed
    assert "last_tick_start_timestamp or 0" in elapsed
    without = data._replace(last_tick_timestamp=None, last_tick_start_timestamp=None)
    assert (without.cursor, without.last_tick_timestamp) == ("kept", None)
    assert {"instigator_data"} <= set(inspect.signature(private.InstigatorState).parameters)
    assert private.InstigatorType.SENSOR.name == "SENSOR"
    assert private.InstigatorStatus.RUNNING.name == "RUNNING"


def test_filters_are_made_by_name() -> None:
    assert private.PartitionKeyFilter(key="3-kcc|2025-2026")
    assert private.BulkActionsFilter(statuses=[private.BulkActionStatus.REQUESTED]).statuses


def test_an_event_can_be_made_and_has_its_own_type() -> None:
    event = private.DagsterEvent(
        event_type_value=private.DagsterEventType.ENGINE_EVENT.value,
        job_name="sync_all",
        message="said",
        event_specific_data=private.EngineEventData(),
    )
    assert (event.event_type, event.message) == (private.DagsterEventType.ENGINE_EVENT, "said")
    assert {"RUN_FAILURE", "RUN_CANCELED", "STEP_FAILURE"} <= {each.name for each in private.DagsterEventType}


def test_a_backfill_is_under_way_in_these_states() -> None:
    names = {each.value for each in private.BulkActionStatus}
    assert {"REQUESTED", "CANCELING", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "CANCELED"} <= names


def test_a_check_that_ended_is_one_of_these() -> None:
    assert {each.value for each in private.COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES} == {"SUCCEEDED", "FAILED"}


def test_an_instance_is_made_from_a_folder_with_other_settings(tmp_path: object) -> None:
    parameters = inspect.signature(private.InstanceRef.from_dir).parameters
    assert {"base_dir", "overrides"} <= set(parameters)
    with dg.DagsterInstance.from_ref(private.InstanceRef.from_dir(str(tmp_path))) as instance:
        assert instance.root_directory == str(tmp_path)


@pytest.mark.parametrize(
    ("table", "name", "columns"),
    [
        (private.RunsTable, "runs", {"id", "run_id", "status", "update_timestamp"}),
        (
            private.SqlEventLogStorageTable,
            "event_logs",
            {"id", "run_id", "asset_key", "dagster_event_type", "partition"},
        ),
        (
            private.AssetCheckExecutionsTable,
            "asset_check_executions",
            {"id", "run_id", "asset_key", "check_name", "partition", "execution_status"},
        ),
        (
            private.AssetKeyTable,
            "asset_keys",
            {"asset_key", "asset_details", "last_materialization", "last_materialization_timestamp", "last_run_id"},
        ),
    ],
)
def test_tables_have_the_columns_that_are_read_and_written(table: Table, name: str, columns: set[str]) -> None:
    assert table.name == name
    assert columns <= {column.name for column in table.columns}


def test_a_storage_of_events_reads_what_was_made_by_these_methods() -> None:
    """`kept_events` answers them, or has them answered from what it remembers."""
    assert "_get_latest_materialization_records(rows)" in inspect.getsource(PostgresEventLogStorage.get_asset_records)
    assert "get_latest_tags_by_partition(" in inspect.getsource(data_version_cache)
    assert "fetch_materializations(" in inspect.getsource(asset_check_result)
    assert isinstance(private.EventLogCursor.from_storage_id(3).to_string(), str)


def test_a_storage_may_be_a_class_of_ours() -> None:
    assert {"module_name", "class_name", "config_yaml"} <= set(
        inspect.signature(private.ConfigurableClassData).parameters
    )
    assert "postgres_url" in private.PostgresStorageConfig.__annotations__


def test_the_command_lines_are_click_groups_whose_web_server_can_be_guarded() -> None:
    from twizzit_pipeline.orchestration.instance import dagster_cli

    assert {"dev", "job", "asset", "instance"} <= set(dagster_cli.dagster_cli().commands)
    assert callable(vars(dagster_cli.dev_command)["open_ipc_subprocess"])
    assert callable(vars(dagster_cli.webserver_command)["create_app_from_workspace_process_context"])
    assert isinstance(dagster_cli.webserver_command.cli, click.Command)


def test_a_code_server_starts_its_runs_by_a_context_that_can_be_another() -> None:
    made = inspect.getsource(code_server.server.DagsterApiServer)
    assert 'self._mp_ctx = multiprocessing.get_context("spawn")' in made
    assert "self._mp_ctx.Process(" in made
    assert isinstance(code_server.grpc_command, click.Command)


def test_events_go_into_one_table_and_some_into_others_as_well() -> None:
    assert {"id", "run_id", "event"} <= set(private.SqlEventLogStorageTable.c.keys())
    assert private.DagsterEventType.ASSET_MATERIALIZATION in private.ASSET_EVENTS
    assert private.DagsterEventType.STEP_OUTPUT not in private.ASSET_EVENTS
    assert {
        private.DagsterEventType.ASSET_CHECK_EVALUATION,
        private.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    } <= private.ASSET_CHECK_EVENTS
    assert not private.ASSET_CHECK_EVENTS & private.ASSET_EVENTS


@pytest.mark.parametrize("module", [dagster_modules.DAEMON, dagster_modules.NO_STEP_LOGS])
def test_a_module_that_is_named_alone_is_there(module: str) -> None:
    assert __import__(module)


def test_a_configuration_is_judged_without_the_variables_that_it_names() -> None:
    kind = private.resolve_to_config_type({"url": dg.StringSource})
    assert private.validate_config(kind, {"url": {"env": "ABSENT"}}).success
    [error] = private.validate_config(kind, {"url": 5}).errors or []
    assert isinstance(error, private.EvaluationError)
    assert error.message


def test_every_name_of_the_face_has_its_own_test() -> None:
    said = inspect.getsource(sys.modules[__name__])
    assert {name for name in private.__all__ if f"private.{name}" not in said} == set()
