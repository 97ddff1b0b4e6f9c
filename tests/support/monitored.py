"""What the tests of monitoring share: credentials in many states, written as syncs would have left them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import insert, text, update

from tests.conftest import ENCRYPTION_KEY
from twizzit_pipeline.credentials import store
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

LONG_AGO = timedelta(days=3)


def add_credential(database: Database, name: str, **config: Any) -> int:
    """A credential with that configuration (times as how far they are from now), changed long ago; its id."""
    credential_id = store.add(
        database.engine,
        SecretStr(ENCRYPTION_KEY),
        organization_name=name,
        api_username="u",
        password=SecretStr("p"),
        api_endpoint="https://app.twizzit.com/v2/api",
    )
    then = _naive(-LONG_AGO)
    values = {key: _naive(value) if isinstance(value, timedelta) else value for key, value in config.items()}
    with database.engine.begin() as connection:
        connection.execute(
            insert(tables.sync_config).values(credential_id=credential_id, created_at=then, updated_at=then, **values)
        )
        connection.execute(
            update(tables.credentials).where(tables.credentials.c.id == credential_id).values(updated_at=then)
        )
    return credential_id


def add_run(database: Database, credential_id: int, ago: timedelta, *rows: dict[str, Any], rejected: int = 0) -> None:
    """A run that ended so long ago and took 12 seconds, one row of the history for each of `rows` (`sync_type` and
    whatever differs from a success of 10 items); so many rows rejected by the last one.
    """
    ended = _naive(-ago)
    with database.engine.begin() as connection:
        for row in rows:
            values = {
                "credential_id": credential_id,
                "sync_direction": "import",
                "status": "success",
                "items_processed": 10,
                "items_succeeded": 10,
                "items_failed": 0,
                "started_at": ended - timedelta(seconds=12),
                "completed_at": ended,
                "dagster_run_id": f"{credential_id}-{ago.total_seconds():.0f}",
                "details": {"season": "2026-2027"},
                **row,
            }
            added = insert(tables.sync_history).values(values).returning(tables.sync_history.c.id)
            history_id = connection.execute(added).scalar_one()
        for _ in range(rejected):
            broken = {"entity": row["sync_type"], "column_name": "last_name", "rule": "present"}
            connection.execute(
                insert(tables.rejected_rows).values(history_id=history_id, credential_id=credential_id, **broken)
            )


def add_calls(database: Database, credential_id: int, calls: int) -> None:
    """Calls of this month."""
    month = datetime.now(UTC).date().replace(day=1)
    with database.engine.begin() as connection:
        connection.execute(insert(tables.api_usage).values(credential_id=credential_id, month=month, calls=calls))


def beat(database: Database, ago: timedelta) -> None:
    """An orchestrator gave its last sign of life so long ago."""
    with database.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO twizzit_orchestrators VALUES ('one', clock_timestamp() - CAST(:ago AS interval))"),
            {"ago": ago},
        )


def scene(database: Database) -> None:
    """Five clubs, ids 1 to 5: ok, failing, partial, late, and one that never synced."""
    well = {
        "auto_sync_enabled": True,
        "sync_competitions": False,
        "sync_interval_minutes": 60,
        "next_sync_at": timedelta(minutes=20),
    }
    add_credential(database, "KC Noord", **well, monthly_call_limit=100)
    add_credential(database, "KC Oost", **{**well, "next_sync_at": timedelta(hours=8)}, consecutive_failures=3)
    add_credential(database, "KC Zuid")
    add_credential(database, "KC West", **{**well, "next_sync_at": timedelta(hours=-5)})
    add_credential(database, 'KC "Midden" vzw')
    add_run(database, 1, timedelta(minutes=40), {"sync_type": "teams"}, {"sync_type": "players"})
    add_run(database, 2, timedelta(days=31), {"sync_type": "teams"}, {"sync_type": "players"})
    refused = {"items_processed": 0, "items_succeeded": 0, "error_message": "Twizzit does not accept the login"}
    add_run(database, 2, timedelta(minutes=5), {"sync_type": "teams", "status": "failed", **refused})
    left_out = {"items_succeeded": 8, "items_failed": 2, "error_message": "2 rejected: last_name: present (71, 72)"}
    partial = {"sync_type": "players", "status": "partial_success", **left_out}
    add_run(database, 3, timedelta(minutes=3), {"sync_type": "teams"}, partial, rejected=2)
    add_run(database, 4, timedelta(hours=6), {"sync_type": "teams"}, {"sync_type": "players"})
    add_calls(database, 1, 85)
    beat(database, timedelta(seconds=5))


def _naive(offset: timedelta) -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) + offset
