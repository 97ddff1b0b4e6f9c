"""The jobs: which assets one run materializes, for one credential and one season.

`sync_players` reads the teams of the last scan: it is for asking again who plays in them.
"""

import dagster as dg

_SELECTIONS = {
    "sync_teams": (
        ("twizzit_teams", "twizzit_team_mappings"),
        "The teams of one credential and season: fetched, checked, and mapped to ShotSpot's",
    ),
    "sync_players": (
        ("twizzit_players", "twizzit_player_mappings"),
        "The players of the teams that the last scan of teams found: fetched, checked, and mapped to ShotSpot's",
    ),
    "sync_all": (
        ("twizzit_teams", "twizzit_players", "twizzit_team_mappings", "twizzit_player_mappings"),
        "Teams and players of one credential and season, from the first call to the mapping tables",
    ),
}

# No partitions here: a job has those of its assets.
JOBS = {
    name: dg.define_asset_job(
        name,
        selection=list(assets),
        description=description,
        executor_def=dg.in_process_executor,
    )
    for name, (assets, description) in _SELECTIONS.items()
}
