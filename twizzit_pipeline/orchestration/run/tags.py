"""The tags of a run that say why there is one, and what it is to do."""

from collections.abc import Mapping, Sequence

import dagster as dg

REQUEST_TAG = "twizzit/request"
# `true`: the run brings every mapped row to Twizzit's values, local edits included.
REPAIR_TAG = "twizzit/repair"
# The stored plan that the run applies, and what of it is left out: `player:123`, separated by commas.
PLAN_TAG, WITHOUT_TAG = "twizzit/plan", "twizzit/without"
# Why there is a run: schedule, request, webhook, cli; one started in the UI has none.
TRIGGER_TAG = "twizzit/trigger"
# Dagster's UI hides tags that begin so: which process works on a run, for `instance.dead_runs`.
PROCESS_TAG = ".dagster/twizzit_process"


def request_of(run: dg.DagsterRun | None) -> int | None:
    """The request that a run carries out, by its tag."""
    tag = run.tags.get(REQUEST_TAG, "") if run is not None else ""
    return int(tag) if tag.isascii() and tag.isdigit() else None


def plan_tags(plan_id: int, without: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The tags of a run that applies a stored plan."""
    left = ",".join(f"{entity}:{remote_id}" for entity, remote_id in without)
    return {PLAN_TAG: str(plan_id), **({WITHOUT_TAG: left} if left else {})}


def plan_of(tags: Mapping[str, str]) -> tuple[int, list[tuple[str, str]]] | None:
    """What those tags say; None of a run that applies no plan."""
    said = tags.get(PLAN_TAG, "")
    if not said.isascii() or not said.isdigit():
        return None
    left = [one.partition(":") for one in tags.get(WITHOUT_TAG, "").split(",") if one]
    return int(said), [(entity, remote_id) for entity, _, remote_id in left]
