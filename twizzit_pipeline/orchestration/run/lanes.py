"""Which of the places of runs a run may have: so that a server that hangs, or is slow, keeps no other club waiting.

What belongs here: the tags of a run of the sensor, and what they mean for it. How many places there are, and that all
runs of the slow lane have one of them together, says `dagster.yaml`. Three of the four are for credentials whose last
syncs were quick, and no run of theirs keeps one for long. Those that never synced, take long, or whose server stayed
silent take turns in the fourth; a server that lets one call's whole time pass is not called again by such a run.
"""

from collections.abc import Mapping

from twizzit_pipeline.orchestration.run.limit import tags_for
from twizzit_pipeline.settings import Settings

LANE_TAG, SLOW = "twizzit/lane", "slow"
QUICK_RUN_SECONDS = 300


def tags_of(quick: bool | None) -> dict[str, str]:
    """The tags of a run whose credential's last syncs were quick, or were not (False), or that never synced (None)."""
    return tags_for(QUICK_RUN_SECONDS) if quick else {LANE_TAG: SLOW}


def settings_of(tags: Mapping[str, str], settings: Settings) -> Settings:
    """The settings of a run with these tags: in the slow lane, the tries of a call have the time of one call."""
    if tags.get(LANE_TAG) != SLOW:
        return settings
    return settings.model_copy(update={"retry_seconds": min(settings.retry_seconds, settings.request_timeout)})
