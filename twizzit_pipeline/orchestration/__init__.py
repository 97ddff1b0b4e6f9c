"""Dagster's side of the pipeline: the assets, what starts them, and how a run is told and mended.

A process that Dagster starts, for a run or to hold the definitions, comes by here first.
"""

from twizzit_pipeline.garbage import collect_seldom

collect_seldom()
