"""A sync from fetch to apply: scan Twizzit, read ShotSpot's state, apply the plan. No Dagster in here."""
