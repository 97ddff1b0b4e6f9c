"""Teams and players: what scans saw of them, and which of ShotSpot's rows they are."""

from twizzit_pipeline.entities import PLAYERS, TEAMS
from twizzit_pipeline.orchestration.assets.factories import mapping_asset, scan_asset
from twizzit_pipeline.orchestration.assets.step import FIRST

GROUP = "teams_and_players"

ASSETS = (
    scan_asset(
        TEAMS,
        group=GROUP,
        description="The teams that the last scan of a season saw in Twizzit, as far as they keep their contract.",
        priority=FIRST,
    ),
    scan_asset(
        PLAYERS,
        group=GROUP,
        description="Who plays in those teams: one row for each team and player that keeps the contract.",
        priority=FIRST,
        after=[TEAMS.snapshot],
        personal_data=True,
    ),
    mapping_asset(
        TEAMS,
        group=GROUP,
        description="Which team of ShotSpot each team of Twizzit is. Makes, links and updates ShotSpot's "
        "`teams` with it.",
        after=[TEAMS.snapshot],
    ),
    mapping_asset(
        PLAYERS,
        group=GROUP,
        description="Which player of ShotSpot each player of Twizzit is. Makes, links and updates ShotSpot's "
        "`players`.",
        after=[PLAYERS.snapshot, TEAMS.mappings],
        personal_data=True,
    ),
)
