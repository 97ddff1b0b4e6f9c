"""Keeps ShotSpot in step with Twizzit."""
