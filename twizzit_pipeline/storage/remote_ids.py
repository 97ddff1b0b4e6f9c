"""The remote ids of the mapping tables, as they are read and written.

ShotSpot's own tables hold a remote id once (unique by itself), and ShotSpot's code counts on that, so the constraint
stays. Where another host's or organization's row has the id already, ShotSpot's column gets a stand-in that no server
can guess, and `twizzit_remote_id` the id itself. So the first organization to use an id takes it from no other. Our own
tables hold an id as often as there are organizations that use it, and need no stand-ins.
"""

import uuid
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table, func, select, text, union

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.storage.bulk import among

_NAMES = tuple(each.remote_id for each in ENTITIES.values())
_ELSEWHERE = "twizzit_remote_id"
_KEPT = 100  # of the mapping tables and their aliases
_SHOWN = 60  # characters of the id in its stand-in, which has 100


@lru_cache(_KEPT)
def remote_id(mappings: FromClause) -> Any:
    """The remote id of a row of a mapping table, called like ShotSpot's column."""
    plain = _plain(mappings)
    if _ELSEWHERE not in mappings.c:
        return plain
    return func.coalesce(mappings.c[_ELSEWHERE], plain, type_=plain.type).label(plain.name)


def mapped_to(mappings: Table, ids: Select[Any] | Collection[str]) -> ColumnElement[bool]:
    """The rows of a mapping table with one of these remote ids, of any host and organization."""
    if _ELSEWHERE not in mappings.c:
        return _within(_plain(mappings), ids)
    rows = _alias(mappings)  # two looks into an index each, where a condition with OR would read the whole table
    return mappings.c.id.in_(
        union(
            select(rows.c.id).where(_within(_plain(rows), ids)),
            select(rows.c.id).where(_within(rows.c[_ELSEWHERE], ids)),
        )
    )


def stand_ins(connection: Connection, mappings: Table, ids: Collection[str]) -> dict[str, str]:
    """Remote id → its stand-in, for those ids of rows to be made that ShotSpot's column cannot hold once more."""
    if _ELSEWHERE not in mappings.c or not ids:
        return {}
    plain = _plain(mappings)
    held = connection.scalars(select(plain).where(among(plain, sorted(ids)))).all()
    if not held or not _is_unique_by_itself(connection, mappings, plain.name):
        return {}
    return {one: f"{one[:_SHOWN]}@{uuid.uuid4().hex}" for one in held}


@lru_cache(_KEPT)
def _alias(mappings: Table) -> FromClause:
    return mappings.alias()


@lru_cache(_KEPT)
def _plain(mappings: FromClause) -> Any:
    return next(mappings.c[name] for name in _NAMES if name in mappings.c)


def _within(column: ColumnElement[Any], ids: Select[Any] | Collection[str]) -> ColumnElement[bool]:
    return column.in_(ids) if isinstance(ids, Select) else among(column, sorted(ids))


def _is_unique_by_itself(connection: Connection, mappings: Table, column: str) -> bool:
    """Whether the database at hand lets that column hold a value only once, by a constraint or an index."""
    found = text(
        "SELECT EXISTS (SELECT FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE i.indrelid = to_regclass(:name) AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL"
        " AND a.attname = :column)"
    )
    name = connection.dialect.identifier_preparer.quote(mappings.name)
    return bool(connection.scalar(found, {"name": name, "column": column}))
