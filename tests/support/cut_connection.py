"""A connection that the server cuts just before a statement, or after a COMMIT, as a restart or a failover does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
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


@contextmanager
def commit_unanswered(world: SyncWorld, beginning: str) -> Iterator[None]:
    """The first transaction with a statement that begins so is committed, and its answer does not arrive."""
    engine = world.database.engine
    commit: Any = engine.dialect.do_commit
    meant: list[object] = []
    lost: list[object] = []

    def come(connection: Connection, _cursor: object, statement: str, *_more: Any) -> None:
        if not meant and statement.startswith(beginning):
            meant.append(connection.connection.driver_connection)

    def unanswered(connection: Any) -> None:
        commit(connection)
        if not lost and getattr(connection, "driver_connection", connection) in meant:
            lost.append(connection)
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    event.listen(engine, "before_cursor_execute", come)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine.dialect, "do_commit", unanswered)
            yield
    finally:
        event.remove(engine, "before_cursor_execute", come)
    assert lost, "no such transaction came"
