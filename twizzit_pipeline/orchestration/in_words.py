"""Failures that a step put into words (`dagster.Failure`) are kept in those words, without a traceback.

Dagster adds the way through the program to each of them, and its UI shows it below the one line that matters. A person
who reads that a password is wrong can do nothing with it. Mistakes of the program are no such failures; they keep it.
"""

from dagster import EventLogEntry, Failure
from dagster._core.execution.plan.objects import StepFailureData, StepRetryData
from dagster_shared.error import SerializableErrorInfo


def in_words(entry: EventLogEntry) -> EventLogEntry:
    """The event as it is kept: a step that failed or is tried again for a reason put into words says that alone."""
    event = entry.dagster_event
    data = None if event is None else event.event_specific_data
    error = _said(data) if isinstance(data, StepFailureData | StepRetryData) else None
    if event is None or error is None:
        return entry
    assert isinstance(data, StepFailureData | StepRetryData)
    return entry._replace(dagster_event=event._replace(event_specific_data=data._replace(error=error)))


def _said(data: StepFailureData | StepRetryData) -> SerializableErrorInfo | None:
    """The one line of a failure; None where it was not put into words."""
    if isinstance(data, StepFailureData):
        said = None if data.user_failure_data is None else data.user_failure_data.description
        return None if said is None else _one_line(said)
    cause = data.error.cause
    if cause is None or cause.cls_name != Failure.__name__:
        return None
    return _one_line(cause.message.partition(": ")[2])


def _one_line(message: str) -> SerializableErrorInfo:
    return SerializableErrorInfo(message=message.strip(), stack=[], cls_name=Failure.__name__)
