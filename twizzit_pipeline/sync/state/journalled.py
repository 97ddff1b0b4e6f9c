"""Reads what the journal says was written into a column of some rows: by which action, and the latest last.

The journal is long: callers ask it of the rows alone of which something looks odd.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Table, select

from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.tables import sync_changes


def journalled(connection: Connection, table: Table, column: str, row_ids: Collection[int]) -> list[Any]:
    """Row, what was written into the column, and by which action; the latest last."""
    if not row_ids:
        return []
    entry = sync_changes.c
    value = entry.after[column].astext
    wanted = select(entry.row_id, value, entry.action).where(
        entry.table_name == table.name, among(entry.row_id, sorted(row_ids)), value.is_not(None)
    )
    return list(connection.execute(wanted.order_by(entry.id)).all())
