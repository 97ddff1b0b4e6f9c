"""A plan into the database: on the caller's transaction, set-based, every change journalled.

Each change is shipped once, into a staged table; ShotSpot's row, its mapping and the journal are written from there by
PostgreSQL.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Table, update

from twizzit_pipeline.entities import ENTITIES, WRITTEN_TABLES
from twizzit_pipeline.plan import Change, Plan
from twizzit_pipeline.storage import bulk, staging, tables
from twizzit_pipeline.storage.odd_times import as_it_is
from twizzit_pipeline.storage.staging import Shipped, Staged, stage
from twizzit_pipeline.sync.departing import write_departures
from twizzit_pipeline.sync.journal import Journal
from twizzit_pipeline.sync.mapped import Mapped, mapped_changes, write_mappings
from twizzit_pipeline.sync.questions import write_questions

_PLANNED = WRITTEN_TABLES | {"twizzit_opponents"}
_WRITTEN = {tables.games.name: tables.written_games}
# What others point at comes first: clubs and seasons before the teams that stand in them.
_ORDER: tuple[tuple[str, Table], ...] = tuple(
    (table.name, _WRITTEN.get(table.name, table)) for table in tables.metadata.sorted_tables if table.name in _PLANNED
)
# Table → its column that points at another → that other.
_POINTERS = {
    name: {key.parent.name: key.column.table.name for key in tables.metadata.tables[name].foreign_keys}
    for name in _PLANNED
}
# What ShotSpot allows once, and the column whose null lets go of it: a team's name in its season, a player's number.
_ONCE = {each.local: (each.once, each.lets_go) for each in ENTITIES.values() if each.lets_go is not None}
Made = dict[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class _Group:
    """Changes of one table that write the same columns, shipped; all of them make rows, or none does."""

    creates: bool
    columns: tuple[str, ...]
    repairs: bool
    staged: Staged
    mapped: Mapped | None

    @property
    def values(self) -> dict[str, ColumnElement[Any]]:
        """Column → the value that it is to have."""
        return {name: self.staged[f"v_{name}"] for name in self.columns}

    def written(self, table: Table) -> dict[str, ColumnElement[Any]]:
        """`values` for rows of the table that are there: what cannot be a value of Twizzit's stays as they have it."""
        return {name: as_it_is(table.c[name], value) for name, value in self.values.items()}


def apply(connection: Connection, plan: Plan, *, credential_id: int, history_id: int) -> Made:
    """Writes every change of `plan`, its mapping, its journal row and its questions; an empty plan writes nothing.

    Rows to be made get their ids first, so that mappings and journal can name them in the same transaction.

    Returns: table and the plan's id of each row that was made → its real id.
    """
    now = datetime.now(UTC)
    made: Made = {}
    journal = Journal(history_id, credential_id)
    for name, table in _ORDER:
        changes = [change for change in plan.changes if change.table == name]
        if not changes:
            continue
        _reserve(connection, name, table, changes, made)
        groups = list(_groups(connection, plan, table, changes, made))
        for group in groups:
            _note(connection, group, name, table, journal)
        _let_go(connection, name, table, changes, made)
        for group in sorted(groups, key=lambda group: not group.creates):
            _write(connection, group, name, table, now)
        for group in groups:
            if group.mapped is not None:
                write_mappings(connection, group.staged, group.mapped, journal, now)
    _see(connection, plan)
    write_departures(connection, plan, journal, now)
    write_questions(connection, plan, made, credential_id=credential_id, history_id=history_id)
    return made


def _groups(
    connection: Connection, plan: Plan, table: Table, changes: Sequence[Change], made: Made
) -> Iterator[_Group]:
    def kind(change: Change) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
        return change.action == "create", tuple(change.values), tuple(change.mapping or ())

    entity = ENTITIES[plan.entity] if changes[0].table == plan.table else None
    for (creates, columns, mapped_columns), alike in groupby(sorted(changes, key=kind), kind):
        items = list(alike)
        mapped = mapped_changes(connection, entity, items) if entity is not None and mapped_columns else None
        repairs = any(change.repaired for change in items)
        shipped = [
            *_shipped(table, columns, made),
            *([Shipped("repaired", staging.TEXTS, _repaired)] if repairs else []),
            *(mapped.shipped if mapped is not None else ()),
        ]
        joined = not creates or (mapped is not None and mapped.some_are_there)
        yield _Group(creates, columns, repairs, stage(connection, items, shipped, analysed=joined), mapped)


def _shipped(table: Table, columns: Iterable[str], made: Made) -> Iterator[Shipped[Change]]:
    yield Shipped("row_id", staging.INTEGER, partial(_row_id, made), joins=True)
    yield Shipped("twizzit_id", tables.sync_changes.c.twizzit_id.type, lambda _, change: change.twizzit_id)
    yield Shipped("action", tables.sync_changes.c.action.type, lambda _, change: change.action)
    for name in columns:
        yield Shipped(f"v_{name}", table.c[name].type, _reader(_POINTERS[table.name].get(name), name, made))


def _row_id(made: Made, _: int, change: Change) -> int:
    return made.get((change.table, change.row_id), change.row_id)


def _reader(pointed: str | None, name: str, made: Made) -> Any:
    """The value of a column, with the real id where it points at a row of the table `pointed` that is made."""
    if pointed is None:
        return lambda _, change: change.values[name]
    return lambda _, change: _settled(pointed, change.values[name], made)


def _settled(pointed: str, value: object, made: Made) -> object:
    return made.get((pointed, value), value) if isinstance(value, int) else value


def _repaired(_: int, change: Change) -> list[str]:
    return list(change.repaired)


def _reserve(connection: Connection, name: str, table: Table, changes: Iterable[Change], made: Made) -> None:
    new = [change.row_id for change in changes if change.action == "create"]
    real = bulk.reserve_ids(connection, table, len(new))
    made.update({(name, row_id): real_id for row_id, real_id in zip(new, real, strict=True)})


def _note(connection: Connection, group: _Group, name: str, table: Table, journal: Journal) -> None:
    """The journal of ShotSpot's rows, before they are written."""
    if group.creates:
        journal.made(connection, group.staged, name, group.staged["row_id"], group.values)
    else:
        journal.changed(connection, group.staged, table, group.written(table), repairs=group.repairs)


def _let_go(connection: Connection, name: str, table: Table, changes: Iterable[Change], made: Made) -> None:
    """Frees the names and shirt numbers that change hands within this plan: PostgreSQL checks them row by row.

    They are compared without their club, which a team that stays in its own does not say. One that is freed for
    nothing costs nothing: its own change writes it again.
    """
    if name not in _ONCE:
        return
    columns, lets_go = _ONCE[name]
    slots = [(change, *_slots(change, columns, made)) for change in changes]
    wanted_by_others = {wanted[0] for change, held, wanted in slots if change.action == "create" or held != wanted}
    leaving = [
        change.row_id
        for change, held, wanted in slots
        if change.action != "create"
        and held != wanted
        and held[0] in wanted_by_others - {None}
        and lets_go in change.values
    ]
    if leaving:
        connection.execute(update(table).where(bulk.among(table.c.id, leaving)).values({lets_go: None}))


def _slots(change: Change, columns: Iterable[str], made: Made) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """What a row holds (of one to be made: what it wants), and what it wants."""
    values = {
        name: _settled(_POINTERS[change.table].get(name, ""), change.values[name], made)
        for name in columns
        if name in change.values
    }
    held = tuple(change.before.get(name, values.get(name)) for name in columns)
    return held, tuple(values.get(name, change.before.get(name)) for name in columns)


def _write(connection: Connection, group: _Group, name: str, table: Table, now: datetime) -> None:
    staged = group.staged
    if group.creates:
        staging.insert_from(connection, table, {"id": staged["row_id"], **group.values}, staged.table)
        return
    values = group.written(table)
    differs = sa.or_(*[table.c[column].is_distinct_from(value) for column, value in values.items()])
    stamp = {"updated_at": sa.literal(now)} if name in tables.STAMPED else {}
    staging.update_from(connection, table, {**values, **stamp}, table.c.id == staged["row_id"], differs)


def _see(connection: Connection, plan: Plan) -> None:
    """Remembers the times that were found in the mappings: a later one is of a sync that was not looked at yet."""
    if plan.seen:
        table = tables.player_mappings
        found = {table.c.last_synced_seen: table.c.last_synced_at}
        connection.execute(update(table).where(bulk.among(table.c.id, list(plan.seen))).values(found))
