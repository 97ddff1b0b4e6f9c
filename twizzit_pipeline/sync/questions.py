"""The questions of a plan into `twizzit_conflicts`, in the transaction that applies it; without any nothing is written.

A question about the same row and column takes the place of the one that waits, and what that one said stands in the
journal. So does a conflict that is settled: the mapping remembers what Twizzit says already, so that an undo must ask
once more for a later sync to see it. A question that is new is in no journal: an undo of the sync that asked closes it.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, case, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from twizzit_pipeline.plan import Plan, SettledBy
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.tables import conflicts, sync_changes

SETTLE, ASK = "settle", "ask"  # the actions of the journal's entries
_KEY = ("credential_id", "entity", "twizzit_id", "column_name")
_AGAIN = ("kind", "local_id", "base", "local", "remote", "candidates", "history_id")
_ANSWER = ("resolution", "value", "resolved_at", "resolved_by")
_BATCH = 1000


def write_questions(
    connection: Connection, plan: Plan, made: Mapping[tuple[str, int], int], *, credential_id: int, history_id: int
) -> None:
    """Settles what is no question any more, and asks what is new.

    Args:
        made: table and the plan's id of each row that was made → its real id.
    """
    by_reason: dict[SettledBy, list[int]] = {}
    for question_id, why in plan.settled.items():
        by_reason.setdefault(why, []).append(question_id)
    for why, ids in by_reason.items():
        _settle(connection, why, ids, credential_id=credential_id, history_id=history_id)
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
        _ask(connection, rows[start : start + _BATCH], credential_id=credential_id, history_id=history_id)


def _settle(connection: Connection, why: SettledBy, ids: list[int], *, credential_id: int, history_id: int) -> None:
    row, whole = conflicts.c, func.to_jsonb(conflicts.table_valued(), type_=JSONB)
    settled = (
        update(conflicts)
        .where(among(row.id, ids), row.status == "open")
        .values(status="settled", resolution=why, resolved_at=func.now(), resolved_by=f"sync {history_id}")
        .returning(
            row.id,
            row.kind,
            row.local_id,
            row.twizzit_id,
            whole.label("now"),
        )
    )
    entries = [
        {
            "history_id": history_id,
            "credential_id": credential_id,
            "table_name": conflicts.name,
            "row_id": one.id,
            "twizzit_id": one.twizzit_id,
            "action": SETTLE,
            "before": {"status": "open", **dict.fromkeys(_ANSWER)},
            "after": _of_answer(one.now),
        }
        for one in connection.execute(settled).all()
        if one.kind == "field" or one.local_id is not None
    ]
    for start in range(0, len(entries), _BATCH):
        connection.execute(insert(sync_changes), entries[start : start + _BATCH])


def _of_answer(row: Mapping[str, object]) -> dict[str, object]:
    return {name: row[name] for name in ("status", *_ANSWER)}


def _ask(connection: Connection, rows: list[dict[str, object]], *, credential_id: int, history_id: int) -> None:
    before = _waiting(connection, rows, credential_id)
    asked = upsert(conflicts).values(rows)
    said = asked.excluded
    differing = (conflicts.c[name].is_distinct_from(said[name]) for name in ("remote", "candidates", "local_id"))
    is_new = or_(*differing)
    connection.execute(
        asked.on_conflict_do_update(
            index_elements=_KEY,
            # Written out: by a plan for any value the server cannot say that the index is meant.
            index_where=text("status = 'open'"),
            set_={
                **{name: said[name] for name in _AGAIN},
                "found_at": case((is_new, func.now()), else_=conflicts.c.found_at),
            },
        )
    )
    after = _waiting(connection, rows, credential_id) if before else {}
    entries = []
    for question_id, was in before.items():
        now = after[question_id]
        changed = [name for name in (*_AGAIN, "found_at") if was[name] != now[name]]
        entries.append(
            {
                "history_id": history_id,
                "credential_id": credential_id,
                "table_name": conflicts.name,
                "row_id": question_id,
                "twizzit_id": was["twizzit_id"],
                "action": ASK,
                "before": {name: was[name] for name in changed},
                "after": {name: now[name] for name in changed},
            }
        )
    if entries:
        connection.execute(insert(sync_changes), entries)


def _waiting(
    connection: Connection, rows: list[dict[str, object]], credential_id: int
) -> dict[int, Mapping[str, object]]:
    """The questions about the same that are open, whole, by their ids."""
    row, whole = conflicts.c, func.to_jsonb(conflicts.table_valued(), type_=JSONB)
    wanted = select(row.id, row.twizzit_id, row.column_name, whole).where(
        row.credential_id == credential_id,
        row.entity == rows[0]["entity"],
        row.status == "open",
        among(row.twizzit_id, [str(one["twizzit_id"]) for one in rows]),
    )
    asked = {(one["twizzit_id"], one["column_name"]) for one in rows}
    return {found[0]: found[3] for found in connection.execute(wanted) if (found[1], found[2]) in asked}
