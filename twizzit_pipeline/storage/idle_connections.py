"""Connections of a pool that may be dead.

What belongs here: when a connection is tried before it is used again.
"""

import select
from time import monotonic
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

IDLE_SECONDS = 1.0
_LAST_USED = "last_used"


def try_idle_connections(engine: Engine) -> Engine:
    """Has a connection tried before use if it was idle for a second, or the server said something meanwhile.

    One that is dead empties the pool, and the caller gets a new one. SQLAlchemy's own `pool_pre_ping` tries a
    connection each time, which is every second statement of a run: Dagster takes one for each of the hundred
    events that it records. A server that goes says so to all its connections, which asks for no round trip to hear; a
    network that goes says nothing, and is found out once a connection has been idle for a second.
    """

    @event.listens_for(engine, "connect")
    @event.listens_for(engine, "checkin")
    def used(_connection: Any, record: Any) -> None:
        record.info[_LAST_USED] = monotonic()

    @event.listens_for(engine, "checkout")
    def tried(connection: Any, record: Any, _proxy: Any) -> None:
        try:
            if monotonic() - record.info[_LAST_USED] >= IDLE_SECONDS or _has_unread_messages(connection):
                engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    return engine


def _has_unread_messages(connection: Any) -> bool:
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
