"""The jobs: which assets one run materializes, for one credential and one season.

`sync_players` reads the teams of the last scan: it is for asking again who plays in them. `sync_competitions` maps the
sides of matches by the teams that are mapped already. What a configuration turns on may be less than everything and
more than one of them: that is a run of `sync_all` with a selection of its assets (`job_of`).
"""

from collections.abc import Collection, Mapping

import dagster as dg

from twizzit_pipeline.entities import SYNC_TYPES, of_sync_type

# Sync type → its assets: scans before mappings.
ASSETS_OF: Mapping[str, tuple[str, ...]] = {
    name: (*(each.snapshot for each in of_sync_type(name)), *(each.mappings for each in of_sync_type(name)))
    for name in SYNC_TYPES
}
_EVERYTHING = "sync_all"
PREVIEW = "preview_sync"
PLANS = "twizzit_plans"  # the table, and asset, of stored plans
_DESCRIPTIONS = {
    **{
        f"sync_{name}": f"The {' and '.join(each.name for each in of_sync_type(name))} of one credential and season: "
        "fetched, checked, and mapped to ShotSpot's"
        for name in SYNC_TYPES
    },
    "sync_players": "The players of the teams that the last scan of teams found: fetched, checked, and mapped to "
    "ShotSpot's",
    "sync_competitions": "The competitions and matches of one credential and season: fetched, checked, and mapped to "
    "ShotSpot's competitions and games",
    _EVERYTHING: "Teams, players, competitions and matches of one credential and season, from the first call to the "
    "mapping tables",
    PREVIEW: "What a sync of one credential and season would do: stored as a plan, and nothing of it is written",
}


def job_of(entities: Collection[str]) -> tuple[str, list[dg.AssetKey] | None]:
    """The job that syncs these entities (`teams`, `players`, `competitions`), and which of its assets; None for all.

    Raises:
        KeyError: there is no such entity.
    """
    if len(entities) == 1:
        (entity,) = entities
        return f"sync_{entity}", None
    if len(entities) == len(ASSETS_OF):
        return _EVERYTHING, None
    return _EVERYTHING, [dg.AssetKey(asset) for entity in sorted(entities) for asset in ASSETS_OF[entity]]


def _selection(job: str) -> list[str]:
    if job == PREVIEW:
        return [PLANS]
    if job == _EVERYTHING:
        return [asset for assets in ASSETS_OF.values() for asset in assets]
    return list(ASSETS_OF[job.removeprefix("sync_")])


# No partitions here: a job has those of its assets. Keys, since for names as text Dagster loads a parser.
JOBS = {
    name: dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*_selection(name)),
        description=description,
        executor_def=dg.in_process_executor,
    )
    for name, description in _DESCRIPTIONS.items()
}
