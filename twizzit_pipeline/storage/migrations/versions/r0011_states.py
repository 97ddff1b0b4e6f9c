"""A credential's state in the views: for each entity the newest sync that spoke of the running season.

A sync of another season, of one team alone, or of a season that the account has not says nothing of how a credential is
doing; nor does a sync of one entity say how the others are. So the views look, for each entity that the configuration
turns on, at the newest row of the history about the season that runs today in Belgium (`twizzit_running_seasons`).
Rows of ShotSpot's own name no season: they are taken to speak of the running one.

A season without dates begins on the day that the setting `TWIZZIT_SEASON_START` names, which the pipeline's connections
say as `twizzit.season_start`; for all others it is 1 July. `runs.seasons.running` is the same rule for one credential.

Who is notified about a credential, besides those of the settings, is in the configuration's `notify_to`; the channel
`club_email` is theirs.

Revision ID: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from twizzit_pipeline.storage.migrations.additive import ensure_table, make_view

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SYNC_STATUS = """
SELECT sync_type, sync_direction, status, items_processed, items_succeeded, items_failed, started_at, completed_at,
       credential_id, id AS history_id, dagster_run_id, details ->> 'season' AS season
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
  AND details ->> 'season_exists' IS NULL
GROUP BY sync_type
"""

_RECENT_FAILURES = """
SELECT sync_type, status, error_message, items_failed, started_at,
       credential_id, id AS history_id, completed_at, dagster_run_id, details ->> 'season' AS season
FROM twizzit_sync_history
WHERE status IN ('failed', 'partial_success')
ORDER BY started_at DESC, id DESC
"""

# The latest season that has begun, unless all of those are over and none runs; where none has begun, the last one.
_RUNNING_SEASONS = r"""
WITH today AS (
    SELECT day, starts,
           extract(year FROM day)::integer - (to_char(day, 'MM-DD') < starts)::integer AS year
    FROM (SELECT timezone('Europe/Brussels', clock_timestamp())::date AS day,
                 coalesce(nullif(current_setting('twizzit.season_start', true), ''), '07-01') AS starts) AS now
), listed AS (
    SELECT season.credential_id, season.id, season.label, today.day,
           CASE WHEN complete.dates THEN season.start_date ELSE guess.begins END AS begins,
           CASE WHEN complete.dates THEN season.end_date
                ELSE (guess.begins + INTERVAL '1 year' - INTERVAL '1 day')::date END AS ends
    FROM twizzit_seasons AS season
    CROSS JOIN today
    CROSS JOIN LATERAL (
        SELECT coalesce(season.end_date >= season.start_date, false) AS dates
    ) AS complete
    CROSS JOIN LATERAL (
        SELECT (coalesce(substring(season.label FROM '\m(20[0-9][0-9])\M'), today.year::text)
                || '-' || today.starts)::date AS begins
    ) AS guess
)
SELECT credential.id AS credential_id,
       coalesce(running.label, today.year || '-' || (today.year + 1)) AS season
FROM twizzit_credentials AS credential
CROSS JOIN today
LEFT JOIN (
    SELECT DISTINCT ON (credential_id) credential_id, label FROM listed
    ORDER BY credential_id, (begins <= day AND day <= ends) DESC, (begins <= day) DESC, begins DESC, id DESC
) AS running ON running.credential_id = credential.id
"""

# The pairs are found by leaps over the index, the last sync of each by one look into it: the history may be long.
# Matches are recorded under the type of their competitions, and say so in their details.
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
JOIN twizzit_running_seasons AS running ON running.credential_id = pairs.credential_id
CROSS JOIN LATERAL (
    SELECT pairs.sync_type AS entity UNION ALL SELECT 'matches' WHERE pairs.sync_type = 'competitions'
) AS recorded
CROSS JOIN LATERAL (
    SELECT * FROM twizzit_sync_history AS history
    WHERE history.credential_id = pairs.credential_id AND history.sync_type = pairs.sync_type
      AND coalesce(history.details ->> 'entity', history.sync_type) = recorded.entity
      AND history.status IN ('success', 'partial_success') AND history.completed_at IS NOT NULL
      AND coalesce(history.details ->> 'season', running.season) = running.season
      AND history.details ->> 'group_id' IS NULL AND history.details ->> 'season_exists' IS NULL
    ORDER BY history.started_at DESC, history.id DESC LIMIT 1
) AS last
"""

# How a credential's syncs ended is the worst of the newest row of each entity. Running is who holds a lease: a row that
# ShotSpot left in progress may never be closed. Everything has arrived at the time at which the entity did that waits
# the longest for its next success; the configuration remembers it where the history was pruned.
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
       newest.status AS last_sync_status,
       timezone('utc', newest.started_at) AS last_sync_started_at,
       timezone('utc', newest.completed_at) AS last_sync_completed_at,
       newest.error_message AS last_sync_error,
       timezone('utc', greatest(open.arrived_at, config.last_sync_at)) AS last_success_at,
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
       config.monthly_call_limit,
       running.season AS running_season
FROM twizzit_credentials AS credential
JOIN twizzit_running_seasons AS running ON running.credential_id = credential.id
LEFT JOIN twizzit_sync_config AS config ON config.credential_id = credential.id
CROSS JOIN LATERAL (
    SELECT array_agg(entity) AS names FROM (VALUES
        ('teams', coalesce(config.sync_teams, true)),
        ('players', coalesce(config.sync_players, true)),
        ('competitions', coalesce(config.sync_competitions, true)),
        ('matches', coalesce(config.sync_competitions, true))
    ) AS entities (entity, turned_on) WHERE turned_on
) AS wanted
CROSS JOIN LATERAL (
    SELECT CASE WHEN bool_or(row.status = 'failed') THEN 'failed'
                WHEN bool_or(row.status = 'partial_success') THEN 'partial_success'
                ELSE min(row.status) END AS status,
           min(row.started_at) FILTER (WHERE row.latest) AS started_at,
           max(row.completed_at) AS completed_at,
           (array_agg(row.error_message ORDER BY (row.status = 'failed') DESC, row.latest DESC, row.id)
                FILTER (WHERE row.error_message IS NOT NULL))[1] AS error_message
    FROM (
        SELECT last.*,
               last.dagster_run_id IS NOT DISTINCT FROM first_value(last.dagster_run_id)
                   OVER (ORDER BY last.started_at DESC, last.id DESC) AS latest
        FROM unnest(wanted.names) AS entity
        CROSS JOIN LATERAL (
            SELECT id, status, started_at, completed_at, error_message, dagster_run_id
            FROM twizzit_sync_history AS history
            WHERE history.credential_id = credential.id
              AND history.sync_type = CASE entity WHEN 'matches' THEN 'competitions' ELSE entity END
              AND coalesce(history.details ->> 'entity', history.sync_type) = entity
              AND history.completed_at IS NOT NULL
              AND coalesce(history.details ->> 'season', running.season) = running.season
              AND history.details ->> 'group_id' IS NULL AND history.details ->> 'season_exists' IS NULL
            ORDER BY history.started_at DESC, history.id DESC LIMIT 1
        ) AS last
    ) AS row
) AS newest
LEFT JOIN (
    SELECT credential_id,
           count(*) AS total_syncs,
           count(*) FILTER (WHERE status = 'success') AS successful,
           round(avg(items_succeeded * 100.0 / nullif(items_processed, 0)), 2) AS success_rate_pct
    FROM twizzit_sync_history
    WHERE completed_at >= timezone('utc', now()) - INTERVAL '30 days'
      AND details ->> 'season_exists' IS NULL
    GROUP BY credential_id
) AS recent ON recent.credential_id = credential.id
LEFT JOIN (
    SELECT last.credential_id,
           sum(last.rejected_rows) AS rejected_rows,
           sum(last.items_failed) AS items_failed,
           min(timezone('utc', last.completed_at)) FILTER (
               WHERE CASE last.entity WHEN 'teams' THEN coalesce(config.sync_teams, true)
                                      WHEN 'players' THEN coalesce(config.sync_players, true)
                                      ELSE coalesce(config.sync_competitions, true) END
           ) AS arrived_at
    FROM twizzit_last_syncs AS last
    LEFT JOIN twizzit_sync_config AS config ON config.credential_id = last.credential_id
    GROUP BY last.credential_id
) AS open ON open.credential_id = credential.id
LEFT JOIN twizzit_api_usage AS usage
       ON usage.credential_id = credential.id
      AND usage.month = date_trunc('month', timezone('utc', now()))::date
"""

VIEWS = {
    "twizzit_sync_status": _SYNC_STATUS,
    "twizzit_success_rate": _SUCCESS_RATE,
    "twizzit_recent_failures": _RECENT_FAILURES,
    "twizzit_running_seasons": _RUNNING_SEASONS,
    "twizzit_last_syncs": _LAST_SYNCS,
    "twizzit_credential_status": _CREDENTIAL_STATUS,
}

_CHANNELS = "'webhook', 'email', 'club_email'"


def upgrade() -> None:
    ensure_table("twizzit_sync_config", sa.Column("notify_to", postgresql.JSONB))
    op.drop_constraint(op.f("twizzit_notifications_channel_check"), "twizzit_notifications", type_="check")
    op.create_check_constraint(
        op.f("twizzit_notifications_channel_check"), "twizzit_notifications", f"channel IN ({_CHANNELS})"
    )
    for name, query in VIEWS.items():
        make_view(op.get_bind(), name, query)
