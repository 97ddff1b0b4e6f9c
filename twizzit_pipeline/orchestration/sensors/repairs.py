"""What a tick repairs before it decides: what dead processes left, and runs that ended before their sync began.

What belongs here: comparing Dagster's state with the database's. A tick finds all of it in what it reads anyway, with
one query to Dagster each about leases, about runs that should be on their way, and about those that failed.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import dagster as dg
from sqlalchemy import Engine

from twizzit_pipeline.credentials.partition_keys import ensure_partition_keys
from twizzit_pipeline.orchestration.instance.dead_runs import fail_dead
from twizzit_pipeline.orchestration.instance.under_way import UnderWay, over_among, over_by_key
from twizzit_pipeline.orchestration.run.limit import ENDED_BY_DAGSTER, ended_by_dagster
from twizzit_pipeline.orchestration.run.outcomes import CANCELLED, record
from twizzit_pipeline.orchestration.sensors import run_keys, unstarted
from twizzit_pipeline.orchestration.sensors.unstarted import NeverBegan
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.lease import INTERRUPTED, release_over
from twizzit_pipeline.scheduling import claims, due
from twizzit_pipeline.scheduling.fulfilment import fail_unstarted, launch_again, settle
from twizzit_pipeline.scheduling.standing import Asked, View
from twizzit_pipeline.storage.engine import driver_errors

_Reasons = Mapping[str, NeverBegan | None]  # by run


def seen(instance: dg.DagsterInstance, engine: Engine, now: UnderWay) -> View:
    """The view of a tick, after repairs."""
    view = due.look(engine, now.working, now.requests)
    if _repair(instance, engine, view, now):
        view = due.look(engine, now.working, now.requests)
    # Dagster itself does not notice it in every case, and would keep the next run of the credential waiting.
    fail_dead(instance, view.dead_runs | now.gone)
    _take_out(instance, [now.requests[request_id] for request_id in sorted(view.cancelled)])
    requests, slots = _over_without_a_sync(instance, view, now.busy)
    reasons = {run_id: unstarted.never_began(instance, run_id) for run_id in requests}
    again = _tried_again(engine, requests, reasons)
    # In between: a request that is over has the row that says why.
    unstarted.record_unstarted(instance, engine, again)
    if _end(engine, requests, slots, reasons) or again:
        view = due.look(engine, now.working, now.requests)
    return view


def _take_out(instance: dg.DagsterInstance, runs: Iterable[dg.DagsterRun]) -> None:
    """Takes the runs of cancelled requests out of the queue; one that leaves it meanwhile ends by itself."""
    for run in runs:
        instance.report_run_canceling(run, message="Its request was cancelled.")
        instance.report_run_canceled(run)
        record(instance, run, CANCELLED, "the request of the run was cancelled")


def _repair(instance: dg.DagsterInstance, engine: Engine, view: View, now: UnderWay) -> bool:
    """Repairs what dead processes left; whether anything was, so that the view is out of date."""
    found = False
    over = over_among(instance, {held.run_id for held in view.leases} - now.working.keys())
    if over:
        with driver_errors():
            release_over(engine, {run_id: _why_ended(instance, run_id) for run_id in over})
        found = True
    if over or view.abandoned:
        settle(engine)
        found = True
    if view.lacks_keys:
        with driver_errors():
            ensure_partition_keys(engine)
        found = True
    return found


def _why_ended(instance: dg.DagsterInstance, run_id: str) -> str:
    return ENDED_BY_DAGSTER if ended_by_dagster(instance, run_id) else INTERRUPTED


def _over_without_a_sync(
    instance: dg.DagsterInstance, view: View, busy: set[int]
) -> tuple[dict[str, Asked], list[tuple[int, datetime]]]:
    """What was asked for, by the id of its run, and what was due (credential, since when), whose run ended before its
    sync began: it was cancelled in the queue, or could not start.
    """
    requests = {
        run_keys.of_request(asked): asked
        for one in view.standings.values()
        if (asked := one.asked) is not None and asked.status == "queued" and asked.was_claimed
    }
    scheduled = {run_keys.of_schedule(one, since): (one, since) for one, since in _due(view, busy)}
    over = over_by_key(instance, [*requests, *scheduled])
    return (
        {run_id: requests[key] for key, run_id in over.items() if key in requests},
        [scheduled[key] for key in over if key in scheduled],
    )


def _tried_again(engine: Engine, requests: Mapping[str, Asked], reasons: _Reasons) -> set[str]:
    """The runs that could not be launched for what may pass by itself, and whose request waits for another one."""
    return {
        run_id
        for run_id, asked in requests.items()
        if (why := reasons[run_id]) is not None
        and why.may_pass
        and launch_again(engine, asked.id, attempt=asked.attempt, message=why.reason)
    }


def _end(
    engine: Engine, requests: Mapping[str, Asked], slots: Iterable[tuple[int, datetime]], reasons: _Reasons
) -> bool:
    """Whether any of them was still to be ended; a request that waits for another run is not."""
    ended = [
        fail_unstarted(engine, asked.id, attempt=asked.attempt, message=_said_of(engine, run_id, reasons[run_id]))
        for run_id, asked in requests.items()
    ]
    ended += [claims.never_began(engine, credential_id, since) for credential_id, since in slots]
    return any(ended)


def _said_of(engine: Engine, run_id: str, why: NeverBegan | None) -> str | None:
    """What the history says of a run that never began, or Dagster of a preview, which has none there; None of one that
    was taken out of the queue.
    """
    said = next((row.error_message for row in history.for_run(engine, run_id)), None)
    return said or (None if why is None else why.reason)


def _due(view: View, busy: set[int]) -> Iterator[tuple[int, datetime]]:
    """Credentials that are due and since when, but for those whose run is on its way and those due for the first time.

    Credentials with a broken configuration are among them: their run may have failed for that.
    """
    for credential_id, standing in view.standings.items():
        plan = standing.schedule
        if plan is None or plan.next_sync_at is None or credential_id in busy or not standing.credential.is_active:
            continue
        if plan.is_due(view.now):
            yield credential_id, plan.next_sync_at
