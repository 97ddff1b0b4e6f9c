"""Competitions and their matches: what scans saw of a season's calendar, and which of ShotSpot's rows they are.

Both scans share one reading of the calendar: the first of them makes the calls. Matches need the mappings of teams: a
run without those uses the ones that exist already.
"""

from twizzit_pipeline.entities import COMPETITIONS, MATCHES, TEAMS
from twizzit_pipeline.orchestration.assets.factories import mapping_asset, scan_asset
from twizzit_pipeline.orchestration.assets.step import BEFORE_MAPPINGS

GROUP = "competitions_and_matches"

ASSETS = (
    scan_asset(
        COMPETITIONS,
        group=GROUP,
        description="The competitions that the last scan of a season saw in Twizzit, as far as they keep their "
        "contract.",
        priority=BEFORE_MAPPINGS,
    ),
    scan_asset(
        MATCHES,
        group=GROUP,
        description="The matches of that calendar, friendlies too: who plays whom, when, and how it ended.",
        priority=BEFORE_MAPPINGS,
        after=[COMPETITIONS.snapshot],
    ),
    mapping_asset(
        COMPETITIONS,
        group=GROUP,
        description="Which competition of ShotSpot each one of Twizzit is. Makes, links and updates `competitions`.",
        after=[COMPETITIONS.snapshot],
    ),
    mapping_asset(
        MATCHES,
        group=GROUP,
        description="Which game of ShotSpot each match of Twizzit is. Makes, links and updates `games`, and "
        "its opponents.",
        after=[MATCHES.snapshot, COMPETITIONS.mappings, TEAMS.mappings],
    ),
)
