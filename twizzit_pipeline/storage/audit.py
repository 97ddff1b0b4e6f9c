"""The audit log: who changed what, and when. Rows are added and read, never changed.

What belongs here: the rows of `twizzit_audit_log` and who may stand in them. What is worth a row is decided by
the use case, which writes it in the transaction of the change itself. Never a secret, never a player's name: `details`
holds ids, counts and names of fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, func, insert, select, text

from twizzit_pipeline.errors import DatabaseRefused, DatabaseUnavailable
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import audit_log

_THERE = text("SELECT to_regclass('twizzit_audit_log') IS NOT NULL")

ActorKind = Literal["token", "os", "trigger"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something.

    Attributes:
        kind: "token" (a user of the HTTP API), "os" (a user of the command line) or "trigger" (the database itself saw
            a change that was made past this project).
        id: the token's `userId`, the operating system's user, or the database's user.
        role: the token's role; None for the others.
    """

    kind: ActorKind
    id: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A row of the log; `at` carries its zone."""

    id: int
    at: datetime
    actor: Actor
    action: str
    target: str
    target_id: str | None
    details: dict[str, Any]


def this_user() -> Actor:
    """The operating system's user that this process runs as, by name, or by number where it has none."""
    import psutil  # noqa: PLC0415  (a command that changes nothing needs none)

    return Actor("os", psutil.Process().username())


def record(
    connection: Connection,
    actor: Actor,
    *,
    action: str,
    target: str,
    target_id: str | None,
    details: Mapping[str, object] | None = None,
) -> None:
    """Leave a row in the transaction of the change that it records.

    Args:
        action: what was done, a verb in snake_case ("add", "rotate_key").
        target: what it was done to ("credential", "config", "sync").
        target_id: which one; None where it concerns them all.
        details: plain JSON values; a secret type has no JSON form and is refused.
    """
    connection.execute(
        insert(audit_log).values(
            at=func.clock_timestamp(),  # of the change: its transaction may have begun long before, and waited
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_role=actor.role,
            action=action,
            target=target,
            target_id=target_id,
            details=dict(details or {}),
        )
    )


def record_once(
    connection: Connection, actor: Actor, *, action: str, target: str, target_id: str, details: Mapping[str, object]
) -> bool:
    """`record` for what may be done once: False, and no row, where the log has it already, also of two at once."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{action} {target} {target_id}", 0))))
    same = (audit_log.c.action == action, audit_log.c.target == target, audit_log.c.target_id == target_id)
    if connection.scalar(select(audit_log.c.id).where(*same).limit(1)) is not None:
        return False
    record(connection, actor, action=action, target=target, target_id=target_id, details=details)
    return True


def record_if_there(
    connection: Connection, actor: Actor | None, *, action: str, target: str, details: Mapping[str, object]
) -> None:
    """`record` for what is done to the database itself, which may be too old to have a log; no row without an actor."""
    if actor is not None and connection.scalar(_THERE):
        record(connection, actor, action=action, target=target, target_id=None, details=details)


def leaves_its_own_row(connection: Connection) -> None:
    """Say, before a credential is changed, that this transaction records the change itself.

    Without that, the trigger on the table takes it for a change past this project and leaves a row of its own.
    """
    connection.execute(text("SET LOCAL twizzit.actor = 'twizzit-pipeline'"))


def record_beside(
    engine: Engine, actor: Actor, *, action: str, target: str, details: Mapping[str, object]
) -> str | None:
    """Leave a row of something that changes nothing here: taking data out, a token.

    Where the log cannot be written, what it would record can be done all the same: a standby can be dumped.

    Returns:
        None, or why there is no row.
    """
    try:
        with driver_errors(), engine.begin() as connection:
            if not connection.scalar(_THERE):
                return "the database has no audit log yet"
            record(connection, actor, action=action, target=target, target_id=None, details=details)
    except (DatabaseRefused, DatabaseUnavailable) as error:
        return " ".join(str(error).split())
    return None


def recent(engine: Engine, *, limit: int = 50, offset: int = 0) -> list[AuditRow]:
    """The rows, newest first.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    statement = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit).offset(offset)
    with driver_errors(), engine.connect() as connection:
        return [
            AuditRow(
                id=row.id,
                at=row.at,
                actor=Actor(row.actor_kind, row.actor_id, row.actor_role),
                action=row.action,
                target=row.target,
                target_id=row.target_id,
                details=row.details,
            )
            for row in connection.execute(statement)
        ]


def count(engine: Engine) -> int:
    """How many rows there are."""
    with driver_errors(), engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(audit_log)).scalar_one()
