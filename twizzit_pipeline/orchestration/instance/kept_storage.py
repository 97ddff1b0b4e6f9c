"""Dagster's tables in PostgreSQL, by connections that are kept; `dagster.yaml` names the class.

What belongs here: how Dagster's storages hold connections; which statements they send is in `kept_events`.
Outside its webserver, Dagster opens a new one for each statement: ten a second where nothing happens at all, and
hundreds for a run.
"""

import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, cast

from dagster_postgres import DagsterPostgresStorage, PostgresRunStorage, PostgresScheduleStorage
from dagster_postgres.utils import (
    create_pg_engine,
    get_token_provider_from_config,
    pg_url_from_config,
    retry_pg_connection_fn,
)
from sqlalchemy import Engine, inspect, make_url

from twizzit_pipeline.orchestration.dagster_private import (
    ConfigurableClassData,
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    PostgresStorageConfig,
    SensorInstigatorData,
)
from twizzit_pipeline.orchestration.instance.kept_events import KeptEvents, columns_of
from twizzit_pipeline.storage.given_up import giving_up
from twizzit_pipeline.storage.idle_connections import try_idle_connections

if TYPE_CHECKING:
    from dagster_postgres.auth import PgTokenProvider

_KEPT_CONNECTIONS = 2
_MORE_CONNECTIONS = 10  # while that many threads need one
_RECYCLE_SECONDS = 3600
_CLOCKS_APART_SECONDS = 5
# By these tables Dagster's three storages find out whether theirs exist, each by a connection of its own.
_LOOKED_FOR = frozenset({"runs", "instance_info", "event_logs", "jobs"})


class KeptPostgresStorage(DagsterPostgresStorage):
    """Dagster's storage in PostgreSQL, whose three parts share one pool, emptied when the instance is disposed of.

    A connection that was idle is tried before it is used again: a server that was started anew in between is not
    noticed. A webserver replaces the pool by three of its own, whose connections are tried likewise.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        token_provider: "PgTokenProvider | None" = None,
    ) -> None:
        """As Dagster's own, which makes the tables that are missing.

        Each end gives up a connection whose other end is gone without a word, where this URL comes from a person, too.
        """
        postgres_url = giving_up(make_url(postgres_url)).render_as_string(hide_password=False)
        engine = try_idle_connections(
            create_pg_engine(
                postgres_url,
                token_provider,
                isolation_level="AUTOCOMMIT",
                pool_size=_KEPT_CONNECTIONS,
                max_overflow=_MORE_CONNECTIONS,
                pool_recycle=_RECYCLE_SECONDS,
            )
        )
        tables = retry_pg_connection_fn(lambda: inspect(engine).get_table_names())
        missing = should_autocreate_tables and not _LOOKED_FOR.issubset(tables)
        super().__init__(postgres_url, missing, inst_data, token_provider)
        self._run_storage = _PoolClosingRuns(
            postgres_url, should_autocreate_tables=False, token_provider=token_provider
        )
        self._event_log_storage = _Events(postgres_url, should_autocreate_tables=False, token_provider=token_provider)
        self._schedule_storage = _Schedules(postgres_url, should_autocreate_tables=False, token_provider=token_provider)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = engine  # Dagster's storages take no engine
        self._event_log_storage.note_tables(tables)

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


class _TriedInTheWebserver:
    """Part of a storage: the pool that it gets in a webserver has its connections tried as well."""

    _engine: Engine

    def optimize_for_webserver(self, statement_timeout: int, pool_recycle: int, max_overflow: int) -> None:
        super().optimize_for_webserver(statement_timeout, pool_recycle, max_overflow)  # type: ignore[misc]
        try_idle_connections(self._engine)


class _PoolClosingRuns(_TriedInTheWebserver, PostgresRunStorage):
    """Dagster's run storage, closing the pool: the instance disposes of it and of the events', not of the third.

    Columns that were there once are not looked for again.
    """

    _engine: Engine
    _columns: Collection[str] = ()

    def has_backfill_id_column(self) -> bool:
        return self._have("backfill_id")

    def has_run_stats_index_cols(self) -> bool:
        return self._have("start_time", "end_time")

    def _have(self, *names: str) -> bool:
        if not set(names).issubset(self._columns):
            with self.connect() as connection:
                self._columns = columns_of(connection, "runs")
        return set(names).issubset(self._columns)

    def has_execution_plan_snapshot(self, execution_plan_snapshot_id: str) -> bool:
        """As Dagster's own, which reads the whole snapshot for it; those of jobs are in the same table."""
        return self.has_job_snapshot(execution_plan_snapshot_id)

    def dispose(self) -> None:
        super().dispose()
        self._engine.dispose()


class _Schedules(_TriedInTheWebserver, PostgresScheduleStorage):
    """Dagster's storage of ticks.

    A sensor ticks once its interval has passed since its last tick. Where the clock has been put back, that one lies
    ahead, and no sensor would tick until the clock is there again, however often the daemon is started: it counts as
    none.
    """

    def all_instigator_state(
        self,
        repository_origin_id: str | None = None,
        repository_selector_id: str | None = None,
        instigator_type: InstigatorType | None = None,
        instigator_statuses: set[InstigatorStatus] | None = None,
    ) -> list[InstigatorState]:
        found = super().all_instigator_state(
            repository_origin_id, repository_selector_id, instigator_type, instigator_statuses
        )
        return [without_a_tick_ahead(state, time.time()) for state in found]

    def get_instigator_state(self, origin_id: str, selector_id: str) -> InstigatorState | None:
        found = super().get_instigator_state(origin_id, selector_id)
        return None if found is None else without_a_tick_ahead(found, time.time())


class _Events(_TriedInTheWebserver, KeptEvents):
    """Dagster's storage of events, as `kept_events` has it."""


def without_a_tick_ahead(state: InstigatorState, now: float) -> InstigatorState:
    """The state of a sensor or a schedule, without the times of a sensor's tick that began after `now`."""
    data = state.instigator_data
    if not isinstance(data, SensorInstigatorData):
        return state
    if max(data.last_tick_timestamp or 0, data.last_tick_start_timestamp or 0) <= now + _CLOCKS_APART_SECONDS:
        return state
    return state.with_data(data._replace(last_tick_timestamp=None, last_tick_start_timestamp=None))
