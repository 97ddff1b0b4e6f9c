"""Dagster's part in the tests of the sensor: its ticks, and the runs that they ask for, one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

import dagster as dg
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from tests.support.signs_of_life import beat
from tests.support.simulation import Simulation
from twizzit_pipeline.definitions import build_definitions
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.orchestration.sensors.syncs import sync_sensor
from twizzit_pipeline.scheduling import requests
from twizzit_pipeline.scheduling.requested import Request
from twizzit_pipeline.scheduling.schedule import Schedule
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database

# No test reads the console, on which Dagster repeats every event.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
COACH = Actor("token", "12", "coach")


@dataclass
class Orchestrator(Simulation):
    """Dagster's part, step by step: a tick of the sensor, then the runs that the daemon would have made."""

    instance: dg.DagsterInstance
    definitions: dg.Definitions
    cursor: str | None = None
    said: str | None = None

    def ask(self, credential_id: int, sync_type: str = "all", **changes: object) -> Request:
        asked: dict[str, Any] = {"sync_type": sync_type, "actor": COACH, "queue": True, **changes}
        return requests.ask(self.engine, credential_id, **asked).request

    def switch_on(self, credential_id: int, **columns: object) -> None:
        """Its automatic syncs, as a user of ShotSpot would in the table; times are `datetime` or SQL."""
        values = {"auto_sync_enabled": True, **columns}
        with self.engine.begin() as connection:
            made = insert(tables.sync_config).values(credential_id=credential_id, **values)
            connection.execute(made.on_conflict_do_update(index_elements=["credential_id"], set_=values))

    def has_synced(self, credential_id: int, seconds: float, *, ago: int = 60, status: str = "success") -> None:
        """Its last run, as the history has it: four rows, each open for so long."""
        began = func.timezone("utc", func.now() - timedelta(minutes=ago))
        row = {
            "credential_id": credential_id,
            "sync_direction": "import",
            "status": status,
            "started_at": began,
            "completed_at": began + timedelta(seconds=seconds),
            "dagster_run_id": f"before-{credential_id}-{ago}",
            "details": {"season": "2019-2020"},
        }
        with self.engine.begin() as connection:
            for sync_type in ("teams", "players", "competitions", "competitions"):
                connection.execute(insert(tables.sync_history).values(sync_type=sync_type, **row))

    def planned(self, credential_id: int) -> Schedule:
        """What its configuration says."""
        wanted = select(tables.sync_config).where(tables.sync_config.c.credential_id == credential_id)
        with self.engine.connect() as connection:
            return Schedule.of(dict(connection.execute(wanted).one()._mapping))

    def get(self, request: Request) -> Request:
        return requests.get(self.engine, request.id)

    def tick(self) -> list[dg.RunRequest]:
        """The runs that one tick asks for; the partitions that it asks for are there afterwards."""
        context = dg.build_sensor_context(
            instance=self.instance, definitions=self.definitions, cursor=self.cursor, sensor_name="sync_sensor"
        )
        result = sync_sensor(self.settings, self.database)(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor, self.said = result.cursor, getattr(result.skip_reason, "skip_message", None)
        for wanted in result.dynamic_partitions_requests or []:
            name, keys = wanted.partitions_def_name, wanted.partition_keys
            if isinstance(wanted, dg.AddDynamicPartitionsRequest):
                self.instance.add_dynamic_partitions(name, keys)
            else:
                for key in keys:
                    self.instance.delete_dynamic_partition(name, key)
        return list(result.run_requests or [])

    def run(self, wanted: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """What the daemon makes of one of them."""
        assert wanted.job_name is not None
        return self.definitions.resolve_job_def(wanted.job_name).execute_in_process(
            instance=self.instance,
            partition_key=wanted.partition_key,
            asset_selection=wanted.asset_selection,
            tags={**wanted.tags, "dagster/run_key": str(wanted.run_key)},
            run_config=QUIET,
            raise_on_error=False,
        )

    def waiting_run(
        self, wanted: dg.RunRequest, status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTING, **more: str
    ) -> str:
        """That run as it stands on its way, or in another status; `more` are tags of Dagster's own.

        Without the hundred events by which Dagster announces its checks: no test here reads them.
        """
        assert wanted.job_name is not None
        tags = {**wanted.tags, "dagster/run_key": str(wanted.run_key)}
        tags |= {f"dagster/{name}": value for name, value in more.items()}
        credential, season = str(wanted.partition_key).split("|")
        tags |= {"dagster/partition/credential": credential, "dagster/partition/season": season}
        origin = self._origin.get_job_origin(wanted.job_name)
        run = dg.DagsterRun(wanted.job_name, status=status, tags=tags, remote_job_origin=origin)
        return self.instance.add_run(run).run_id

    @property
    def _origin(self) -> RemoteRepositoryOrigin:
        """Where the daemon would have found the job: a run in the queue must know."""
        target = LoadableTargetOrigin(module_name="twizzit_pipeline.definitions")
        return RemoteRepositoryOrigin(ManagedGrpcPythonEnvCodeLocationOrigin(target), "__repository__")


def run_key(request: Request, *, attempt: int = 1) -> str:
    """The key by which Dagster makes one run of a request, and no second one."""
    said = f"request-{request.id}-{request.requested_at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
    return said if attempt == 1 else f"{said}-{attempt}"


@contextmanager
def orchestrated(
    settings: Settings, database: Database, simulator: SimulatorServer, **changes: object
) -> Iterator[Orchestrator]:
    """An orchestrator that is alive, on an instance of its own; `changes`: of the settings."""
    hasty = settings.model_copy(update={"requests_per_second": 1000.0, **changes})
    beat(database.engine)
    with open_instance(hasty, database) as instance:
        definitions = build_definitions(settings=hasty, database=database)
        yield Orchestrator(hasty, database, simulator, instance, definitions)
