"""A plan into the database: on the caller's transaction, set-based, every change journalled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pandas as pd
from sqlalchemy import Connection, Table, update

from twizzit_pipeline.entities import ENTITIES, Entity
from twizzit_pipeline.plan import Change, Plan
from twizzit_pipeline.storage import bulk, remote_ids, tables

# What plans write besides the entities' own tables: what those point at, and what points at them.
_BESIDE = {"seasons", "clubs", "twizzit_opponents", "competition_teams"}
_PLANNED = _BESIDE | {each.local for each in ENTITIES.values()}
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
_REPAIR = "repair"  # the journal's action of columns that are written because a repair was asked for
_STAMPED = frozenset({"clubs", "teams", "players"})
# What ShotSpot allows once, and the column whose null lets go of it: a team's name in its season, a player's number.
_LET_GO = {"teams": "season_id", "players": "jersey_number"}
_SLOT = {"teams": ("club_id", "name", "season_id"), "players": ("club_id", "jersey_number")}


@dataclass(frozen=True, slots=True)
class _Journalled:
    """What one row was and became."""

    table_name: str
    row_id: int
    twizzit_id: str | None
    action: str
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None


def apply(connection: Connection, plan: Plan, *, credential_id: int, history_id: int) -> None:
    """Writes every change of `plan`, its mapping and its journal row; an empty plan writes nothing.

    Rows to be made get their ids first, so that mappings and journal can name them in the same transaction.
    """
    now = datetime.now(UTC)
    made: dict[tuple[str, int], int] = {}
    journal: list[_Journalled] = []
    for name, table in _ORDER:
        changes = [change for change in plan.changes if change.table == name]
        _reserve(connection, name, table, changes, made)
        settled = [(change, _settled(_POINTERS[name], change.values, made)) for change in changes]
        _let_go(connection, name, table, settled)
        _create(connection, name, table, settled, made)
        _update(connection, name, table, settled, now)
        journal.extend(_local_journal(settled, made))
    journal.extend(_write_mappings(connection, plan, made, now))
    _see(connection, plan)
    _write_journal(connection, journal, credential_id=credential_id, history_id=history_id)


def _reserve(
    connection: Connection, name: str, table: Table, changes: Iterable[Change], made: dict[tuple[str, int], int]
) -> None:
    new = [change.row_id for change in changes if change.action == "create"]
    real = bulk.reserve_ids(connection, table, len(new))
    made.update({(name, row_id): real_id for row_id, real_id in zip(new, real, strict=True)})


def _settled(
    pointers: Mapping[str, str], values: Mapping[str, object], made: Mapping[tuple[str, int], int]
) -> dict[str, object]:
    """The values with the real ids of the rows that were made for them."""
    return {
        column: made.get((pointers[column], value), value) if column in pointers and isinstance(value, int) else value
        for column, value in values.items()
    }


Settled = Sequence[tuple[Change, Mapping[str, object]]]


def _let_go(connection: Connection, name: str, table: Table, settled: Settled) -> None:
    """Frees the names and shirt numbers that change hands within this plan: PostgreSQL checks them row by row."""
    if name not in _SLOT:
        return
    slots = [
        (change, tuple(change.before.get(column, values.get(column)) for column in _SLOT[name]), wanted)
        for change, values in settled
        if (wanted := tuple(values.get(column, change.before.get(column)) for column in _SLOT[name]))
    ]
    wanted_by_others = {wanted for change, held, wanted in slots if change.action == "create" or held != wanted}
    leaving = [
        change.row_id
        for change, held, wanted in slots
        if change.action != "create" and held != wanted and held in wanted_by_others
    ]
    if leaving:
        connection.execute(update(table).where(bulk.among(table.c.id, leaving)).values({_LET_GO[name]: None}))


def _create(
    connection: Connection, name: str, table: Table, settled: Settled, made: Mapping[tuple[str, int], int]
) -> None:
    rows = [{"id": made[name, change.row_id], **values} for change, values in settled if change.action == "create"]
    if rows:
        bulk.insert_rows(connection, table, _frame(rows))


def _update(connection: Connection, name: str, table: Table, settled: Settled, now: datetime) -> None:
    rows = [
        {"id": change.row_id, **values}
        for change, values in settled
        if change.action != "create" and values != change.before
    ]
    if not rows:
        return
    stamp = {"updated_at": now} if name in _STAMPED else {}
    columns = [*(column for column in rows[0] if column != "id"), *stamp]
    bulk.update_rows(connection, table, _frame([{**row, **stamp} for row in rows]), columns=columns)


def _local_journal(settled: Settled, made: Mapping[tuple[str, int], int]) -> Iterable[_Journalled]:
    for change, values in settled:
        row_id = made.get((change.table, change.row_id), change.row_id)
        if change.action == "create":
            yield _Journalled(change.table, row_id, change.twizzit_id, "create", None, values)
            continue
        after = {column: value for column, value in values.items() if change.before[column] != value}
        repaired = {column: value for column, value in after.items() if column in change.repaired}
        other = {column: value for column, value in after.items() if column not in repaired}
        for action, written in ((change.action, other), (_REPAIR, repaired)):
            if written:
                before = {column: change.before[column] for column in written}
                yield _Journalled(change.table, row_id, change.twizzit_id, action, before, written)


def _write_mappings(
    connection: Connection, plan: Plan, made: Mapping[tuple[str, int], int], now: datetime
) -> list[_Journalled]:
    """Inserts and updates the mapping rows of the plan's entity."""
    entity = ENTITIES[plan.entity]
    mappings = tables.MAPPINGS[entity.name]
    concerned = [change for change in plan.changes if change.table == plan.table and change.mapping is not None]
    new = [change for change in concerned if change.mapping_id is None]
    ids = iter(bulk.reserve_ids(connection, mappings, len(new)))
    held = remote_ids.stand_ins(connection, mappings, {str(change.twizzit_id) for change in new})
    inserted, updated, journal = [], [], []
    for change in concerned:
        assert change.mapping is not None
        row_id = change.mapping_id if change.mapping_id is not None else next(ids)
        values = _mapping_columns(change.mapping, entity, mappings)
        before = _mapping_columns(change.mapping_before, entity, mappings) if change.mapping_before else None
        if change.mapping_id is None:
            local_id = made.get((change.table, change.row_id), change.row_id)
            values |= {entity.local_id: local_id, **_ids(entity, mappings, str(change.twizzit_id), held)}
            inserted.append({"id": row_id, **values})
        else:
            updated.append({"id": row_id, **values})
        action = "create" if change.mapping_id is None else change.action
        journal.append(_Journalled(mappings.name, row_id, change.twizzit_id, action, before, values))
    times = ("last_synced_at", "last_synced_seen", "updated_at")
    stamp = {name: now.replace(tzinfo=None) for name in times if name in mappings.c}
    if inserted:
        bulk.insert_rows(connection, mappings, _frame([{**row, **stamp} for row in inserted]))
    if updated:
        columns = [*(column for column in updated[0] if column != "id"), *stamp]
        bulk.update_rows(connection, mappings, _frame([{**row, **stamp} for row in updated]), columns=columns)
    return journal


def _ids(entity: Entity, mappings: Table, twizzit_id: str, held: Mapping[str, str]) -> dict[str, object]:
    """The remote id of a new mapping; where another's row holds it in ShotSpot's column, that gets the stand-in."""
    stand_in = held.get(twizzit_id)
    elsewhere = {"twizzit_remote_id": twizzit_id if stand_in else None}
    return {
        entity.remote_id: stand_in or twizzit_id,
        **(elsewhere if "twizzit_remote_id" in mappings.c else {}),
    }


def _see(connection: Connection, plan: Plan) -> None:
    """Remembers the times that were found in the mappings: a later one is of a sync that was not looked at yet."""
    if plan.seen:
        table = tables.player_mappings
        found = {table.c.last_synced_seen: table.c.last_synced_at}
        connection.execute(update(table).where(bulk.among(table.c.id, list(plan.seen))).values(found))


def _mapping_columns(values: Mapping[str, object], entity: Entity, mappings: Table) -> dict[str, object]:
    """The plan's mapping values under the table's names; only a player's mapping has a team's."""
    renamed = {entity.remote_name if name == "twizzit_name" else name: value for name, value in values.items()}
    if "team_mapping_id" not in mappings.c:
        renamed.pop("team_mapping_id", None)
    if "season" in mappings.c:
        base = values["last_values"]
        renamed["season"] = base.get("season") if isinstance(base, Mapping) else None
    return renamed


def _write_journal(
    connection: Connection, journal: Sequence[_Journalled], *, credential_id: int, history_id: int
) -> None:
    if not journal:
        return
    rows = [
        {
            "history_id": history_id,
            "credential_id": credential_id,
            "table_name": entry.table_name,
            "row_id": entry.row_id,
            "twizzit_id": entry.twizzit_id,
            "action": entry.action,
            "before": _jsonable(entry.before),
            "after": _jsonable(entry.after),
        }
        for entry in journal
    ]
    bulk.insert_rows(connection, tables.sync_changes, _frame(rows))


def _jsonable(values: Mapping[str, object] | None) -> dict[str, object] | None:
    if values is None:
        return None
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _frame(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Rows as a frame that leaves Python's values as they are."""
    return pd.DataFrame(list(rows), dtype=object)
