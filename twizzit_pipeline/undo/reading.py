"""What an undo reads: the journal of some syncs, and the rows as they are. What stands around those is in `facts`.

Rows travel as JSON, which PostgreSQL makes of them and reads them from: so columns of ShotSpot's that this project does
not know come along, and a value of the journal is compared in the table's own type.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import TextClause

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.remote_ids import mapped_to, remote_id
from twizzit_pipeline.storage.tables import IN_ORDER, MAPPINGS, conflicts, departures, sync_changes
from twizzit_pipeline.undo.catalogue import Catalogue
from twizzit_pipeline.undo.questions import Asked
from twizzit_pipeline.undo.rows import Entry, Key, Values

# The tables whose rows a journal may have entries of.
MAPPING_TABLES = tuple(each.mappings for each in ENTITIES.values())
OWN_TABLES = ("twizzit_opponents", "twizzit_departures", "twizzit_conflicts")
TABLES = (*IN_ORDER, *MAPPING_TABLES, *OWN_TABLES)

_AT_ONCE = 10_000  # rows in one parameter
Json = dict[str, Any]


def read_entries(connection: Connection, history_ids: Collection[int], catalogue: Catalogue) -> list[Entry]:
    """The journal of these history rows, its values as the tables' own types write them."""
    journal = sync_changes.c
    wanted = select(journal.id, journal.table_name, journal.row_id, journal.twizzit_id, journal.action)
    wanted = wanted.add_columns(journal.before, journal.after)
    rows = connection.execute(
        wanted.where(bulk.among(journal.history_id, sorted(history_ids)), bulk.among(journal.table_name, TABLES))
    ).all()
    said: dict[str, list[tuple[int, str, Json]]] = defaultdict(list)
    for row in rows:
        said[row.table_name] += [
            (row.id, side, values) for side, values in (("before", row.before), ("after", row.after)) if values
        ]
    typed = {
        (entry_id, side): values
        for table, found in said.items()
        for entry_id, side, values in _typed(connection, table, found, catalogue)
    }
    return [
        Entry(
            row.id,
            Key(row.table_name, row.row_id),
            row.twizzit_id,
            row.action,
            None if row.before is None else typed.get((row.id, "before"), {}),
            None if row.after is None else typed.get((row.id, "after"), {}),
        )
        for row in rows
    ]


def read_passed_over(connection: Connection, history_ids: Collection[int]) -> dict[str, int]:
    """Tables that the journal of these history rows names and no undo writes → how many entries."""
    journal = sync_changes.c
    counted = (
        select(journal.table_name, func.count().label("entries"))
        .where(bulk.among(journal.history_id, sorted(history_ids)), journal.table_name.not_in(TABLES))
        .group_by(journal.table_name)
        .order_by(journal.table_name)
    )
    return {row.table_name: int(row.entries) for row in connection.execute(counted)}


def _typed(
    connection: Connection, table: str, found: list[tuple[int, str, Json]], catalogue: Catalogue
) -> Iterator[tuple[int, str, Json]]:
    """Columns that the table has no more stay as they are said."""
    known = set(catalogue.columns[table].names) if table in catalogue.columns else set()
    if not known:
        yield from found
        return
    statement = with_rows(
        f"SELECT to_jsonb(jsonb_populate_record(NULL::{quoted(table)}, said)) AS typed"  # noqa: S608 - a name of ours
        " FROM jsonb_array_elements(:rows) WITH ORDINALITY AS rows (said, place) ORDER BY place"
    )
    for begin in range(0, len(found), _AT_ONCE):
        some = found[begin : begin + _AT_ONCE]
        rows = connection.scalars(statement, {"rows": [values for _, _, values in some]})
        for (entry_id, side, values), typed in zip(some, rows, strict=True):
            yield entry_id, side, {name: typed[name] if name in known else value for name, value in values.items()}


def read_rows(connection: Connection, keys: Iterable[Key]) -> dict[Key, Values]:
    """These rows as they are, with every column; those that are gone are missing."""
    found: dict[Key, Values] = {}
    for table, ids in _by_table(keys).items():
        statement = text(
            f"SELECT t.id, to_jsonb(t) AS row FROM {quoted(table)} AS t WHERE t.id = ANY(:ids)"  # noqa: S608
        )
        found |= {Key(table, row.id): row.row for row in connection.execute(statement, {"ids": ids})}
    return found


def read_questions(connection: Connection, credential_id: int, opened: Iterable[Key]) -> list[Asked]:
    """The questions of a credential that are open, and these ones, in their order; each with its mappings."""
    asked = select(conflicts.c.id).where(
        conflicts.c.credential_id == credential_id,
        or_(conflicts.c.status == "open", bulk.among(conflicts.c.id, [key.id for key in opened])),
    )
    keys = [Key(conflicts.name, row_id) for row_id in connection.scalars(asked.order_by(conflicts.c.id))]
    rows = read_rows(connection, keys)
    found: dict[Key, Asked] = {}
    for entity in {values["entity"] for values in rows.values()}:
        of_it = {key: values for key, values in rows.items() if values["entity"] == entity}
        mappings = _mappings_of(connection, entity, credential_id, of_it.values())
        for key, values in of_it.items():
            own = (str(values["twizzit_id"]), values["local_id"])
            found[key] = Asked(key, values, {mapping: row for one in own for mapping, row in mappings.get(one, ())})
    return [found[key] for key in keys if key in found]


def read_departures(
    connection: Connection, credential_id: int, wanted: Collection[tuple[str, str]]
) -> dict[Key, Values]:
    """The departures of these entities and remote ids that have not ended."""
    if not wanted:
        return {}
    row = departures.c
    found = select(row.id, row.entity, row.twizzit_id).where(
        row.credential_id == credential_id,
        row.returned_at.is_(None),
        bulk.among(row.twizzit_id, [remote_id for _, remote_id in wanted]),
    )
    rows = connection.execute(found).all()
    return read_rows(connection, [Key(departures.name, one.id) for one in rows if tuple(one[1:]) in wanted])


def _mappings_of(
    connection: Connection, entity: str, credential_id: int, questions: Collection[Values]
) -> dict[str | int, list[tuple[Key, Values]]]:
    """Remote id, and local id, of the rows that these questions are about → the mappings of it."""
    table, local_id = MAPPINGS[entity], MAPPINGS[entity].c[ENTITIES[entity].local_id]
    remote_ids = sorted({str(values["twizzit_id"]) for values in questions})
    local_ids = sorted({values["local_id"] for values in questions if values["local_id"] is not None})
    wanted = select(table.c.id, remote_id(table), local_id).where(
        table.c.credential_id == credential_id, or_(mapped_to(table, remote_ids), bulk.among(local_id, local_ids))
    )
    ids = {Key(table.name, one[0]): (str(one[1]), int(one[2])) for one in connection.execute(wanted)}
    found: dict[str | int, list[tuple[Key, Values]]] = defaultdict(list)
    for key, row in read_rows(connection, ids).items():
        for own in ids[key]:
            found[own].append((key, row))
    return found


def read_usual(connection: Connection, catalogue: Catalogue) -> dict[str, Values]:
    """Table → what its columns hold where nothing is said, for those of ShotSpot's that people edit."""
    found: dict[str, Values] = {}
    for table in IN_ORDER:
        if table in catalogue.columns:
            usual = catalogue.columns[table].usual
            parts = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}', {sql}" for name, sql in usual.items())
            query = f"SELECT jsonb_build_object({parts})"
            found[table] = connection.exec_driver_sql(query.replace("%", "%%")).scalar_one()
    return found


def _by_table(keys: Iterable[Key]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for key in keys:
        found[key.table].append(key.id)
    return found


def with_rows(statement: str) -> TextClause:
    """A statement with the parameter `rows`, a list of JSON objects."""
    return text(statement).bindparams(bindparam("rows", type_=JSONB))


def quoted(name: str) -> str:
    """A name of the catalogue within a statement made with `text`, which reads a colon as a parameter's."""
    return '"' + name.replace('"', '""').replace(":", "\\:") + '"'
