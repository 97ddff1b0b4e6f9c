"""Brings a database to the newest migration, and says whether it is there and is what the models say.

What belongs here: running Alembic and reading its comparison. What the migrations do is in `migrations/`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Table, inspect, text

from twizzit_pipeline.errors import MigrationsPending
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.migrations.additive import MADE_HERE, VERSION_TABLE
from twizzit_pipeline.storage.tables import metadata

_FOLDER = Path(__file__).parent / "migrations"
# Two `migrate` at once: the second waits, then finds nothing to do. Any number that no other program takes: "twizzitm".
_LOCK = int.from_bytes(b"twizzitm", "big")
# What a table that is ShotSpot's own must have; how it is typed and constrained is ShotSpot's affair.
_NEEDED_OF_SHOTSPOT = frozenset({"add_table", "add_column"})


@dataclass(frozen=True, slots=True)
class MigrationState:
    """Where a database stands.

    Attributes:
        current: the newest revision applied, or None.
        head: the newest revision there is.
        pending: revisions not applied yet, oldest first.
        differences: how the tables differ from the models, a line each; empty when they do not.
    """

    current: str | None
    head: str
    pending: tuple[str, ...]
    differences: tuple[str, ...]


def migrate(engine: Engine) -> list[str]:
    """Apply what is pending, all in one transaction; the revisions applied, oldest first.

    Raises:
        MigrationsPending: the database was migrated by a newer version of this project.
        DatabaseUnavailable, DatabaseRefused: the database is away, or its user may not make tables.
    """
    with driver_errors(), engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        pending = _pending(connection)
        if pending:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        return list(pending)


def check(engine: Engine) -> MigrationState:
    """Where the database stands, and how it differs from the models. Writes nothing.

    Tables that these migrations made are compared in full (columns, types, defaults, constraints, indexes); of tables
    that ShotSpot made, only missing columns are reported.
    """
    with driver_errors(), engine.connect() as connection:
        return MigrationState(
            current=_current(connection),
            head=_head(),
            pending=_pending(connection),
            differences=tuple(_differences(connection)),
        )


def require_current(engine: Engine) -> None:
    """
    Raises:
        MigrationsPending: the database is not at the newest migration.
    """
    with driver_errors(), engine.connect() as connection:
        current, pending = _current(connection), _pending(connection)
    if pending:
        at = f"at migration {current}" if current else "not migrated yet"
        raise MigrationsPending(f"The database is {at}, and {len(pending)} are pending; run: twizzit migrate")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _head() -> str:
    return str(_script().get_current_head())


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _pending(connection: Connection) -> tuple[str, ...]:
    current = _current(connection)
    newest_first = [revision.revision for revision in _script().walk_revisions()]
    if current is None:
        return tuple(reversed(newest_first))
    if current not in newest_first:
        raise MigrationsPending(
            f"The database is at migration {current}, which this version does not know: install a newer one"
        )
    return tuple(reversed(newest_first[: newest_first.index(current)]))


def _differences(connection: Connection) -> list[str]:
    made_here = _made_here(connection)

    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or name in metadata.tables

    context = MigrationContext.configure(
        connection,
        opts={"version_table": VERSION_TABLE, "compare_server_default": True, "include_name": ours},
    )
    found = []
    for entry in compare_metadata(context, metadata):
        for operation in entry if isinstance(entry, list) else [entry]:
            table = _table_of(operation)
            if operation[0] == "remove_table_comment":
                continue
            if table in made_here or operation[0] in _NEEDED_OF_SHOTSPOT:
                found.append(_said(operation, table))
    return found


def _made_here(connection: Connection) -> frozenset[str]:
    inspector = inspect(connection)
    present = set(inspector.get_table_names()) & set(metadata.tables)
    return frozenset(name for name in present if inspector.get_table_comment(name)["text"] == MADE_HERE)


def _table_of(operation: tuple[Any, ...]) -> str:
    """The table that one operation of Alembic's comparison is about; it stands in a place that depends on the kind."""
    kind, rest = operation[0], operation[1:]
    if kind.startswith("modify_") or kind in {"add_column", "remove_column"}:
        return str(rest[1])
    return str(rest[0].name if isinstance(rest[0], Table) else rest[0].table.name)


def _said(operation: tuple[Any, ...], table: str) -> str:
    kind = operation[0]
    if kind.startswith("modify_"):
        return f"{kind} {table}.{operation[3]}"
    if kind in {"add_column", "remove_column"}:
        return f"{kind} {table}.{operation[3].name}"
    return f"{kind} {table}" if kind.endswith("_table") else f"{kind} {table}: {operation[1].name}"
