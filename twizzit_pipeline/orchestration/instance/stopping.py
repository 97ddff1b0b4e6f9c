"""Ending the runs of a code server that is about to stop, so that each closes its history and gives its lease back."""

import json

import dagster as dg

from twizzit_pipeline.orchestration.dagster_private import GRPC_INFO_TAG

_STARTED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def cancel_runs(instance: dg.DagsterInstance, socket: str) -> list[str]:
    """Ask the code server at this socket to end its runs; the ids of those that it was asked for.

    They end by themselves a moment later, as cancelled. Runs of other processes (`twizzit sync`) are left alone.

    Raises:
        Exception: whatever Dagster raises where the database or the code server does not answer.
    """
    runs = instance.get_runs(dg.RunsFilter(statuses=_STARTED))
    ours = [run for run in runs if json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("socket") == socket]
    for run in ours:
        instance.run_launcher.terminate(run.run_id)
    return [run.run_id for run in ours]
