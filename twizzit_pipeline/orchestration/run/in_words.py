"""Failures that a step put into words (`dagster.Failure`) are kept in those words, without a traceback.

Dagster adds the way through the program to each of them, and its UI shows it below the one line that matters. A person
who reads that a password is wrong can do nothing with it. Mistakes of the program are no such failures; they keep it.
"""

from dagster import DagsterEvent, EventLogEntry, Failure

from twizzit_pipeline.orchestration.dagster_private import (
    JobFailureData,
    SerializableErrorInfo,
    StepFailureData,
    StepRetryData,
)


def in_words(entry: EventLogEntry) -> EventLogEntry:
    """The event as it is kept: a step that failed or is tried again for a reason put into words says that alone.

    So does the run: its failure repeats that of the first step that failed, and the UI shows both.
    """
    event = entry.dagster_event
    kept = None if event is None else _kept(event)
    return entry if kept is None else entry._replace(dagster_event=kept)


def _kept(event: DagsterEvent) -> DagsterEvent | None:
    """The event in words; None where it stays as it is."""
    data = event.event_specific_data
    if isinstance(data, StepFailureData | StepRetryData):
        error = _said(data)
        return None if error is None else event._replace(event_specific_data=data._replace(error=error))
    first = data.first_step_failure_event if isinstance(data, JobFailureData) else None
    step = None if first is None else _kept(first)
    if step is None:
        return None
    assert isinstance(data, JobFailureData)
    return event._replace(
        event_specific_data=data._replace(error=step.step_failure_data.error, first_step_failure_event=step)
    )


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
