"""Dagster's tables in PostgreSQL, by connections that are kept; `dagster.yaml` names the class.

What belongs here: how Dagster's storages hold connections and what they need not ask twice, nothing of what they store.
Outside its webserver, Dagster opens a new one for each statement: ten a second where nothing happens at all, and
hundreds for a run.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from dagster import EventLogEntry
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage, PostgresRunStorage
from dagster_postgres.utils import (
    create_pg_engine,
    get_token_provider_from_config,
    pg_url_from_config,
    retry_pg_connection_fn,
)
from sqlalchemy import Engine, inspect

from twizzit_pipeline.orchestration.dagster_private import ConfigurableClassData, PostgresStorageConfig
from twizzit_pipeline.orchestration.run.in_words import in_words
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.rested import try_the_rested

if TYPE_CHECKING:
    from dagster_postgres.auth import PgTokenProvider

_KEPT_CONNECTIONS = 2
_MORE_CONNECTIONS = 10  # while that many threads need one
_RECYCLE_SECONDS = 3600
# By these tables Dagster's three storages find out whether theirs exist, each by a connection of its own.
_LOOKED_FOR = frozenset({"runs", "instance_info", "event_logs", "jobs"})


class KeptPostgresStorage(DagsterPostgresStorage):
    """Dagster's storage in PostgreSQL, whose three parts share one pool, emptied when the instance is disposed of.

    A connection that rested is tried before it is used again: a server that was started anew in between is not
    noticed. A webserver replaces the pool by those of its own.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        token_provider: "PgTokenProvider | None" = None,
    ) -> None:
        """As Dagster's own, which makes the tables that are missing."""
        engine = try_the_rested(
            create_pg_engine(
                postgres_url,
                token_provider,
                isolation_level="AUTOCOMMIT",
                pool_size=_KEPT_CONNECTIONS,
                max_overflow=_MORE_CONNECTIONS,
                pool_recycle=_RECYCLE_SECONDS,
            )
        )
        missing = should_autocreate_tables and not _are_there(engine)
        super().__init__(postgres_url, missing, inst_data, token_provider)
        self._run_storage = _PoolClosingRuns(
            postgres_url, should_autocreate_tables=False, token_provider=token_provider
        )
        self._event_log_storage = _Events(postgres_url, should_autocreate_tables=False, token_provider=token_provider)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = engine  # Dagster's storages take no engine

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptPostgresStorage":
        """As `dagster.yaml` has it."""
        return cls(
            postgres_url=pg_url_from_config(cast("PostgresStorageConfig", config_value)),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            inst_data=inst_data,
            token_provider=get_token_provider_from_config(config_value),
        )


def _are_there(engine: Engine) -> bool:
    return _LOOKED_FOR.issubset(retry_pg_connection_fn(lambda: inspect(engine).get_table_names()))


class _PoolClosingRuns(PostgresRunStorage):
    """Dagster's run storage, closing the pool: the instance disposes of it and of the events', not of the third."""

    _engine: Engine

    def dispose(self) -> None:
        super().dispose()
        self._engine.dispose()


class _Events(PostgresEventLogStorage):
    """Caches the tables that it found: Dagster looks one up twice for each check that it records."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._found: set[str] = set()

    def has_table(self, table_name: str) -> bool:
        if table_name not in self._found and super().has_table(table_name):
            self._found.add(table_name)
        return table_name in self._found

    def store_event(self, event: EventLogEntry) -> None:
        """As Dagster's own; an error of the database is one line, since Dagster prints it as it is, event and all."""
        with driver_errors():
            super().store_event(in_words(event))
