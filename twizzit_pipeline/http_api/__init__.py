"""The guide's HTTP API, as ShotSpot's front end speaks it: FastAPI under ``/api/twizzit``."""
