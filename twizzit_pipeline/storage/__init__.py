"""The database: connections, tables, migrations, rows in bulk. Imports nothing of Twizzit and Dagster."""
