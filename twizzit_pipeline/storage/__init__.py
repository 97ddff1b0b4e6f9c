"""The database: connections, tables, migrations, rows in bulk. Knows no Twizzit and no Dagster."""
