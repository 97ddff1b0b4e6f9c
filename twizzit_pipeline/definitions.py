"""The one place where everything is put together; `workspace.yaml` names this module.

Loading it opens no database, reads no key and makes no call: settings are read when a run or a tick begins.
"""

import dagster as dg

from twizzit_pipeline.orchestration.assets import ASSETS
from twizzit_pipeline.orchestration.assets.configuration import (
    CONFIGURATION_ASSET,
    configuration_checks,
    configuration_sensor,
)
from twizzit_pipeline.orchestration.jobs import JOBS
from twizzit_pipeline.orchestration.resources import Given, Progress, sync_resource
from twizzit_pipeline.orchestration.schedules import retention_schedule
from twizzit_pipeline.orchestration.sensors.notifications import notifications_sensor
from twizzit_pipeline.orchestration.sensors.syncs import sync_sensor
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database


def build_definitions(
    *, settings: Settings | None = None, database: Database | None = None, progress: Progress | None = None
) -> dg.Definitions:
    """Assets with their checks, jobs, sensors, and the resource that opens the database.

    Args:
        settings: instead of the environment at run time.
        database: an open one that runs use instead of opening their own; it stays the caller's to close.
        progress: is called with one line about what a run is doing.
    """
    return dg.Definitions(
        assets=[CONFIGURATION_ASSET, *ASSETS],
        asset_checks=[configuration_checks(settings, database)],
        jobs=list(JOBS.values()),
        sensors=[
            sync_sensor(settings),
            notifications_sensor(settings),
            configuration_sensor(settings),
        ],
        schedules=[retention_schedule(settings)],
        resources={"sync": sync_resource(lambda: Given(settings, database, progress))},
        # For asset backfills too, which do not take the executor of a job.
        executor=dg.in_process_executor,
    )


defs = build_definitions()
