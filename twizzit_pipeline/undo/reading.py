"""What an undo reads: the journal of some syncs, the rows as they are, and what stands around them.

Rows travel as JSON, which PostgreSQL makes of them and reads them from: so columns of ShotSpot's that this project does
not know come along, and a value of the journal is compared in the table's own type.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import TextClause

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.remote_ids import mapped_to, remote_id
from twizzit_pipeline.storage.tables import IN_ORDER, MAPPINGS, conflicts, departures, sync_changes
from twizzit_pipeline.undo.catalogue import Catalogue, ForeignKey
from twizzit_pipeline.undo.questions import Asked
from twizzit_pipeline.undo.rewind import Rewound
from twizzit_pipeline.undo.rows import Entry, Facts, Key, Reference, Referrer, Slot, Values, singular, written

# The tables whose rows a journal may speak of.
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
    """The questions of a credential that are open, and these ones, in their order; each with its mapping."""
    asked = select(conflicts.c.id).where(
        conflicts.c.credential_id == credential_id,
        or_(conflicts.c.status == "open", bulk.among(conflicts.c.id, [key.id for key in opened])),
    )
    keys = [Key(conflicts.name, row_id) for row_id in connection.scalars(asked.order_by(conflicts.c.id))]
    rows = read_rows(connection, keys)
    found: dict[Key, Asked] = {}
    for entity in {values["entity"] for values in rows.values()}:
        of_it = {key: values for key, values in rows.items() if values["entity"] == entity}
        mappings = _mappings_of(connection, entity, credential_id, {str(one["twizzit_id"]) for one in of_it.values()})
        found |= {key: Asked(key, values, mappings.get(str(values["twizzit_id"]))) for key, values in of_it.items()}
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
    connection: Connection, entity: str, credential_id: int, remote_ids: Collection[str]
) -> dict[str, tuple[Key, Values]]:
    table = MAPPINGS[entity]
    own = (table.c.credential_id == credential_id, mapped_to(table, sorted(remote_ids)))
    wanted = select(remote_id(table), table.c.id).where(*own)
    keys = {str(row[0]): Key(table.name, row.id) for row in connection.execute(wanted)}
    rows = read_rows(connection, keys.values())
    return {of: (key, rows[key]) for of, key in keys.items() if key in rows}


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


def read_facts(connection: Connection, rows: Mapping[Key, Rewound], catalogue: Catalogue) -> Facts:
    """What decides whether the rows can be as they are wanted.

    Raises:
        DatabaseRefused: a table that refers to one of them may not be read by this user.
    """
    references = tuple(key.reference for key in catalogue.outgoing)
    return Facts(
        slots=catalogue.slots,
        references=references,
        holders=dict(_holders(connection, rows, catalogue)),
        targets=dict(_targets(connection, rows, catalogue)),
        referrers=_referrers(connection, catalogue, lambda key: _going(rows, key)),
        named=_referrers(connection, catalogue, lambda key: _renamed(rows, key)),
    )


def _holders(
    connection: Connection, rows: Mapping[Key, Rewound], catalogue: Catalogue
) -> Iterator[tuple[tuple[Slot, tuple[str, ...]], tuple[int, ...]]]:
    for slot in catalogue.slots:
        moving = _wanted(rows, slot.table, slot.decided_by)
        wanted = {values: _some(row, slot.columns) for row in moving if (values := slot.of(row)) is not None}
        if not wanted:
            continue
        same = " AND ".join(
            f"t.{quoted(name)} {'IS NOT DISTINCT FROM' if slot.nulls else '='} k.{quoted(name)}"
            for name in slot.columns
        )
        table = quoted(slot.table)
        statement = with_rows(
            f"SELECT t.id, to_jsonb(t) AS row FROM jsonb_populate_recordset(NULL::{table}, :rows) AS k"  # noqa: S608
            f" JOIN {table} AS t ON {same}"
        )
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for row in connection.execute(statement, {"rows": list(wanted.values())}):
            if (held := slot.of(row.row)) is not None:
                found[held].append(row.id)
        yield from (((slot, values), tuple(ids)) for values, ids in found.items())


def _targets(
    connection: Connection, rows: Mapping[Key, Rewound], catalogue: Catalogue
) -> Iterator[tuple[tuple[Reference, tuple[str, ...]], int]]:
    for key in catalogue.outgoing:
        reference = key.reference
        wanted = _wanted(rows, reference.table, reference.columns)
        said = {named: _some(row, reference.columns) for row in wanted if (named := reference.of(row)) is not None}
        if not said:
            continue
        same = _joined(reference, "k", "t")
        names = ", ".join(f"k.{quoted(name)}" for name in reference.columns)
        statement = with_rows(
            f"SELECT (to_jsonb(t) ->> 'id')::bigint AS id, ARRAY(SELECT * FROM jsonb_array_elements_text("  # noqa: S608
            f"jsonb_build_array({names}))) AS named"
            f" FROM jsonb_populate_recordset(NULL::{quoted(reference.table)}, :rows) AS k"
            f" JOIN {key.to_path} AS t ON {same}"
        )
        for row in connection.execute(statement, {"rows": list(said.values())}):
            yield (reference, tuple(row.named)), 0 if row.id is None else row.id


def _going(rows: Mapping[Key, Rewound], reference: Reference) -> list[int]:
    return [key.id for key, row in rows.items() if key.table == reference.to_table and row.goes]


def _renamed(rows: Mapping[Key, Rewound], reference: Reference) -> list[int]:
    """Rows that stay, and of which a value is written that the foreign key may name them by."""
    if reference.to_columns == ("id",):
        return []
    there = ((key, row) for key, row in rows.items() if key.table == reference.to_table and row.wanted is not None)
    return [key.id for key, row in there if written(key.table, row.changed, reference.to_columns)]


def _referrers(
    connection: Connection, catalogue: Catalogue, rows_of: Callable[[Reference], list[int]]
) -> dict[Key, tuple[Referrer, ...]]:
    found: dict[Key, list[Referrer]] = defaultdict(list)
    for key in catalogue.incoming:
        ids = rows_of(key.reference)
        if not ids:
            continue
        if not key.readable:
            raise DatabaseRefused(
                f"The table {key.path} refers to {key.reference.to_table}, and the database's user may not read it; "
                f"as its owner or a superuser: GRANT SELECT ON {key.path} TO that user"
            )
        for target, referrer in _referring(connection, key, ids):
            found[target].append(referrer)
    return {target: tuple(referrers) for target, referrers in found.items()}


def _referring(connection: Connection, key: ForeignKey, ids: list[int]) -> Iterator[tuple[Key, Referrer]]:
    """Row by row in the tables that syncs write, counted in all others."""
    reference = key.reference
    known = key.here and reference.table in TABLES
    what = "r.id" if known else "count(*)"
    grouped = "" if known else " GROUP BY t.id"
    statement = text(
        f"SELECT t.id AS target, {what} AS found FROM {key.to_path} AS t JOIN {key.path} AS r"  # noqa: S608
        f" ON {_joined(reference, 'r', 't')} WHERE t.id = ANY(:ids){grouped}"
    )
    counted: Counter[int] = Counter()
    for row in connection.execute(statement, {"ids": ids}):
        target = Key(reference.to_table, row.target)
        if known:
            words = f"{singular(reference.table)} {row.found}"
            yield target, Referrer(reference, Key(reference.table, row.found), words)
        else:
            counted[row.target] += row.found
    for target_id, count in counted.items():
        words = f"{reference.table} ({count} {'row' if count == 1 else 'rows'})"
        yield Key(reference.to_table, target_id), Referrer(reference, None, words)


def _wanted(rows: Mapping[Key, Rewound], table: str, columns: Collection[str]) -> list[Values]:
    """What the rows of a table that move in these columns are to hold."""
    return [
        row.wanted
        for key, row in rows.items()
        if key.table == table and row.wanted is not None and (row.returns or set(columns) & set(row.changed))
    ]


def _some(values: Values, columns: Iterable[str]) -> Json:
    return {column: values.get(column) for column in columns}


def _by_table(keys: Iterable[Key]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for key in keys:
        found[key.table].append(key.id)
    return found


def _joined(reference: Reference, of: str, to: str) -> str:
    pairs = zip(reference.columns, reference.to_columns, strict=True)
    return " AND ".join(f"{of}.{quoted(one)} = {to}.{quoted(other)}" for one, other in pairs)


def with_rows(statement: str) -> TextClause:
    """A statement with the parameter `rows`, a list of JSON objects."""
    return text(statement).bindparams(bindparam("rows", type_=JSONB))


def quoted(name: str) -> str:
    """A name of the catalogue within a statement made with `text`, which reads a colon as a parameter's."""
    return '"' + name.replace('"', '""').replace(":", "\\:") + '"'
