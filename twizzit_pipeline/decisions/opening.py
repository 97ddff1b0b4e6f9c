"""One decision: a transaction in which no sync of the organization works, with a history and an audit row of its own.

The lease is taken and given back within the transaction, so that it is never seen: a sync that wants it waits for the
moment that this takes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.decisions.listing import is_as_shown
from twizzit_pipeline.errors import AlreadyDecided, ConflictRefused, NotAsShown, UnknownConflict
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.alone import alone
from twizzit_pipeline.runs.lease import lease_keys
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.roles import require_sight
from twizzit_pipeline.storage.tables import conflicts, sync_changes
from twizzit_pipeline.sync.rewrites import rewrites

RESOLVE = "resolve"  # the action of the journal's entries
_LARGEST_ID = 2**63 - 1
_DECIDED = ("status", "resolution", "value", "resolved_at", "resolved_by")
_Made = TypeVar("_Made")
_ANSWERS: Mapping[str, str] = {
    "twizzit": "Twizzit's value was taken",
    "shotspot": "ShotSpot's value was kept",
    "value": "another value was given",
    "link": "one of the rows was chosen",
    "create": "it is none of the rows that it could be",
    "settled": "no question is left, without a person's answer",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a decision is not carried out; `found` are columns of the conflict's row that turned out otherwise."""

    message: str
    found: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deciding:
    """A decision under way: its connection, the conflict's row, and the history row that it is recorded in."""

    connection: Connection
    credential: Credential
    row: Any
    history_id: int
    actor: Actor

    def journal(
        self,
        table_name: str,
        row_id: int,
        before: Mapping[str, object],
        after: Mapping[str, object],
        twizzit_id: str | None = None,
    ) -> None:
        """Writes down what a row was and became; plain JSON values."""
        self.connection.execute(
            insert(sync_changes).values(
                history_id=self.history_id,
                credential_id=self.credential.id,
                table_name=table_name,
                row_id=row_id,
                twizzit_id=twizzit_id or self.row.twizzit_id,
                action=RESOLVE,
                before=dict(before),
                after=dict(after),
            )
        )

    def remove(self, table: Table, row_id: int, twizzit_id: str) -> None:
        """Deletes a row, and writes down the whole of it."""
        whole = select(func.to_jsonb(table.table_valued(), type_=JSONB)).where(table.c.id == row_id)
        entry = insert(sync_changes).values(
            history_id=self.history_id,
            credential_id=self.credential.id,
            table_name=table.name,
            row_id=row_id,
            twizzit_id=twizzit_id,
            action=RESOLVE,
            before=self.connection.scalars(whole).one(),
        )
        self.connection.execute(entry)
        self.connection.execute(delete(table).where(table.c.id == row_id))

    def resolve(self, resolution: str, value: object) -> None:
        """Closes the conflict, and journals that: an undo of the decision asks the question again."""
        before = self._decided()
        self.connection.execute(
            update(conflicts)
            .where(conflicts.c.id == self.row.id)
            .values(
                status="resolved",
                resolution=resolution,
                value=value,
                resolved_at=func.now(),
                resolved_by=f"{self.actor.kind} {self.actor.id}"[:255],
            )
        )
        self.journal(conflicts.name, self.row.id, before, self._decided())

    def _decided(self) -> dict[str, object]:
        whole = func.to_jsonb(conflicts.table_valued(), type_=JSONB)
        row = self.connection.scalars(select(whole).where(conflicts.c.id == self.row.id)).one()
        return {name: row[name] for name in _DECIDED}


def decide(
    engine: Engine,
    conflict_id: int,
    work: Callable[[Deciding], _Made | Refusal],
    *,
    actor: Actor,
    details: Mapping[str, object],
    shown: str | None = None,
) -> tuple[_Made, int]:
    """Carries out a decision; what `work` made, and the id of its history row.

    Args:
        work: does everything; of a refusal stays what it found out about the conflict itself.
        details: of the row in the audit log, without names.
        shown: the mark of what the person looked at (`Waiting.mark`); None where that is not known.

    Raises:
        UnknownConflict: there is no such conflict.
        AlreadyDecided: it is not open any more.
        ConflictRefused: `work` refuses.
        NotAsShown: it says something else by now than what was looked at.
        SyncInProgress: a sync of the organization is under way.
        DatabaseRefused: row-level security hides rows.
    """
    with driver_errors():
        credential = store.get(engine, credential_of(engine, conflict_id))
        for attempt in rewrites(engine):
            with attempt, alone(engine, lease_keys(credential), credential_id=credential.id) as connection:
                require_sight(connection)
                made, history_id = _carry_out(connection, credential, conflict_id, work, actor, details, shown)
    if isinstance(made, Refusal):
        raise ConflictRefused(made.message)
    return made, history_id


def credential_of(engine: Engine, conflict_id: int) -> int:
    """Whose conflict it is.

    Raises:
        UnknownConflict: there is no such conflict.
    """
    wanted = select(conflicts.c.credential_id).where(conflicts.c.id == conflict_id)
    with driver_errors(), engine.connect() as connection:
        found = connection.scalar(wanted) if 0 < conflict_id <= _LARGEST_ID else None
    if found is None:
        raise UnknownConflict(f"There is no conflict {conflict_id}; see those that wait: twizzit conflicts")
    return int(found)


def _already(row: Any) -> AlreadyDecided:
    """What the one who comes second is shown: how it was answered, and when. Values and people stay out of it."""
    answer = row.resolution if row.status == "resolved" else "settled"
    when = "" if row.resolved_at is None else f"{row.resolved_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: "
    message = (
        f"Conflict {row.id} is {row.status} already ({when}{_ANSWERS.get(answer, answer)}): there is nothing to decide"
        " any more; see what became of it: twizzit conflicts --over"
    )
    return AlreadyDecided(message, answer, row.resolved_at)


def _carry_out(
    connection: Connection,
    credential: Credential,
    conflict_id: int,
    work: Callable[[Deciding], _Made | Refusal],
    actor: Actor,
    details: Mapping[str, object],
    shown: str | None,
) -> tuple[_Made | Refusal, int]:
    row = connection.execute(select(conflicts).where(conflicts.c.id == conflict_id).with_for_update()).one_or_none()
    if row is None:
        raise UnknownConflict(f"There is no conflict {conflict_id} any more; see those that wait: twizzit conflicts")
    if row.status != "open":
        raise _already(row)
    if shown is not None and not is_as_shown(connection, conflict_id, shown):
        raise NotAsShown(
            "Another value, or another row that it may be, is there by now: look at the conflict again, then decide"
        )
    undoable = connection.begin_nested()
    history_id = history.record_decision(connection, credential_id=credential.id, entity=row.entity, of=conflict_id)
    made = work(Deciding(connection, credential, row, history_id, actor))
    if isinstance(made, Refusal):
        undoable.rollback()
        if made.found:
            connection.execute(update(conflicts).where(conflicts.c.id == conflict_id).values(**made.found))
        return made, history_id
    undoable.commit()
    audit.record(
        connection,
        actor,
        action="resolve",
        target="conflict",
        target_id=str(conflict_id),
        details={"credential_id": credential.id, "entity": row.entity, "history_id": history_id, **details},
    )
    return made, history_id
