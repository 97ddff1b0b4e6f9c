"""The keys of the sensor's runs: for one key Dagster makes one run, however often it is asked for."""

from datetime import UTC, datetime

from twizzit_pipeline.scheduling.standing import Asked


def of_request(request: Asked) -> str:
    """Of the run that a request waits for; a request that was put back waits for another one.

    Its moment is part of it: a database that is put back to an earlier state gives the same ids once more, and where
    Dagster has a database of its own, the runs of before are still there.
    """
    key = f"request-{request.id}-{_moment(request.requested_at)}"
    return f"{key}-{request.attempt}" if request.attempt > 1 else key


def of_schedule(credential_id: int, due: datetime) -> str:
    """Of the run of a credential that is due since that moment, to the microsecond."""
    return f"schedule-{credential_id}-{_moment(due)}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
