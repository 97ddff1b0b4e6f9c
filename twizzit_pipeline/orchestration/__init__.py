"""Dagster's side of the pipeline: the assets, what starts their runs, how runs are reported and repaired.

A process that Dagster starts, for a run or to hold the definitions, imports this module first.
"""

from twizzit_pipeline.garbage import collect_seldom

collect_seldom()
