"""The keys of the sensor's runs: for one key Dagster makes one run, however often it is asked for."""

from datetime import UTC, datetime


def of_request(request_id: int, attempt: int) -> str:
    """Of the run that a request waits for; a request that was put back waits for another one."""
    return f"request-{request_id}" + (f"-{attempt}" if attempt > 1 else "")


def of_schedule(credential_id: int, due: datetime) -> str:
    """Of the run of a credential that is due since that moment, to the microsecond."""
    return f"schedule-{credential_id}-{due.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
