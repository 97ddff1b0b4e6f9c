"""Sensors: what Dagster's daemon looks at by itself.

What belongs here: conditions, not work. A tick asks the database and never Twizzit.
"""

import dagster as dg

from twizzit_pipeline.orchestration.partitions import add_requests, missing_keys, partition_keys
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.migrate import require_current
from twizzit_pipeline.sync.seasons import known_partitions


def partitions_sensor(settings: Settings | None = None) -> dg.SensorDefinition:
    """A sensor that makes new credentials and seasons partitions, so that they can be chosen in the UI.

    `settings`: instead of the environment of the tick.
    """

    @dg.sensor(
        name="new_partitions",
        description="Makes new credentials and seasons of the database partitions of the assets.",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def new_partitions(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        with open_database(settings or load_settings()) as database:
            require_current(database.engine)
            wanted = partition_keys(*known_partitions(database.engine))
        new = missing_keys(context.instance, wanted)
        if not new:
            return dg.SkipReason("Every credential and season is a partition already")
        return dg.SensorResult(dynamic_partitions_requests=add_requests(new))

    return new_partitions
