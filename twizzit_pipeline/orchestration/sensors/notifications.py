"""The sensor of notifications: it follows the history of the syncs and sends what is new.

What belongs here: what Dagster shows of a round. It starts no run and is part of none: a receiver that is dead or slow
costs a few seconds of a tick.
"""

import dagster as dg

from twizzit_pipeline import logs
from twizzit_pipeline.notifications.channels import NOT_CONFIGURED, configured
from twizzit_pipeline.notifications.rounds import RoundResult, notify
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.storage.revisions import require_current

LOOK_SECONDS = 15

_log = logs.logger(__name__)


def notifications_sensor(settings: Settings | None = None) -> dg.SensorDefinition:
    """The sensor `notifications`.

    `settings`: instead of the environment of the tick.
    """

    @dg.sensor(
        name="notifications",
        description="Notifies of failures, partial successes, recoveries, lateness and call budgets, by webhook and "
        "e-mail.",
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
            results = notify(database.engine, channels)
        for result in results:
            if result.trouble is not None or result.given_up:
                context.log.warning(summary(result))
                _log.warning(
                    "notification failed",
                    channel=result.channel,
                    waiting=result.waiting,
                    given_up=result.given_up,
                    reason=result.trouble,
                )
        return dg.SkipReason("; ".join(map(summary, results)))

    return notifications


def summary(result: RoundResult) -> str:
    """A round in a line: ``webhook: 2 messages sent, 1 waiting (The webhook answered 503)``."""
    parts = [f"{result.messages} {'message' if result.messages == 1 else 'messages'} sent"]
    if result.waiting:
        parts.append(f"{result.waiting} waiting")
    if result.given_up:
        parts.append(f"{result.given_up} given up after a day: twizzit notifications list")
    trouble = f" ({result.trouble})" if result.trouble else ""
    return f"{result.channel}: {', '.join(parts)}{trouble}"
