"""Brings a database to the newest migration, and says whether it is what the models say.

What belongs here: running Alembic and reading its comparison. At which migration a database is, is in `revisions`; what
the migrations do, in `migrations/`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Inspector, inspect

from twizzit_pipeline.storage import audit, revisions
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.hanging import attach
from twizzit_pipeline.storage.migrations import VERSION_TABLE
from twizzit_pipeline.storage.migrations.additive import MADE_HERE, audits_credentials, empties_macs, keeps_registration
from twizzit_pipeline.storage.patience import Report, lock_at_once, patiently
from twizzit_pipeline.storage.roles import act_as_owner, require_may_migrate
from twizzit_pipeline.storage.tables import metadata
from twizzit_pipeline.storage.tables.views import views

_FOLDER = Path(__file__).parent / "migrations"


def _silent(_: str) -> None:
    """No one watches."""


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


def migrate(engine: Engine, report: Report = _silent, *, actor: Actor | None = None) -> list[str]:
    """Apply what is pending, all in one transaction; the revisions applied, oldest first.

    Where ShotSpot's tables belong to a role that the user may be, everything is made as that role.

    Args:
        report: called with a line for each time that other transactions hold what is needed, and it is tried again.
        actor: whom the audit log names; no row is left where it is None.

    Raises:
        MigrationsPending: the database was migrated by a newer version of this project.
        UnsupportedDatabase: its encoding cannot hold every name, or it is ShotSpot's schema from before it had clubs.
        DatabaseRefused: its user may not, and the message has the statement that mends it; or it is read-only.
        DatabaseUnavailable: it is away, or other transactions keep the tables.
    """
    if revisions.is_current(engine):
        return []
    with driver_errors():
        return patiently(engine, partial(_migrate, actor=actor), report)


def _migrate(connection: Connection, *, actor: Actor | None) -> list[str]:
    before = revisions.current(connection)
    waiting = revisions.pending(before)
    if waiting:
        require_may_migrate(connection)
        act_as_owner(connection)
        lock_at_once(connection, *_tables_to_lock(connection))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        details = {"from": before, "to": waiting[-1]}
        audit.record_if_there(connection, actor, action="migrate", target="database", details=details)
    return list(waiting)


def _tables_to_lock(connection: Connection) -> tuple[list[str], list[str]]:
    """Those that a foreign key, an index or a trigger may come to, and those that lack columns."""
    inspector = inspect(connection)
    present = set(inspector.get_table_names()) & set(metadata.tables)
    columns = {name: {column["name"] for column in inspector.get_columns(name)} for name in present}
    lacking = {name for name in present if set(metadata.tables[name].c.keys()) - columns[name]}
    return sorted(present), sorted(lacking)


def restore(engine: Engine, report: Report = _silent, *, actor: Actor | None = None) -> list[str]:
    """Make anew what hangs on ShotSpot's columns and was dropped from a database at its newest migration, in words."""
    return attach(engine, _script(), report, actor=actor)


def check(engine: Engine) -> MigrationState:
    """Where the database stands, and how it differs from the models. Writes nothing.

    Tables that these migrations made are compared in full (columns, types, defaults, constraints, indexes); of tables
    that ShotSpot made, only missing columns are reported.
    """
    with driver_errors(), engine.connect() as connection:
        return MigrationState(
            current=revisions.current(connection),
            head=revisions.known()[-1],
            pending=revisions.pending(revisions.current(connection)),
            differences=tuple(_differences(connection)),
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _differences(connection: Connection) -> list[str]:
    inspector = inspect(connection)
    present = set(inspector.get_table_names()) & set(metadata.tables)
    made_here = {name for name in present if inspector.get_table_comment(name)["text"] == MADE_HERE}
    found = [f"add_table {name}" for name in metadata.tables if name not in present]
    for name in sorted(present - made_here):
        known = {column["name"] for column in inspector.get_columns(name)}
        lacking = (column for column in metadata.tables[name].c if column.name not in known)
        found += [f"add_column {name}.{column.name}" for column in lacking if not column.info.get("not_needed")]
    found += _differences_from_models(connection, made_here)
    found += _differing_views(inspector)
    if "twizzit_player_mappings" in present and not keeps_registration(connection):
        found.append("add_trigger twizzit_player_mappings")
    if "twizzit_audit_log" in present and not empties_macs(connection):
        found.append("add_trigger twizzit_credentials: twizzit_empty_mac")
    if "twizzit_audit_log" in present and not audits_credentials(connection):
        found.append("add_trigger twizzit_credentials: twizzit_audit_credentials")
    return found


def _differing_views(inspector: Inspector) -> Iterator[str]:
    present = set(inspector.get_view_names())
    for name, view in views.tables.items():
        if name not in present:
            yield f"add_view {name}"
            continue
        known = {column["name"] for column in inspector.get_columns(name)}
        yield from (f"add_column {name}.{column.name}" for column in view.c if column.name not in known)


def _differences_from_models(connection: Connection, compared: set[str]) -> Iterator[str]:
    def asked_for(_item: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "table" or name in compared

    options = {"version_table": VERSION_TABLE, "compare_server_default": True, "include_object": asked_for}
    for entry in compare_metadata(MigrationContext.configure(connection, opts=options), metadata):
        for operation in entry if isinstance(entry, list) else [entry]:
            if operation[0] != "remove_table_comment":
                yield _said(operation)


def _said(operation: tuple[Any, ...]) -> str:
    """One operation of Alembic's comparison in words; where its table stands depends on the kind."""
    kind = operation[0]
    if kind.startswith("modify_"):
        return f"{kind} {operation[2]}.{operation[3]}"
    if kind in {"add_column", "remove_column"}:
        return f"{kind} {operation[2]}.{operation[3].name}"
    return f"{kind} {operation[1].table.name}: {operation[1].name}"
