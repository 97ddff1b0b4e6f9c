"""Statements that SQLAlchemy compiles once for all engines of a test session, not once for each test's own.

Its cache belongs to an engine, and a key of it to a dialect: each test has a database, and so both, of its own.
"""

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.util import LRUCache

_STATEMENTS = 5000


def _asks_nothing(connection: Connection) -> None:
    """Of a dialect that is not used: which server this is, was asked for the one that is."""


def share_compiled_statements(patch: pytest.MonkeyPatch) -> None:
    """Has each engine that is made from now on take the dialect of an earlier one of its kind, and the one cache.

    Only one that has met the server, whose version it then has: all engines of a session meet the same server.
    """
    met: dict[tuple[object, ...], PGDialect] = {}
    cache: LRUCache[object, object] = LRUCache(_STATEMENTS)

    def engine_created(cls: type[PGDialect], engine: Engine) -> None:
        own = engine.dialect
        assert isinstance(own, PGDialect)
        # How a connection begins is the dialect's as well: Dagster's commit each statement by themselves.
        kind = (
            cls,
            own._json_serializer is None,
            own._json_deserializer is None,
            own.paramstyle,
            own._on_connect_isolation_level,
        )
        known = met.get(kind)
        if known is None or getattr(known, "server_version_info", None) is None:
            met[kind] = own
        else:
            engine.dialect = engine.pool._dialect = known
            own.initialize = _asks_nothing  # type: ignore[method-assign]
        engine._compiled_cache = cache  # type: ignore[assignment]

    patch.setattr(PGDialect, "engine_created", classmethod(engine_created))
