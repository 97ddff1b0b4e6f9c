"""The views for monitoring that speak of syncs, without undos and decisions, which have rows in the history too.

Their newest queries; the migration that makes them imports them. `twizzit_sync_status` shows them, by their direction.
"""

from twizzit_pipeline.entities import ENTITIES

# An entity that has no type of its own in the history is recorded as one of another's: matches as competitions.
_BESIDE = [each for each in ENTITIES.values() if each.name != each.sync_type]
_RECORDED_BESIDE = " ".join(
    f"UNION ALL SELECT '{each.name}' WHERE pairs.sync_type = '{each.sync_type}'" for each in _BESIDE
)
_TYPE = (
    "CASE entity " + " ".join(f"WHEN '{each.name}' THEN '{each.sync_type}'" for each in _BESIDE) + " ELSE entity END"
)
_TURNED_ON = ", ".join(f"('{each.name}', coalesce(config.{each.toggle}, true))" for each in ENTITIES.values())
_IS_ON = (
    "CASE last.entity "
    + " ".join(f"WHEN '{each.name}' THEN coalesce(config.{each.toggle}, true)" for each in ENTITIES.values())
    + " END"
)

_SUCCESS_RATE = """
SELECT sync_type,
       count(*) AS total_syncs,
       count(*) FILTER (WHERE status = 'success') AS successful,
       round(avg(items_succeeded * 100.0 / nullif(items_processed, 0)), 2) AS success_rate_pct,
       count(*) FILTER (WHERE status = 'partial_success') AS partly_successful,
       count(*) FILTER (WHERE status = 'failed') AS failed
FROM twizzit_sync_history
WHERE completed_at >= timezone('utc', now()) - INTERVAL '30 days'
  AND details ->> 'season_exists' IS NULL AND sync_direction NOT IN ('undo', 'decision')
GROUP BY sync_type
"""

_RECENT_FAILURES = """
SELECT sync_type, status, error_message, items_failed, started_at,
       credential_id, id AS history_id, completed_at, dagster_run_id, details ->> 'season' AS season
FROM twizzit_sync_history
WHERE status IN ('failed', 'partial_success') AND sync_direction NOT IN ('undo', 'decision')
ORDER BY started_at DESC, id DESC
"""

# The newest row that fits is found by reading back from the newest (`ix_twizzit_sync_history_last`): a few rows. The
# conditions stand in one CASE for that, as in `runs.recorded.fitting`, which says why.
_LAST_SYNCS = f"""
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
    SELECT pairs.sync_type AS entity {_RECORDED_BESIDE}
) AS recorded
CROSS JOIN LATERAL (
    SELECT * FROM twizzit_sync_history AS history
    WHERE history.credential_id = pairs.credential_id AND history.sync_type = pairs.sync_type
      AND CASE WHEN coalesce(history.details ->> 'entity', history.sync_type) = recorded.entity
                AND history.status IN ('success', 'partial_success') AND history.completed_at IS NOT NULL
                AND coalesce(history.details ->> 'season', running.season) = running.season
                AND history.details ->> 'group_id' IS NULL AND history.details ->> 'season_exists' IS NULL
               THEN true END
    ORDER BY history.started_at DESC, history.id DESC LIMIT 1
) AS last
WHERE pairs.sync_type <> 'undo'
"""  # noqa: S608 - names of ours

# How a credential's syncs ended is the worst of the newest row of each entity. Running is who holds a lease: a row that
# ShotSpot left in progress may never be closed. Everything has arrived at the time at which the entity did that waits
# the longest for its next success; the configuration remembers it where the history was pruned.
_CREDENTIAL_STATUS = f"""
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
    SELECT array_agg(entity) AS names FROM (VALUES {_TURNED_ON}) AS entities (entity, turned_on) WHERE turned_on
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
              AND history.sync_type = {_TYPE}
              AND CASE WHEN coalesce(history.details ->> 'entity', history.sync_type) = entity
                        AND history.completed_at IS NOT NULL
                        AND coalesce(history.details ->> 'season', running.season) = running.season
                        AND history.details ->> 'group_id' IS NULL AND history.details ->> 'season_exists' IS NULL
                       THEN true END
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
      AND details ->> 'season_exists' IS NULL AND sync_direction NOT IN ('undo', 'decision')
    GROUP BY credential_id
) AS recent ON recent.credential_id = credential.id
LEFT JOIN (
    SELECT last.credential_id,
           sum(last.rejected_rows) AS rejected_rows,
           sum(last.items_failed) AS items_failed,
           min(timezone('utc', last.completed_at)) FILTER (WHERE {_IS_ON}) AS arrived_at
    FROM twizzit_last_syncs AS last
    LEFT JOIN twizzit_sync_config AS config ON config.credential_id = last.credential_id
    GROUP BY last.credential_id
) AS open ON open.credential_id = credential.id
LEFT JOIN twizzit_api_usage AS usage
       ON usage.credential_id = credential.id
      AND usage.month = date_trunc('month', timezone('utc', now()))::date
"""  # noqa: S608 - names of ours

VIEWS_OF_SYNCS = {
    "twizzit_success_rate": _SUCCESS_RATE,
    "twizzit_recent_failures": _RECENT_FAILURES,
    "twizzit_last_syncs": _LAST_SYNCS,
    "twizzit_credential_status": _CREDENTIAL_STATUS,
}
