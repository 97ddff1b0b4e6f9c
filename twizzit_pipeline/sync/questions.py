"""The questions of a plan into `twizzit_conflicts`, in the transaction that applies it; without any nothing is written.

A question about the same row and column takes the place of the one that waits.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, case, func, or_, update
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.plan import Plan
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.tables import conflicts

_KEY = ("credential_id", "entity", "twizzit_id", "column_name")
_AGAIN = ("kind", "local_id", "base", "local", "remote", "candidates", "history_id")
_BATCH = 1000


def write_questions(
    connection: Connection, plan: Plan, made: Mapping[tuple[str, int], int], *, credential_id: int, history_id: int
) -> None:
    """Settles what is no question any more, and asks what is new.

    Args:
        made: table and the plan's id of each row that was made → its real id.
    """
    if plan.settled:
        row = conflicts.c
        over = {"status": "settled", "resolved_at": func.now()}
        connection.execute(
            update(conflicts).where(among(row.id, list(plan.settled)), row.status == "open").values(over)
        )
    rows = [
        {
            "credential_id": credential_id,
            "entity": plan.entity,
            "twizzit_id": one.twizzit_id,
            "kind": one.kind,
            "column_name": one.column,
            "local_id": None if one.local_id is None else made.get((plan.table, one.local_id), one.local_id),
            "base": one.base,
            "local": one.local,
            "remote": one.remote,
            "candidates": list(one.candidates) or None,
            "history_id": history_id,
        }
        for one in plan.questions
    ]
    for start in range(0, len(rows), _BATCH):
        _ask(connection, rows[start : start + _BATCH])


def _ask(connection: Connection, rows: list[dict[str, object]]) -> None:
    asked = insert(conflicts).values(rows)
    said = asked.excluded
    differing = (conflicts.c[name].is_distinct_from(said[name]) for name in ("remote", "candidates", "local_id"))
    is_new = or_(*differing)
    connection.execute(
        asked.on_conflict_do_update(
            index_elements=_KEY,
            index_where=conflicts.c.status == "open",
            set_={
                **{name: said[name] for name in _AGAIN},
                "found_at": case((is_new, func.now()), else_=conflicts.c.found_at),
            },
        )
    )
