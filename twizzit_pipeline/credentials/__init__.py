"""The vault: Twizzit logins in ShotSpot's `twizzit_credentials`, their passwords encrypted the way ShotSpot does it."""
