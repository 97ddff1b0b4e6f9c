"""What stands around the rows of an undo: the slots and foreign keys that decide whether they can be as wanted."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from sqlalchemy import Connection, text

from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.undo.catalogue import Catalogue, ForeignKey
from twizzit_pipeline.undo.reading import TABLES, Json, quoted, with_rows
from twizzit_pipeline.undo.rewind import Rewound
from twizzit_pipeline.undo.rows import Facts, Key, Reference, Referrer, Slot, Values, singular, written


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


def _joined(reference: Reference, of: str, to: str) -> str:
    pairs = zip(reference.columns, reference.to_columns, strict=True)
    return " AND ".join(f"{of}.{quoted(one)} = {to}.{quoted(other)}" for one, other in pairs)
