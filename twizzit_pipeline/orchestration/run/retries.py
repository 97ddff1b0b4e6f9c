"""When a step of a run is retried: after a failure that may pass by itself, a minute or more later, a few times.

What belongs here: that decision; the step itself waits, and then asks Dagster for a retry. Dagster's `RetryPolicy`
would not do: with its jitter a wait of a minute may be none at all (`PLUS_MINUS` takes off as much as the first delay
is long), while the client's own HTTP retries of two minutes have only just been given up; and a run that Dagster lets
wait does not react to a request to end.
"""

import random

from twizzit_pipeline.errors import (
    ConnectionFailed,
    PermanentError,
    SyncInProgress,
    TryAgainLater,
    TwizzitPipelineError,
)
from twizzit_pipeline.settings import Settings

# Where Twizzit asks for a longer pause, the schedule makes it: a run that waits keeps its organization's lease.
LONGEST_SECONDS = 900.0
_JITTER = 0.25


def retry_delay(error: TwizzitPipelineError, retries: int, settings: Settings) -> float | None:
    """Seconds to wait before a step is retried; None where it is not.

    They double with each retry, and are spread upwards alone: never less than `step_retry_seconds`, nor than what
    Twizzit asks for. A sync that is in progress already is waited for by the run queue, not by a run. A server that
    stayed silent is not asked again by this run but by the next one, so that it takes no place from other runs.

    Args:
        retries: how often the step was retried already.
    """
    if isinstance(error, PermanentError | SyncInProgress) or retries >= settings.step_retries:
        return None
    if isinstance(error, ConnectionFailed) and error.silent:
        return None
    asked = error.retry_after if isinstance(error, TryAgainLater) else None
    seconds: float = max(settings.step_retry_seconds * 2**retries, asked or 0.0)
    if seconds > LONGEST_SECONDS:
        return None
    return seconds * random.uniform(1, 1 + _JITTER)  # noqa: S311 - parts those who failed at once, guards nothing
