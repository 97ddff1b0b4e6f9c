"""The use cases: scan Twizzit, map what was seen onto ShotSpot, and keep the account of it. No Dagster in here."""
