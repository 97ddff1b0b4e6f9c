"""The heartbeat of the orchestrator: without one, no process makes runs of requests."""

import platform
from datetime import datetime, timedelta

from sqlalchemy import CTE, Connection, Engine, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import orchestrators

DEAD_AFTER_SECONDS = 60
_FORGOTTEN_AFTER = timedelta(days=1)
_NOW = func.clock_timestamp()


def signs_of_life(name: str | None = None) -> tuple[CTE, CTE]:
    """What says that an orchestrator is alive at this moment: parts of a statement that writes more.

    Args:
        name: which one; by default the machine's name. Those silent for a day are forgotten, and those that lie ahead.
    """
    mine = name or platform.node() or "orchestrator"
    alive = insert(orchestrators).values(name=mine, heartbeat_at=_NOW)
    # One that lies ahead is of before the clock was put back: who lives gives another within seconds.
    ahead = _NOW + timedelta(seconds=DEAD_AFTER_SECONDS)
    silent = ~orchestrators.c.heartbeat_at.between(_NOW - _FORGOTTEN_AFTER, ahead)
    return (
        alive.on_conflict_do_update(index_elements=["name"], set_={"heartbeat_at": _NOW})
        .returning(orchestrators.c.name)
        .cte("alive"),
        # A statement may write a row once.
        delete(orchestrators).where(silent, orchestrators.c.name != mine).returning(orchestrators.c.name).cte("silent"),
    )


def is_alive(connection: Connection) -> bool:
    """Whether some orchestrator gave a sign of life within the last minute, by the database's clock.

    One that lies ahead is of before that clock was put back, and says nothing.
    """
    lately = timedelta(seconds=DEAD_AFTER_SECONDS)
    recent = orchestrators.c.heartbeat_at.between(_NOW - lately, _NOW + lately)
    return connection.execute(select(orchestrators.c.name).where(recent).limit(1)).first() is not None


def seen(engine: Engine) -> tuple[datetime, timedelta] | None:
    """When the last sign of life was, and how long ago by the database's clock; None where there never was one.

    The clock of a machine that asks may be another: ten minutes ahead, every orchestrator would be dead to it.
    """
    newest = func.max(orchestrators.c.heartbeat_at)
    with driver_errors(), engine.connect() as connection:
        at, age = connection.execute(select(newest, _NOW - newest)).one()
    return None if at is None else (at, age)


def last(engine: Engine) -> datetime | None:
    """The last sign of life of any orchestrator; None where there never was one."""
    with driver_errors(), engine.connect() as connection:
        found: datetime | None = connection.scalar(select(func.max(orchestrators.c.heartbeat_at)))
    return found
