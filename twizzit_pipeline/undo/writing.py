"""An undo into the database: on the caller's transaction, and journalled like a sync.

The order is that of the foreign keys. What a row gives up, and another one gets back, is let go of first: PostgreSQL
checks row by row that a value is held once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, text

from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.storage.mapped_teams import LINK, name_teams
from twizzit_pipeline.storage.tables import IN_ORDER, STAMPED, team_mappings
from twizzit_pipeline.undo.catalogue import Columns
from twizzit_pipeline.undo.questions import CLOSED
from twizzit_pipeline.undo.questions import TABLE as QUESTIONS
from twizzit_pipeline.undo.reading import MAPPING_TABLES, OWN_TABLES, quoted, with_rows
from twizzit_pipeline.undo.rows import LET_GO, Step, UndoPlan

ACTION = "undo"  # of the journal's entries

_REMOVED_FIRST = ("competition_teams", "twizzit_opponents")  # nothing of ours refers to them
_MAPPINGS = (  # those that others point at come first
    "twizzit_team_mappings",
    *(table for table in MAPPING_TABLES if table != "twizzit_team_mappings"),
)
# ShotSpot's trigger keeps these in step with the mappings.
_OF_TRIGGERS: Mapping[str, Collection[str]] = {"players": ("is_twizzit_registered", "twizzit_verified_at")}
_AT_ONCE = 5_000


def write(
    connection: Connection,
    plan: UndoPlan,
    columns: Mapping[str, Columns],
    *,
    history_id: int,
    credential_id: int | None,
) -> None:
    """Writes every step of the plan, and its entry in the journal."""
    _journal(connection, plan.steps, history_id, credential_id)
    write_rows(connection, plan.steps, columns)


def write_rows(connection: Connection, steps: Iterable[Step], columns: Mapping[str, Columns]) -> None:
    """Writes the steps alone."""
    by_table: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        by_table[step.key.table].append(step)
    for table in LET_GO:
        by_table[table] = _let_go(connection, table, by_table[table])
    for table in (*reversed(_MAPPINGS), *_REMOVED_FIRST):
        _remove(connection, table, by_table[table])
    for table in (*IN_ORDER, *OWN_TABLES):
        _bring_back(connection, table, by_table[table], columns)
    _name_teams(connection, by_table[team_mappings.name])
    # One question about the same is open at a time: those that are closed come before those that are asked again.
    closing = [step for step in by_table[QUESTIONS] if step.after.get("resolution") == CLOSED]
    _restore(connection, QUESTIONS, closing, columns)
    by_table[QUESTIONS] = [step for step in by_table[QUESTIONS] if step not in closing]
    for table in (*IN_ORDER, *OWN_TABLES):
        _restore(connection, table, by_table[table], columns)
    for table in (*OWN_TABLES, *reversed(IN_ORDER)):
        if table not in _REMOVED_FIRST:
            _remove(connection, table, by_table[table])
    for table in _MAPPINGS:
        _bring_back(connection, table, by_table[table], columns)
        _restore(connection, table, by_table[table], columns)


def _name_teams(connection: Connection, steps: Iterable[Step]) -> None:
    """Mappings of teams name their earlier ones before those that they name now go: they would go with them."""
    named = {step.key.id: step.after[LINK] for step in steps if step.kind == "restore" and LINK in step.after}
    if named:
        name_teams(connection, named)


def _journal(connection: Connection, steps: Iterable[Step], history_id: int, credential_id: int | None) -> None:
    statement = with_rows(
        "INSERT INTO twizzit_sync_changes"
        " (history_id, credential_id, table_name, row_id, twizzit_id, action, before, after)"
        " SELECT :history_id, :credential_id, table_name, row_id, twizzit_id, :action, before, after"
        " FROM jsonb_to_recordset(:rows)"
        " AS r (table_name text, row_id integer, twizzit_id text, before jsonb, after jsonb)"
    )
    rows = [
        {
            "table_name": step.key.table,
            "row_id": step.key.id,
            "twizzit_id": step.twizzit_id,
            "before": None if step.kind == "bring_back" else dict(step.before),
            "after": None if step.kind == "remove" else dict(step.after),
        }
        for step in steps
    ]
    whose = {"history_id": history_id, "credential_id": credential_id, "action": ACTION}
    for some in _portions(rows):
        connection.execute(statement, {**whose, "rows": some})


def _let_go(connection: Connection, table: str, steps: list[Step]) -> list[Step]:
    """Of all that change in these columns, or go. The steps, with what their rows are to hold there once more."""
    columns, column, nothing = LET_GO[table]
    moving = {step.key.id for step in steps if step.kind == "restore" and columns & set(step.after)}
    if not moving and not any(step.kind == "bring_back" for step in steps):
        return steps
    leaving = [*moving, *[step.key.id for step in steps if step.kind == "remove"]]
    named, of_table = quoted(column), quoted(table)
    held = text(f"SELECT id, {named} AS held FROM {of_table} WHERE id = ANY(:ids)")  # noqa: S608 - names of ours
    before = {row.id: row.held for row in connection.execute(held, {"ids": leaving})}
    free = text(f"UPDATE {of_table} SET {named} = {nothing} WHERE id = ANY(:ids)")  # noqa: S608 - the same
    connection.execute(free, {"ids": leaving})
    return [
        replace(step, after={column: before.get(step.key.id), **step.after}) if step.key.id in moving else step
        for step in steps
    ]


def _remove(connection: Connection, table: str, steps: Iterable[Step]) -> None:
    ids = [step.key.id for step in steps if step.kind == "remove"]
    if ids:
        named = quoted(table)
        gone = connection.execute(text(f"DELETE FROM {named} WHERE id = ANY(:ids)"), {"ids": ids})  # noqa: S608 - ours
        if gone.rowcount < len(ids):  # others may have gone along with a row that they referred to
            still = text(f"SELECT count(*) FROM {named} WHERE id = ANY(:ids)")  # noqa: S608 - a name of ours
            _require_all(table, len(ids), len(ids) - int(connection.execute(still, {"ids": ids}).scalar_one()))


def _bring_back(connection: Connection, table: str, steps: Iterable[Step], columns: Mapping[str, Columns]) -> None:
    """With their ids; a column that PostgreSQL computes from another one gives that one its value."""
    returning = [step for step in steps if step.kind == "bring_back"]
    for names, alike in _alike(returning, table, columns):
        listed = ", ".join(map(quoted, names))
        statement = with_rows(
            f"INSERT INTO {quoted(table)} ({listed}) OVERRIDING SYSTEM VALUE"  # noqa: S608 - names of the catalogue
            f" SELECT {listed} FROM jsonb_populate_recordset(NULL::{quoted(table)}, :rows)"
        )
        for some in _portions(alike):
            _require_all(table, len(some), connection.execute(statement, {"rows": some}).rowcount)


def _restore(connection: Connection, table: str, steps: Iterable[Step], columns: Mapping[str, Columns]) -> None:
    """Rows that get the same columns back, in one statement; where it is wanted, `updated_at` says when."""
    changing = [step for step in steps if step.kind in ("restore", "deactivate")]
    for names, alike in _alike(changing, table, columns):
        values = [f"{quoted(name)} = said.{quoted(name)}" for name in names if name != "id"]
        if table in STAMPED and "updated_at" not in names and "updated_at" in columns[table].names:
            values.append("updated_at = now()")
        statement = with_rows(
            f"UPDATE {quoted(table)} AS t SET {', '.join(values)}"  # noqa: S608 - names of the catalogue
            f" FROM jsonb_populate_recordset(NULL::{quoted(table)}, :rows) AS said WHERE t.id = said.id"
        )
        for some in _portions(alike):
            _require_all(table, len(some), connection.execute(statement, {"rows": some}).rowcount)


def _require_all(table: str, wanted: int, written: int) -> None:
    """
    Raises:
        DatabaseRefused: not every row was written: a trigger or a rule kept some as they were, and raised no error.
    """
    if written < wanted:
        raise DatabaseRefused(
            f"A trigger or a rule of the table {table} kept {wanted - written} of {wanted} rows as they are, which the "
            "undo writes; nothing was undone"
        )


def _alike(
    steps: Iterable[Step], table: str, columns: Mapping[str, Columns]
) -> Iterator[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    """The values of these steps, by which columns they are; with the id."""
    found: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for step in steps:
        values = {**_writable(step, columns[table]), "id": step.key.id}
        found[tuple(sorted(values))].append(values)
    yield from found.items()


def _writable(step: Step, columns: Columns) -> dict[str, Any]:
    hidden = _OF_TRIGGERS.get(step.key.table, ()) if step.kind == "bring_back" else ()
    values = {name: value for name, value in step.after.items() if name in columns.names and name not in hidden}
    for name, computed in columns.generated.items():
        source = computed.strip('"')
        if name in values and source in columns.names:
            values.setdefault(source, values[name])
    return {name: value for name, value in values.items() if name not in columns.generated}


def _portions(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    return (rows[begin : begin + _AT_ONCE] for begin in range(0, len(rows), _AT_ONCE))
