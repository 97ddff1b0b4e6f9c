"""The statements by which events go into Dagster's tables; they do what Dagster's own do, in fewer of them.

What belongs here: statements alone. Dagster puts each together anew for each event, and sends one for each table.
"""

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.orchestration.dagster_private import AssetKeyTable, SqlEventLogStorageTable

# One event, of which the id is needed.
EVENT = SqlEventLogStorageTable.insert().returning(SqlEventLogStorageTable.c.id)
# Many at once, whose ids come in their order.
EVENTS = SqlEventLogStorageTable.insert().returning(SqlEventLogStorageTable.c.id, sort_by_parameter_order=True)
# The result of a check, and the row that its run made for it before: id, and how many such rows there were.
JUDGED = text(
    """
    WITH stored AS (
        INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
        VALUES (:run_id, :event, :dagster_event_type, :timestamp, :step_key, :asset_key, :partition)
        RETURNING id, run_id, event, timestamp
    ), judged AS (
        UPDATE asset_check_executions AS execution
        SET execution_status = :status, evaluation_event = stored.event,
            evaluation_event_timestamp = stored.timestamp, evaluation_event_storage_id = stored.id,
            materialization_event_storage_id = :about
        FROM stored
        WHERE execution.asset_key = :of_asset AND execution.check_name = :of_check
            AND execution.run_id = stored.run_id AND execution.partition = :of_partition
        RETURNING execution.id
    )
    SELECT id, (SELECT count(*) FROM judged) FROM stored
    """
)
# The rows of assets that a run intends to make.
INTENDED_ASSETS = insert(AssetKeyTable).on_conflict_do_update(
    index_elements=["asset_key"],
    set_={name: insert(AssetKeyTable).excluded[name] for name in ("last_run_id", "last_materialization_timestamp")},
)
# The tags of a materialization, and the row of its asset.
MADE = text(
    """
    WITH tagged AS (
        INSERT INTO asset_event_tags (event_id, asset_key, key, value, event_timestamp)
        SELECT :event_id, :asset_key, key, value, :timestamp FROM json_each_text(CAST(:tags AS json))
    )
    INSERT INTO asset_keys (asset_key, last_run_id, last_materialization_timestamp, last_materialization)
    VALUES (:asset_key, :last_run_id, :last_materialization_timestamp, :record)
    ON CONFLICT (asset_key) DO UPDATE SET last_run_id = excluded.last_run_id,
        last_materialization_timestamp = excluded.last_materialization_timestamp,
        last_materialization = excluded.last_materialization
    """
)
