"""Views for monitoring in SQL: the guide's three queries, the last sync of each entity, and one row a credential.

The guide's views use none but the guide's columns, all of `twizzit_sync_history`: PostgreSQL lets no one retype or drop
a column that a view reads. ShotSpot's migrations may drop a view that is in their way; `twizzit migrate` puts it back.

The guide rounds an average of `float`, for which PostgreSQL has no `round`: here it is `numeric`. Times of the history
are UTC without zone, so they are compared with the UTC of now, whatever the zone of the session.

Revision ID: 0007
"""

import sqlalchemy as sa
from alembic import op

from twizzit_pipeline.storage.migrations.additive import ensure_index, make_view

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SYNC_STATUS = """
SELECT sync_type, sync_direction, status, items_processed, items_succeeded, items_failed, started_at, completed_at,
       credential_id, id AS history_id, dagster_run_id
FROM twizzit_sync_history
ORDER BY started_at DESC, id DESC
"""

_SUCCESS_RATE = """
SELECT sync_type,
       count(*) AS total_syncs,
       count(*) FILTER (WHERE status = 'success') AS successful,
       round(avg(items_succeeded * 100.0 / nullif(items_processed, 0)), 2) AS success_rate_pct,
       count(*) FILTER (WHERE status = 'partial_success') AS partly_successful,
       count(*) FILTER (WHERE status = 'failed') AS failed
FROM twizzit_sync_history
WHERE completed_at >= timezone('utc', now()) - INTERVAL '30 days'
GROUP BY sync_type
"""

_RECENT_FAILURES = """
SELECT sync_type, status, error_message, items_failed, started_at,
       credential_id, id AS history_id, completed_at, dagster_run_id
FROM twizzit_sync_history
WHERE status IN ('failed', 'partial_success')
ORDER BY started_at DESC, id DESC
"""

# The pairs are found by leaps over the index, the last sync of each by one look into it: the history may be long.
# Matches are recorded under the type of their competitions, and say so in their details. A sync of one team alone does
# not say how the others are, nor does one of a season that the account has not.
_LAST_SYNCS = """
WITH RECURSIVE pairs (credential_id, sync_type) AS (
    (SELECT credential_id, sync_type FROM twizzit_sync_history
     WHERE credential_id IS NOT NULL
     ORDER BY credential_id, sync_type LIMIT 1)
    UNION ALL
    SELECT following.credential_id, following.sync_type
    FROM pairs CROSS JOIN LATERAL (
        SELECT history.credential_id, history.sync_type FROM twizzit_sync_history AS history
        WHERE (history.credential_id, history.sync_type) > (pairs.credential_id, pairs.sync_type)
        ORDER BY history.credential_id, history.sync_type LIMIT 1
    ) AS following
)
SELECT last.credential_id, last.sync_type, last.id AS history_id, last.status,
       coalesce(last.items_processed, 0) AS items_processed,
       coalesce(last.items_succeeded, 0) AS items_succeeded,
       coalesce(last.items_failed, 0) AS items_failed,
       (SELECT count(*) FROM twizzit_rejected_rows AS rejected WHERE rejected.history_id = last.id) AS rejected_rows,
       extract(epoch FROM last.completed_at - last.started_at)::double precision AS seconds,
       timezone('utc', last.started_at) AS started_at,
       timezone('utc', last.completed_at) AS completed_at,
       last.dagster_run_id,
       recorded.entity
FROM pairs
CROSS JOIN LATERAL (
    SELECT pairs.sync_type AS entity UNION ALL SELECT 'matches' WHERE pairs.sync_type = 'competitions'
) AS recorded
CROSS JOIN LATERAL (
    SELECT * FROM twizzit_sync_history AS history
    WHERE history.credential_id = pairs.credential_id AND history.sync_type = pairs.sync_type
      AND coalesce(history.details ->> 'entity', history.sync_type) = recorded.entity
      AND history.status IN ('success', 'partial_success') AND history.completed_at IS NOT NULL
      AND history.details ->> 'group_id' IS NULL AND history.details ->> 'season_exists' IS NULL
    ORDER BY history.started_at DESC LIMIT 1
) AS last
"""

# How the last run ended is the worst of its rows. Running is who holds a lease: a row that ShotSpot left in progress
# may never be closed.
_CREDENTIAL_STATUS = """
SELECT credential.id AS credential_id,
       credential.organization_name,
       coalesce(credential.is_active, true) AS is_active,
       coalesce(config.auto_sync_enabled, false) AS auto_sync_enabled,
       coalesce(config.sync_interval_minutes, 60) AS sync_interval_minutes,
       coalesce(config.sync_teams, true) AS sync_teams,
       coalesce(config.sync_players, true) AS sync_players,
       coalesce(config.sync_competitions, true) AS sync_competitions,
       EXISTS (SELECT FROM twizzit_leases AS lease WHERE lease.credential_id = credential.id) AS is_running,
       run.status AS last_sync_status,
       timezone('utc', run.started_at) AS last_sync_started_at,
       timezone('utc', run.completed_at) AS last_sync_completed_at,
       run.error_message AS last_sync_error,
       timezone('utc', arrived.completed_at) AS last_success_at,
       timezone('utc', config.next_sync_at) AS next_sync_at,
       coalesce(config.consecutive_failures, 0) AS consecutive_failures,
       timezone('utc', config.paused_until) AS paused_until,
       config.paused_because,
       coalesce(recent.total_syncs, 0) AS total_syncs,
       coalesce(recent.successful, 0) AS successful,
       recent.success_rate_pct,
       coalesce(open.rejected_rows, 0)::bigint AS rejected_rows,
       coalesce(open.items_failed, 0)::bigint AS items_failed,
       coalesce(usage.calls, 0) AS calls_this_month,
       config.monthly_call_limit
FROM twizzit_credentials AS credential
LEFT JOIN twizzit_sync_config AS config ON config.credential_id = credential.id
LEFT JOIN LATERAL (
    SELECT id, dagster_run_id FROM twizzit_sync_history AS history
    WHERE history.credential_id = credential.id AND history.completed_at IS NOT NULL
    ORDER BY history.started_at DESC, history.id DESC LIMIT 1
) AS newest ON true
LEFT JOIN LATERAL (
    SELECT CASE WHEN bool_or(status = 'failed') THEN 'failed'
                WHEN bool_or(status = 'partial_success') THEN 'partial_success'
                ELSE min(status) END AS status,
           min(history.started_at) AS started_at,
           max(history.completed_at) AS completed_at,
           (array_agg(error_message ORDER BY (status = 'failed') DESC, id)
                FILTER (WHERE error_message IS NOT NULL))[1] AS error_message
    FROM twizzit_sync_history AS history
    WHERE history.completed_at IS NOT NULL
      AND (history.id = newest.id
           OR history.dagster_run_id = newest.dagster_run_id AND history.credential_id = credential.id)
) AS run ON true
LEFT JOIN LATERAL (
    SELECT completed_at FROM twizzit_sync_history AS history
    WHERE history.credential_id = credential.id AND history.status IN ('success', 'partial_success')
      AND history.completed_at IS NOT NULL
    ORDER BY history.started_at DESC LIMIT 1
) AS arrived ON true
LEFT JOIN (
    SELECT credential_id,
           count(*) AS total_syncs,
           count(*) FILTER (WHERE status = 'success') AS successful,
           round(avg(items_succeeded * 100.0 / nullif(items_processed, 0)), 2) AS success_rate_pct
    FROM twizzit_sync_history
    WHERE completed_at >= timezone('utc', now()) - INTERVAL '30 days'
    GROUP BY credential_id
) AS recent ON recent.credential_id = credential.id
LEFT JOIN (
    SELECT credential_id, sum(rejected_rows) AS rejected_rows, sum(items_failed) AS items_failed
    FROM twizzit_last_syncs
    GROUP BY credential_id
) AS open ON open.credential_id = credential.id
LEFT JOIN twizzit_api_usage AS usage
       ON usage.credential_id = credential.id
      AND usage.month = date_trunc('month', timezone('utc', now()))::date
"""

VIEWS = {
    "twizzit_sync_status": _SYNC_STATUS,
    "twizzit_success_rate": _SUCCESS_RATE,
    "twizzit_recent_failures": _RECENT_FAILURES,
    "twizzit_last_syncs": _LAST_SYNCS,
    "twizzit_credential_status": _CREDENTIAL_STATUS,
}


def upgrade() -> None:
    ensure_index(
        "ix_twizzit_sync_history_last",
        "twizzit_sync_history",
        ["credential_id", "sync_type", sa.text("started_at DESC")],
    )
    op.create_index(
        "ix_twizzit_sync_history_failures",
        "twizzit_sync_history",
        [sa.text("started_at DESC")],
        postgresql_where=sa.text("status IN ('failed', 'partial_success')"),
        if_not_exists=True,
    )
    for name, query in VIEWS.items():
        make_view(op.get_bind(), name, query)
