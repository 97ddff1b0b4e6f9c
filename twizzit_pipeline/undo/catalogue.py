"""What PostgreSQL's catalogue says of the tables: columns, foreign keys, values that only one row may hold.

ShotSpot has tables that this project does not know, and may have constraints of its own on those that it does.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from twizzit_pipeline.undo.rows import Reference, Slot

# A default that is a value by itself; any other one (a sequence, a clock, the user) may be another each time.
_VALUE = re.compile(r"""('([^']|'')*'|-?\d+(\.\d+)?|true|false|NULL)(::[\w ".\[\]]+)?""")
# A column that PostgreSQL computes is none that is written.
_COLUMNS = text("""
    SELECT c.relname AS table, a.attname AS name, a.attgenerated <> '' AS generated,
           CASE WHEN a.attgenerated <> '' THEN NULL ELSE pg_get_expr(d.adbin, d.adrelid) END AS usual,
           CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS computed
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
      AND c.relname = ANY(:names) AND c.relkind IN ('r', 'p')
    ORDER BY c.relname, a.attnum
""")
# An index over an expression is passed over: its values are not columns. One over part of the rows counts as whole.
_SLOTS = text("""
    SELECT c.relname AS table,
           (SELECT array_agg(a.attname::text ORDER BY k.place)
            FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE k.place <= i.indnkeyatts) AS columns,
           coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = ANY(:names)
      AND i.indisunique AND NOT i.indisprimary AND i.indexprs IS NULL
    ORDER BY c.relname, i.indexrelid
""")
# Of a table of ours, the rows that its one index is over: a question may have been asked and resolved many times.
_ONLY = {"twizzit_conflicts": ("status", "open")}
# Of a partitioned table its own constraint stands for those of its parts.
_REFERENCES = text("""
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS path, c.relname AS table,
           c.relnamespace = quote_ident(current_schema())::regnamespace AS here,
           quote_ident(fn.nspname) || '.' || quote_ident(f.relname) AS to_path, f.relname AS to_table,
           f.relnamespace = quote_ident(current_schema())::regnamespace AS to_here,
           (SELECT array_agg(a.attname::text ORDER BY k.place)
            FROM unnest(r.conkey) WITH ORDINALITY AS k (attnum, place)
            JOIN pg_attribute a ON a.attrelid = r.conrelid AND a.attnum = k.attnum) AS columns,
           (SELECT array_agg(a.attname::text ORDER BY k.place)
            FROM unnest(r.confkey) WITH ORDINALITY AS k (attnum, place)
            JOIN pg_attribute a ON a.attrelid = r.confrelid AND a.attnum = k.attnum) AS to_columns,
           has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AS readable
    FROM pg_constraint r
    JOIN pg_class c ON c.oid = r.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class f ON f.oid = r.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE r.contype = 'f' AND r.conparentid = 0
      AND (c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = ANY(:names)
           OR f.relnamespace = quote_ident(current_schema())::regnamespace AND f.relname = ANY(:names))
    ORDER BY c.relname, r.oid
""")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table.

    Attributes:
        names: all of them, in the table's order.
        generated: those that PostgreSQL computes → the expression.
        usual: what the others hold where nothing is said, as SQL; those whose default is another one each time are not
            there.
    """

    names: tuple[str, ...]
    generated: Mapping[str, str]
    usual: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference, with how its two tables are named in a statement; `readable`: whether this user may look into it."""

    reference: Reference
    path: str
    to_path: str
    here: bool
    to_here: bool
    readable: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the catalogue says of some tables, and of all that refers to them."""

    columns: Mapping[str, Columns]
    slots: tuple[Slot, ...]
    outgoing: tuple[ForeignKey, ...]
    incoming: tuple[ForeignKey, ...]


def read_catalogue(connection: Connection, tables: Iterable[str]) -> Catalogue:
    """Of these tables of the current schema, as far as they are there."""
    wanted = {"names": sorted(tables)}
    keys = [
        (
            ForeignKey(
                Reference(row.table, tuple(row.columns), row.to_table, tuple(row.to_columns)),
                row.path,
                row.to_path,
                row.here,
                row.to_here,
                row.readable,
            )
        )
        for row in connection.execute(_REFERENCES, wanted)
    ]
    slots = [
        Slot(row.table, tuple(row.columns), row.nulls, _ONLY.get(row.table))
        for row in connection.execute(_SLOTS, wanted)
    ]
    names = set(wanted["names"])
    return Catalogue(
        _columns(connection, wanted),
        tuple(slots),
        tuple(key for key in keys if key.here and key.reference.table in names),
        tuple(key for key in keys if key.to_here and key.reference.to_table in names),
    )


def _columns(connection: Connection, wanted: dict[str, list[str]]) -> dict[str, Columns]:
    found: dict[str, list[tuple[str, str | None, str | None]]] = {}
    for row in connection.execute(_COLUMNS, wanted):
        found.setdefault(row.table, []).append((row.name, row.usual, row.computed))
    return {
        table: Columns(
            tuple(name for name, _, _ in columns),
            {name: computed for name, _, computed in columns if computed is not None},
            {
                name: usual or "NULL"
                for name, usual, computed in columns
                if computed is None and _VALUE.fullmatch(usual or "NULL")
            },
        )
        for table, columns in found.items()
    }
