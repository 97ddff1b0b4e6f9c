"""What Dagster has under way, as far as a tick needs it: which credentials are busy, and which runs have died.

What belongs here: queries to Dagster's storage. Their number does not depend on the number of credentials, and a
backfill's runs in the queue, of which there may be thousands, are not read at all.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from twizzit_pipeline.errors import UnknownCredential
from twizzit_pipeline.orchestration.dagster_private import (
    BACKFILL_ID_TAG,
    RUN_KEY_TAG,
    BulkActionsFilter,
    BulkActionStatus,
)
from twizzit_pipeline.orchestration.partitions import CREDENTIAL, SEASON, PartitionKeys, credential_id_of
from twizzit_pipeline.orchestration.run.tags import PROCESS_TAG, TRIGGER_TAG, request_of
from twizzit_pipeline.runs.processes import process_is_gone

# What a run of the sensor says of why there is one.
TRIGGERS = ("schedule", "request", "webhook")

UNFINISHED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_PENDING_BACKFILLS = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING]
_LONGEST_BEGINNING = timedelta(hours=1)
_CREDENTIAL_TAG = f"dagster/partition/{CREDENTIAL}"
_SEASON_TAG = f"dagster/partition/{SEASON}"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Runs that have not ended: those with a process, by id, and the sensor's own in the queue.

    `never_began`: runs of ours that were made, and whose process could not write their first event: a full disk.
    """

    working: Mapping[str, dg.DagsterRun]
    queued: tuple[dg.DagsterRun, ...]
    never_began: frozenset[str] = frozenset()

    @property
    def yielding(self) -> frozenset[str]:
        """Runs of backfills: a sync that is due or requested goes before the backfill's next one.

        They would never be seen to have an end otherwise: when one is over, the queue begins the next.
        """
        return frozenset(run_id for run_id, run in self.working.items() if BACKFILL_ID_TAG in run.tags)

    @property
    def busy(self) -> set[int]:
        """The credentials that need no other run now: they have one, by request or by schedule."""
        found = set()
        passing = self.yielding
        for run in (*self.queued, *(run for run_id, run in self.working.items() if run_id not in passing)):
            with suppress(UnknownCredential):  # a partition of another job, or none: it delays none of ours
                found.add(credential_id_of(run.tags.get(_CREDENTIAL_TAG, "")))
        return found

    @property
    def requests(self) -> dict[int, dg.DagsterRun]:
        """The runs in the queue that are there because of a request, by its id."""
        tagged = ((request_of(run), run) for run in self.queued)
        return {request_id: run for request_id, run in tagged if request_id is not None}

    @property
    def gone(self) -> set[str]:
        """Those whose process was one of this machine's, and has ended; and those that never began."""
        return {run_id for run_id, run in self.working.items() if _process_is_gone(run)} | self.never_began


def under_way(instance: dg.DagsterInstance) -> UnderWay:
    """What there is at this moment."""
    found = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.NOT_STARTED, *UNFINISHED]))
    working = {one.dagster_run.run_id: one.dagster_run for one in found if one.dagster_run.status in UNFINISHED}
    never_began = frozenset(one.dagster_run.run_id for one in found if _never_began(one))
    ours = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED], tags={TRIGGER_TAG: list(TRIGGERS)})
    return UnderWay(working, tuple(instance.get_runs(ours)), never_began)


def _never_began(record: dg.RunRecord) -> bool:
    """Dagster itself never ends such a run; one that is made is submitted, or begins, within a moment.

    One that was made ahead of this clock was made before that was put back.
    """
    run = record.dagster_run
    if run.status is not dg.DagsterRunStatus.NOT_STARTED or _CREDENTIAL_TAG not in run.tags:
        return False
    return _process_is_gone(run) or abs(datetime.now(UTC) - record.create_timestamp) > _LONGEST_BEGINNING


def _process_is_gone(run: dg.DagsterRun) -> bool:
    return process_is_gone(run.tags.get(PROCESS_TAG, ""))


def over_among(instance: dg.DagsterInstance, run_ids: Collection[str]) -> set[str]:
    """Which of these runs have ended; those of which the instance has no row have not."""
    if not run_ids:
        return set()
    return {run.run_id for run in instance.get_runs(dg.RunsFilter(run_ids=list(run_ids), statuses=_OVER))}


def over_by_key(instance: dg.DagsterInstance, run_keys: Collection[str]) -> dict[str, str]:
    """The run keys whose run was made and has ended → the id of that run."""
    if not run_keys:
        return {}
    runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: list(run_keys)}, statuses=_OVER))
    return {run.tags[RUN_KEY_TAG]: run.run_id for run in runs}


def keys_in_use(instance: dg.DagsterInstance) -> PartitionKeys | None:
    """The partitions that runs need which have not ended; None where a backfill under way may need any."""
    if instance.get_backfills(filters=BulkActionsFilter(statuses=_PENDING_BACKFILLS), limit=1):
        return None
    statuses = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED, *UNFINISHED]
    tags = [run.tags for run in instance.get_runs(dg.RunsFilter(statuses=statuses))]
    return PartitionKeys(
        tuple(one[_CREDENTIAL_TAG] for one in tags if _CREDENTIAL_TAG in one),
        tuple(one[_SEASON_TAG] for one in tags if _SEASON_TAG in one),
    )
