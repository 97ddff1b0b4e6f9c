"""The mappings of a plan: which columns of them are shipped with the changes, and how they are written from there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from twizzit_pipeline.entities import Entity
from twizzit_pipeline.plan import Change
from twizzit_pipeline.plan.ownership import REMOTE_ID
from twizzit_pipeline.storage import bulk, remote_ids, staging, tables
from twizzit_pipeline.storage.staging import Shipped, Staged
from twizzit_pipeline.sync.journal import Journal

_TIMES = ("last_synced_at", "last_synced_seen", "updated_at")
_ELSEWHERE = "twizzit_remote_id"


@dataclass(frozen=True, slots=True)
class Mapped:
    """The mapping table of a group of changes, and what of it is shipped with them.

    Attributes:
        said: the columns that a plan decides.
        keys: those of a new mapping besides: the remote id, and where it stands if ShotSpot's column cannot hold it.
        some_are_new, some_are_there: whether there is a mapping to be made, one to be written anew.
    """

    entity: Entity
    table: Table
    said: Sequence[str]
    keys: Sequence[str]
    shipped: Sequence[Shipped[Change]]
    some_are_new: bool
    some_are_there: bool


def mapped_changes(connection: Connection, entity: Entity, changes: Sequence[Change]) -> Mapped:
    """The mappings of these changes, all of which have one; those to be made get their ids here."""
    table = tables.MAPPINGS[entity.name]
    new = [change for change in changes if change.mapping_id is None]
    reserved = iter(bulk.reserve_ids(connection, table, len(new)))
    ids = [next(reserved) if change.mapping_id is None else change.mapping_id for change in changes]
    named = {str(change.twizzit_id) for change in changes if change.mapping_id is None or REMOTE_ID in _mapping(change)}
    held = remote_ids.stand_ins(connection, table, named)
    keys = dict(_keys(entity, table, held))
    said = dict(_said(entity, table, changes[0])) | (keys if REMOTE_ID in _mapping(changes[0]) else {})
    columns = {**said, **keys}
    shipped: list[Shipped[Change]] = [
        Shipped("mapping_id", staging.INTEGER, lambda place, _: ids[place], joins=True),
        Shipped("is_new", staging.BOOLEAN, lambda _, change: change.mapping_id is None),
        *(Shipped(f"m_{name}", table.c[name].type, read) for name, read in columns.items()),
    ]
    return Mapped(entity, table, tuple(said), tuple(keys), shipped, bool(new), len(new) < len(changes))


def write_mappings(connection: Connection, staged: Staged, mapped: Mapped, journal: Journal, now: datetime) -> None:
    """Makes the new mappings and writes the others anew, each with its entry in the journal."""
    table, is_new, mapping_id = mapped.table, staged["is_new"], staged["mapping_id"]
    values = {name: staged[f"m_{name}"] for name in mapped.said}
    stamp = {name: sa.literal(now.replace(tzinfo=None)) for name in _TIMES if name in table.c}
    if mapped.some_are_there:
        journal.rewritten(connection, staged, table, mapping_id, values, ~is_new)
        staging.update_from(connection, table, {**values, **stamp}, table.c.id == mapping_id, ~is_new)
    if mapped.some_are_new:
        keys = {name: staged[f"m_{name}"] for name in mapped.keys}
        whole = {**values, mapped.entity.local_id: staged["row_id"], **keys}
        journal.made(connection, staged, table.name, mapping_id, whole, is_new)
        staging.insert_from(connection, table, {"id": mapping_id, **whole, **stamp}, staged.table, is_new)


def _said(entity: Entity, table: Table, change: Change) -> Iterator[tuple[str, Callable[[int, Change], object]]]:
    """The plan's mapping values under the table's names; only a player's mapping has a team's."""
    for name in _mapping(change):
        if name == REMOTE_ID:  # it is among the keys, as the database at hand can hold it
            continue
        if name != "team_mapping_id" or name in table.c:
            yield entity.remote_name if name == "twizzit_name" else name, _value(name)
    if "season" in table.c:
        yield "season", _season


def _mapping(change: Change) -> Mapping[str, object]:
    assert change.mapping is not None
    return change.mapping


def _value(name: str) -> Callable[[int, Change], object]:
    return lambda _, change: None if change.mapping is None else change.mapping[name]


def _season(_: int, change: Change) -> object:
    base = None if change.mapping is None else change.mapping["last_values"]
    return base.get("season") if isinstance(base, Mapping) else None


def _keys(
    entity: Entity, table: Table, held: Mapping[str, str]
) -> Iterator[tuple[str, Callable[[int, Change], object]]]:
    """The remote id of a new mapping; where another's row holds it in ShotSpot's column, that gets the stand-in."""
    yield entity.remote_id, lambda _, change: held.get(str(change.twizzit_id), change.twizzit_id)
    if _ELSEWHERE in table.c:
        yield _ELSEWHERE, lambda _, change: change.twizzit_id if str(change.twizzit_id) in held else None
