"""The sensor that tells people: it follows the history of the syncs and sends what is new.

What belongs here: what Dagster sees of a round. It starts no run, and it works outside of any: a receiver that is dead
or slow costs a few seconds of a tick.
"""

import dagster as dg

from twizzit_pipeline import logs
from twizzit_pipeline.notifications.channels import NOT_CONFIGURED, configured
from twizzit_pipeline.notifications.telling import Told, tell
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.migrate import require_current

LOOK_SECONDS = 15

_log = logs.logger(__name__)


def notifications_sensor(settings: Settings | None = None) -> dg.SensorDefinition:
    """The sensor `notifications`.

    `settings`: instead of the environment of the tick.
    """

    @dg.sensor(
        name="notifications",
        description="Tells of failures, partial successes, recoveries, lateness and budgets, by webhook and e-mail.",
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def notifications(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        known = settings or load_settings()
        if settings is None:  # a process of Dagster's own
            logs.configure(known)
        channels = configured(known)
        if not channels:
            return dg.SkipReason(NOT_CONFIGURED)
        with open_database(known) as database:
            require_current(database.engine)
            rounds = tell(database.engine, channels)
        for told in rounds:
            if told.trouble is not None or told.given_up:
                context.log.warning(summary(told))
                _log.warning(
                    "notification failed",
                    channel=told.channel,
                    waiting=told.waiting,
                    given_up=told.given_up,
                    reason=told.trouble,
                )
        return dg.SkipReason("; ".join(map(summary, rounds)))

    return notifications


def summary(told: Told) -> str:
    """A round in a line: ``webhook: 2 messages sent, 1 waiting (The webhook answered 503)``."""
    parts = [f"{told.messages} {'message' if told.messages == 1 else 'messages'} sent"]
    if told.waiting:
        parts.append(f"{told.waiting} waiting")
    if told.given_up:
        parts.append(f"{told.given_up} given up after a day: twizzit notifications list")
    trouble = f" ({told.trouble})" if told.trouble else ""
    return f"{told.channel}: {', '.join(parts)}{trouble}"
