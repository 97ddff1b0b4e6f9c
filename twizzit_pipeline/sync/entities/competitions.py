"""The competitions of a season, from Twizzit into ShotSpot: scan, then map."""

from dataclasses import replace
from datetime import date

import pandas as pd

from twizzit_pipeline.contracts.checked import Checked
from twizzit_pipeline.contracts.competitions import check_competitions
from twizzit_pipeline.entities import COMPETITIONS
from twizzit_pipeline.plan.competitions import plan_competitions
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.sync.entities.calendar import read_calendar
from twizzit_pipeline.sync.mapping import EntityPlan, map_entity
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.scan import Read, scan_entity
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.state.calendar import read_competition_state
from twizzit_pipeline.sync.timing import Stopwatch
from twizzit_pipeline.transform.competitions import competitions_frame

PLANNED = EntityPlan(COMPETITIONS, read_competition_state, plan_competitions)


def scan_competitions(session: SyncSession) -> ScanReport:
    """Reads the season's competitions, judges them, and writes the valid ones to `twizzit_competitions`.

    Raises:
        TwizzitPipelineError: any leaf; nothing was written to the snapshot then.
    """

    def read(season: SeasonRow, watch: Stopwatch) -> Read:
        session.progress("Reading competitions and matches")
        calendar = read_calendar(session, season)
        watch.lap("fetch")
        checked = _with_days(check_competitions(competitions_frame(calendar.competitions)))
        watch.lap("validate")
        return Read(checked, set_aside=calendar.competitions_set_aside)

    return scan_entity(session, COMPETITIONS, read)


def map_competitions(session: SyncSession) -> MappingReport:
    """Brings the season's competitions of the last scan into ShotSpot's `competitions`, with their mappings."""
    return map_entity(session, PLANNED)


def _with_days(checked: Checked) -> Checked:
    """The checked rows with dates instead of midnights, as the table has them."""
    days = {name: pd.array([*map(_day, checked.valid[name])], dtype="object") for name in ("start_date", "end_date")}
    return replace(checked, valid=checked.valid.assign(**days))


def _day(value: pd.Timestamp) -> date | None:
    return None if pd.isna(value) else value.date()
