"""The sign of life of whoever turns requests into runs: without one, asking would be waiting for nobody."""

import platform
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import orchestrators

DEAD_AFTER_SECONDS = 60
_FORGOTTEN_AFTER = timedelta(days=1)
_NOW = func.clock_timestamp()


def beat(engine: Engine, name: str | None = None) -> None:
    """An orchestrator is alive, at this moment.

    Args:
        name: which one; by default the machine's name. Those silent for a day are forgotten.
    """
    alive = insert(orchestrators).values(name=name or platform.node() or "orchestrator", heartbeat_at=_NOW)
    with driver_errors(), engine.begin() as connection:
        connection.execute(alive.on_conflict_do_update(index_elements=["name"], set_={"heartbeat_at": _NOW}))
        connection.execute(delete(orchestrators).where(orchestrators.c.heartbeat_at < _NOW - _FORGOTTEN_AFTER))


def is_alive(connection: Connection) -> bool:
    """Whether some orchestrator gave a sign of life within the last minute, by the database's clock."""
    recent = orchestrators.c.heartbeat_at > _NOW - timedelta(seconds=DEAD_AFTER_SECONDS)
    return connection.execute(select(orchestrators.c.name).where(recent).limit(1)).first() is not None


def last(engine: Engine) -> datetime | None:
    """The last sign of life of any orchestrator; None where there never was one."""
    with driver_errors(), engine.connect() as connection:
        found: datetime | None = connection.scalar(select(func.max(orchestrators.c.heartbeat_at)))
    return found
