"""A connection that the server cuts just before a statement, as a restart or a failover does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from tests.support.sync_world import SyncWorld


@contextmanager
def cut_before(world: SyncWorld, beginning: str) -> Iterator[None]:
    """The first statement that begins so finds its connection cut; it must come."""
    cut: list[int] = []

    def come(connection: Connection, _cursor: object, statement: str, *_more: Any) -> None:
        if cut or not statement.startswith(beginning):
            return
        driver: Any = connection.connection.driver_connection
        cut.append(driver.info.backend_pid)
        with world.connected() as another:
            another.execute("SELECT pg_terminate_backend(%s, 60000)", cut)

    event.listen(world.database.engine, "before_cursor_execute", come)
    try:
        yield
    finally:
        event.remove(world.database.engine, "before_cursor_execute", come)
    assert cut, "no such statement came"
