"""The lane of a run, quick or slow, so that a server that hangs or is slow delays no other club.

What belongs here: the tags of a run of the sensor, and what they mean for it. `dagster.yaml` says how many runs there
may be at once, and that the slow lane has one place. Three of the four places are for credentials whose last syncs were
quick; no run of theirs keeps one for long. Credentials that never synced, take long, or whose server stayed silent
share the fourth; such a run does not call a server again that let one call's whole time pass.
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
