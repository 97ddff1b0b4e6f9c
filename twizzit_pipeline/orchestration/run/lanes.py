"""The lane of a run, quick or slow, so that a server that hangs or is slow delays no other club.

What belongs here: the tags of a run of the sensor, and what they mean for it. `dagster.yaml` says how many places there
are, and that all runs of a slow lane share one. Two of the four are for credentials whose last syncs were quick, and no
run of theirs keeps one for long. Credentials that never synced, but whose login worked, share the third, so that
a new club does not wait for servers that hang; all others, slow, silent or never verified, in the fourth. A run of
either slow lane gives its place up rather than wait: it does not call a server again that let one call's whole time
pass, and retries no step. A first sync that takes longer than `FIRST_RUN_SECONDS` is ended; the next one of that
credential runs among the slow, with the whole time that a run may take. With another `TWIZZIT_CONCURRENT_RUNS` each
slow lane has a quarter of the places.
"""

from collections.abc import Mapping

from twizzit_pipeline.orchestration.run.limit import tags_for
from twizzit_pipeline.settings import Settings

LANE_TAG, FIRST, SLOW = "twizzit/lane", "first", "slow"
QUICK_RUN_SECONDS = 300
FIRST_RUN_SECONDS = 900


def tags_of(quick: bool | None, *, verified: bool) -> dict[str, str]:
    """The tags of a run whose credential's last syncs were quick, or were not (False), or that never synced (None).

    Args:
        verified: its login has worked.
    """
    if quick:
        return tags_for(QUICK_RUN_SECONDS)
    if quick is None and verified:
        return {LANE_TAG: FIRST, **tags_for(FIRST_RUN_SECONDS)}
    return {LANE_TAG: SLOW}


def places_of_a_slow_lane(places: int) -> int:
    """How many runs of each of the two slow lanes may be under way at once, of so many in all."""
    return max(1, places // 4)


def settings_of(tags: Mapping[str, str], settings: Settings) -> Settings:
    """The settings of a run with these tags: in a lane, the tries of a call share the time of one; a step has one."""
    if tags.get(LANE_TAG) not in (FIRST, SLOW):
        return settings
    seconds = min(settings.retry_seconds, settings.request_timeout)
    return settings.model_copy(update={"retry_seconds": seconds, "step_retries": 0})
