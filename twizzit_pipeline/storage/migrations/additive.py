"""Operations of the migrations that only ever add.

The database may be ShotSpot's own, with rows in it: what is there stays as it is, whatever its type or constraints, and
only what is missing comes along.
"""

from alembic import op
from sqlalchemy import Column, Connection, Inspector, TextClause, UniqueConstraint, inspect, text
from sqlalchemy.schema import SchemaItem

from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.storage.migrations.triggers import AUDIT_TRIGGERS, REGISTRATION_TRIGGERS

# Marks the tables that these migrations made: those must be what the models say, ShotSpot's own need not.
MADE_HERE = "Made by twizzit-pipeline"


def ensure_table(name: str, *items: SchemaItem) -> frozenset[str]:
    """Make the table, or add the columns that it lacks; the names of columns that were added to an existing table.

    A column added to a table with rows is nullable, since those rows have no value for it. Constraints of the whole
    table are not added to an existing one: its rows may break them. A unique constraint on one added column is.
    """
    present = columns_of(name)
    if not present:
        op.create_table(name, *items, comment=MADE_HERE)
        return frozenset()
    added = [item for item in items if isinstance(item, Column) and item.name not in present]
    for column in added:
        unique, column.unique = column.unique, None
        column.nullable = column.nullable or column.server_default is None
        op.add_column(name, column)
        if unique:
            op.create_unique_constraint(op.f(f"{name}_{column.name}_key"), name, [column.name])
    return frozenset(column.name for column in added)


def ensure_index(name: str, table: str, columns: list[str | TextClause]) -> None:
    """Make the index unless one of that name exists."""
    op.create_index(name, table, columns, if_not_exists=True)


def make_view(connection: Connection, name: str, query: str) -> None:
    """Make the view, or replace the one that these migrations made; its readers keep their rights.

    Raises:
        DatabaseRefused: something else has that name.
    """
    there = text(
        "SELECT relkind = 'v' AND obj_description(oid, 'pg_class') = :made FROM pg_class WHERE oid = to_regclass(:name)"
    )
    ours = connection.execute(there, {"made": MADE_HERE, "name": name}).one_or_none()
    if ours is not None and not ours[0]:
        raise DatabaseRefused(f"The database has another {name} already: rename it, then run: twizzit migrate")
    connection.execute(text(f'CREATE OR REPLACE VIEW "{name}" AS {query}'))
    connection.execute(text(f"COMMENT ON VIEW \"{name}\" IS '{MADE_HERE}'"))


def columns_of(table: str) -> frozenset[str]:
    """The names of a table's columns; empty where there is no such table."""
    inspector: Inspector = inspect(op.get_bind())
    if not inspector.has_table(table):
        return frozenset()
    return frozenset(column["name"] for column in inspector.get_columns(table))


def made_here(connection: Connection, table: str) -> bool:
    """Whether these migrations made the table; one that ShotSpot made is ShotSpot's to change."""
    inspector: Inspector = inspect(connection)
    return inspector.has_table(table) and inspector.get_table_comment(table)["text"] == MADE_HERE


def keeps_registration(connection: Connection) -> bool:
    """Whether players are registered as their mappings say: by all triggers of ours, or by ShotSpot's own.

    ShotSpot's act on mappings that are new and on those that are deleted. One that is switched off keeps nothing.
    """
    question = text(
        "SELECT count(*) FILTER (WHERE tgname = ANY(:ours)),"
        " bool_or(tgtype::integer & 4 <> 0) FILTER (WHERE tgname <> ALL(:ours)),"  # 4: on insert
        " bool_or(tgtype::integer & 8 <> 0) FILTER (WHERE tgname <> ALL(:ours))"  # 8: on delete
        " FROM pg_trigger WHERE tgrelid = to_regclass('twizzit_player_mappings')"
        " AND NOT tgisinternal AND tgenabled IN ('O', 'A')"
    )
    ours, on_insert, on_delete = connection.execute(question, {"ours": list(REGISTRATION_TRIGGERS)}).one()
    return bool(ours == len(REGISTRATION_TRIGGERS) or (on_insert and on_delete))


def empties_macs(connection: Connection) -> bool:
    """Whether the trigger is there that empties the MAC of a password which another program stored anew."""
    return _has_triggers(connection, "twizzit_empty_mac")


def audits_credentials(connection: Connection) -> bool:
    """Whether the triggers are there that record changes of credentials past this project."""
    return _has_triggers(connection, *AUDIT_TRIGGERS)


def _has_triggers(connection: Connection, *names: str) -> bool:
    question = text(
        "SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass('twizzit_credentials')"
        " AND tgname = ANY(:names) AND tgenabled <> 'D'"
    )
    return bool(connection.scalar(question, {"names": list(names)}) == len(names))


def unique(*columns: str, table: str) -> UniqueConstraint:
    """A unique constraint with the name that PostgreSQL would give it."""
    return UniqueConstraint(*columns, name=op.f(f"{table}_{'_'.join(columns)}_key"))
