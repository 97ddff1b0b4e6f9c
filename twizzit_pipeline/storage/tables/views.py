"""The views for monitoring, as tables to select from; their queries are in the migrations.

Times of the guide's views are ``timestamp`` without zone, in UTC, as in ShotSpot's tables; those of the others carry
their zone.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, MetaData, Numeric, String, Table, Text

from twizzit_pipeline.storage.tables.columns import moment, utc

# Apart from the tables': a view is neither made nor compared like a table.
views = MetaData()

sync_status = Table(
    "twizzit_sync_status",
    views,
    Column("sync_type", String(50)),
    Column("sync_direction", String(20)),
    Column("status", String(50)),
    Column("items_processed", Integer),
    Column("items_succeeded", Integer),
    Column("items_failed", Integer),
    utc("started_at"),
    utc("completed_at"),
    # more than the guide's
    Column("credential_id", Integer),
    Column("history_id", Integer),
    Column("dagster_run_id", String(64)),
    Column("season", Text),
)

success_rate = Table(
    "twizzit_success_rate",
    views,
    Column("sync_type", String(50)),
    Column("total_syncs", BigInteger),
    Column("successful", BigInteger),
    Column("success_rate_pct", Numeric),
    # more than the guide's
    Column("partly_successful", BigInteger),
    Column("failed", BigInteger),
)

recent_failures = Table(
    "twizzit_recent_failures",
    views,
    Column("sync_type", String(50)),
    Column("status", String(50)),
    Column("error_message", Text),
    Column("items_failed", Integer),
    utc("started_at"),
    # more than the guide's
    Column("credential_id", Integer),
    Column("history_id", Integer),
    utc("completed_at"),
    Column("dagster_run_id", String(64)),
    Column("season", Text),
)

# The season that runs today, by the account's own seasons; by the calendar where none is known of it.
running_seasons = Table(
    "twizzit_running_seasons",
    views,
    Column("credential_id", Integer),
    Column("season", Text),
)

# Of the running season.
last_syncs = Table(
    "twizzit_last_syncs",
    views,
    Column("credential_id", Integer),
    Column("sync_type", String(50)),
    Column("history_id", Integer),
    Column("status", String(50)),
    Column("items_processed", Integer),
    Column("items_succeeded", Integer),
    Column("items_failed", Integer),
    Column("rejected_rows", BigInteger),
    Column("seconds", Double),
    moment("started_at"),
    moment("completed_at"),
    Column("dagster_run_id", String(64)),
    Column("entity", String(50)),
)

credential_status = Table(
    "twizzit_credential_status",
    views,
    Column("credential_id", Integer),
    Column("organization_name", String(255)),
    Column("is_active", Boolean),
    Column("auto_sync_enabled", Boolean),
    Column("sync_interval_minutes", Integer),
    Column("sync_teams", Boolean),
    Column("sync_players", Boolean),
    Column("sync_competitions", Boolean),
    Column("is_running", Boolean),
    # the worst of the newest sync of each entity that is turned on, of the running season
    Column("last_sync_status", Text),
    moment("last_sync_started_at"),
    moment("last_sync_completed_at"),
    Column("last_sync_error", Text),
    moment("last_success_at"),  # of the entity that waits the longest for its next one
    moment("next_sync_at"),
    Column("consecutive_failures", Integer),
    moment("paused_until"),
    Column("paused_because", Text),
    # of the history rows of the last 30 days, one for each entity of a run
    Column("total_syncs", BigInteger),
    Column("successful", BigInteger),
    Column("success_rate_pct", Numeric),
    # of the last whole sync of each entity
    Column("rejected_rows", BigInteger),
    Column("items_failed", BigInteger),
    Column("calls_this_month", BigInteger),
    Column("monthly_call_limit", Integer),
    Column("running_season", Text),
)
