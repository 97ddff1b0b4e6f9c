"""What the steps of all assets have in common: the session of their run, and how an error ends them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import dagster as dg

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import TwizzitPipelineError, UnknownCredential
from twizzit_pipeline.orchestration.partitions import CredentialSeason, parse
from twizzit_pipeline.orchestration.resources import SyncRun
from twizzit_pipeline.orchestration.run.results import readable_failures
from twizzit_pipeline.sync.preview.making import Preview
from twizzit_pipeline.sync.session import SyncSession

OWNERS = ["team:club-data"]
# A step hands no value over. Dagster's annotations call this a class, and do not let an asset have it.
NO_VALUE = cast("dg.DagsterType", dg.Nothing)
# In one process the step with the higher priority goes first. All scans come before anything of ShotSpot's is written;
# those of teams and players before the others, so that they are there whatever becomes of the calendar.
FIRST = {"dagster/priority": "2"}
BEFORE_MAPPINGS = {"dagster/priority": "1"}

_MAPPINGS = {each.mappings: name for name, each in ENTITIES.items()}
_SYNCS = {*_MAPPINGS, *(each.snapshot for each in ENTITIES.values())}


@contextmanager
def session_of(context: dg.AssetExecutionContext, sync: SyncRun) -> Iterator[SyncSession]:
    """The session for the work of one step, whose errors become readable; after errors that may pass it is retried."""
    steps = _steps(context)
    to_map = {entity for asset, entity in _MAPPINGS.items() if asset in steps}
    run_id, partition, step = _place(context, sync)

    def wait_for_retry(error: TwizzitPipelineError) -> bool:
        seconds = sync.retry_delay(error, context.retry_number)
        if seconds is not None:
            context.log.warning("%s: tried again in %.0f s", type(error).__name__, seconds)
            time.sleep(seconds)  # here a signal ends the run; Dagster's own wait before a retry would ignore it
        return seconds is not None

    with (
        readable_failures(wait_for_retry),
        sync.session(run_id, partition, step=step, to_map=to_map) as session,
    ):
        yield session


@contextmanager
def preview_of(context: dg.AssetExecutionContext, sync: SyncRun) -> Iterator[Preview]:
    """The preview that the step is; it is not tried again: the client has, and a person waits for an answer."""
    run_id, partition, step = _place(context, sync)
    with readable_failures(lambda _: False), sync.preview(run_id, partition, step=step) as made:
        yield made


def syncs_too(context: dg.AssetExecutionContext) -> bool:
    """Whether a step of the run is part of a sync, which holds the lease that a preview would need."""
    return not _SYNCS.isdisjoint(_steps(context))


def _steps(context: dg.AssetExecutionContext) -> set[str]:
    return {node.name for node in context.job_def.nodes}


def _place(context: dg.AssetExecutionContext, sync: SyncRun) -> tuple[str, CredentialSeason, str]:
    """The run, its partition, and the step; a run that has none, as the launchpad lets one start, says so and fails."""
    step = context.op_execution_context.op.name
    with readable_failures(), sync.noted(step):
        if not context.has_partition_key:
            raise UnknownCredential("This run has no partition: choose a credential and a season, then launch it again")
        return context.run.run_id, parse(context.partition_key), step
