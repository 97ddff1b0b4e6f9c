"""The Alembic migrations: how the database came to be what `storage.tables` says it is."""

VERSION_TABLE = "twizzit_alembic_version"
