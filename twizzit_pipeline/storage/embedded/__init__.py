"""The embedded PostgreSQL: its programs, its data folder, and when it starts and stops."""
