"""The assets: eight tables, in the order in which a sync fills them, for one credential and one season at a time; and
the plans, which a preview makes.

What belongs here: names, order, and what the catalogue says. Each body calls one use case of `sync` and reports. A step
reads what the one before it left in the database, never a value handed over, so every asset can be materialized by
itself, in another process or on another day.

An asset depends on what it cannot do without, and on nothing more: a roster that cannot be read keeps no team from
being mapped, and no calendar keeps teams and players back. That all scans come before anything of ShotSpot's is written
is said by the steps' priority. Backfills make one run for each partition, which is Dagster's rule for assets without a
policy of their own.
"""

from twizzit_pipeline.orchestration.assets import competitions_and_matches, plans, teams_and_players

ASSETS = (*teams_and_players.ASSETS, *competitions_and_matches.ASSETS, *plans.ASSETS)
