"""Seasons that an account does not list any more: another one that runs takes the place of such a one.

`runs.season_rows.in_use` is the same rule as the view's for one credential.

Revision ID: 0022
"""

import sqlalchemy as sa
from alembic import op

from twizzit_pipeline.storage.migrations.additive import ensure_table, make_view

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# As in revision 0011, without the seasons that were not listed since two days ago or longer, where another one runs.
_RUNNING_SEASONS = r"""
WITH today AS (
    SELECT day, starts,
           extract(year FROM day)::integer - (to_char(day, 'MM-DD') < starts)::integer AS year
    FROM (SELECT timezone('Europe/Brussels', clock_timestamp())::date AS day,
                 coalesce(nullif(current_setting('twizzit.season_start', true), ''), '07-01') AS starts) AS now
), listed AS (
    SELECT season.credential_id, season.id, season.label, today.day,
           season.unlisted_since IS NULL OR today.day < season.unlisted_since + 2 AS there,
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
), used AS (
    SELECT *, bool_or(there AND begins <= day AND day <= ends) OVER (PARTITION BY credential_id) AS another_runs
    FROM listed
)
SELECT credential.id AS credential_id,
       coalesce(running.label, today.year || '-' || (today.year + 1)) AS season
FROM twizzit_credentials AS credential
CROSS JOIN today
LEFT JOIN (
    SELECT DISTINCT ON (credential_id) credential_id, label FROM used
    WHERE there OR NOT another_runs
    ORDER BY credential_id, (begins <= day AND day <= ends) DESC, (begins <= day) DESC, begins DESC, id DESC
) AS running ON running.credential_id = credential.id
"""


def upgrade() -> None:
    ensure_table("twizzit_seasons", sa.Column("unlisted_since", sa.Date))
    make_view(op.get_bind(), "twizzit_running_seasons", _RUNNING_SEASONS)
