"""The rows of `twizzit_departures` of a plan, and the mappings that it closes: on the transaction of `apply`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB

from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.departed import Record
from twizzit_pipeline.plan.ownership import REMOTE_ID
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.sync.journal import Journal

_AT_ONCE = 1000  # rows of one statement
_DEPART = "depart"  # the action of a mapping that is closed


def write_departures(connection: Connection, plan: Plan, journal: Journal, now: datetime) -> None:
    """Writes the plan's rows, and deletes the mappings that they close, each with the whole row in the journal."""
    owner = {"credential_id": journal.credential_id, "entity": plan.entity}
    rows = [(one, {**_values(one, now), **_before(one)}) for one in plan.departures]
    made = [
        {**owner, "season": one.season, "twizzit_id": one.twizzit_id, "local_id": one.local_id, **values}
        for one, values in rows
        if one.id is None
    ]
    for columns in {tuple(values) for values in made}:
        alike = [values for values in made if tuple(values) == columns]
        for start in range(0, len(alike), _AT_ONCE):
            connection.execute(insert(tables.departures).values(alike[start : start + _AT_ONCE]))
    for one, values in rows:
        if one.id is not None:
            connection.execute(update(tables.departures).where(tables.departures.c.id == one.id).values(values))
    _end_succeeded(connection, plan, journal.credential_id, now)
    closing = [one for one in plan.departures if one.closes is not None]
    if closing:
        _close(connection, tables.MAPPINGS[plan.entity], closing, journal)


def _end_succeeded(connection: Connection, plan: Plan, credential_id: int, now: datetime) -> None:
    """A team that is listed under another id has not left."""
    earlier = [str(one.mapping_before[REMOTE_ID]) for one in plan.changes if REMOTE_ID in one.mapping_before]
    if earlier:
        row = tables.departures.c
        of_plan = (row.credential_id == credential_id) & (row.entity == plan.entity) & row.returned_at.is_(None)
        ended = {"status": "returned", "returned_at": now}
        connection.execute(update(tables.departures).where(of_plan, among(row.twizzit_id, earlier)).values(ended))


def _values(one: Record, now: datetime) -> dict[str, Any]:
    moments = {
        "proved_at": one.proved,
        "applied_at": one.applied,
        "closed_at": one.closes is not None,
        "returned_at": one.returned,
    }
    return {"kind": one.kind, "status": one.status, **{name: now for name, is_now in moments.items() if is_now}}


def _before(one: Record) -> dict[str, Any]:
    """What the row keeps for the way back."""
    found = {"before": one.before, "base": one.base}
    return {name: dict(value) for name, value in found.items() if value is not None}


def _close(connection: Connection, table: Table, closing: Sequence[Record], journal: Journal) -> None:
    closes = {one.closes: one for one in closing}
    whole = sa.cast(func.to_jsonb(sa.literal_column(table.name)), JSONB)
    found = connection.execute(select(table.c.id, whole).where(among(table.c.id, list(closes)))).all()
    connection.execute(
        insert(tables.sync_changes),
        [
            {
                "history_id": journal.history_id,
                "credential_id": journal.credential_id,
                "table_name": table.name,
                "row_id": mapping_id,
                "twizzit_id": closes[mapping_id].twizzit_id,
                "action": _DEPART,
                "before": row,
            }
            for mapping_id, row in found
        ],
    )
    for mapping_id, row in found:
        kept = update(tables.departures).where(tables.departures.c.id == closes[mapping_id].id)
        connection.execute(kept.values(mapping=row))
    connection.execute(delete(table).where(among(table.c.id, list(closes))))
