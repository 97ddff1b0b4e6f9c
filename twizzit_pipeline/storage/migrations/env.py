"""Run by Alembic for each command: hands it the connection that `storage.migrate` opened, inside its transaction."""

from alembic import context

from twizzit_pipeline.storage.migrations import VERSION_TABLE
from twizzit_pipeline.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
with context.begin_transaction():
    context.run_migrations()
