"""The competitions of a season, from Twizzit into ShotSpot: scan, then map."""

from datetime import date

import pandas as pd

from twizzit_pipeline.contracts.checked import Checked
from twizzit_pipeline.contracts.competitions import check_competitions
from twizzit_pipeline.storage.tables import competition_mappings, twizzit_competitions
from twizzit_pipeline.sync.calendar import read_calendar
from twizzit_pipeline.sync.calendar_state import read_competition_state
from twizzit_pipeline.sync.history import LISTED
from twizzit_pipeline.sync.mapping import map_entity
from twizzit_pipeline.sync.plan.competitions import plan_competitions
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.scan import grouped, store_scan
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.timing import Stopwatch
from twizzit_pipeline.transform.competitions import competitions_frame


def scan_competitions(session: SyncSession) -> ScanReport:
    """Reads the season's competitions, judges them, and writes the valid ones to `twizzit_competitions`.

    Raises:
        TwizzitPipelineError: any leaf; nothing was written to the snapshot then.
    """
    watch, calls = Stopwatch(), session.calls
    with session.recording("competitions") as account:
        season = session.listed_season()
        if season is None:
            session.progress(f"Twizzit lists no season {session.season_label} for this account")
            account.details["season_exists"] = False
            return ScanReport("competitions", season_exists=False, calls=session.calls - calls, seconds=watch.phases)
        session.progress("Reading competitions and matches")
        remote = read_calendar(session, season).competitions
        watch.lap("fetch")
        checked = check_competitions(competitions_frame(remote))
        watch.lap("validate")
        stored = _with_days(checked)
        written, listed = store_scan(session, "competitions", twizzit_competitions, season.id, stored, keep={})
        watch.lap("write")
        account.details[LISTED] = listed
        account.rejected = grouped(checked.rejected)
        account.scanned = len(set(checked.valid["twizzit_competition_id"]) - account.rejected_items)
        return ScanReport(
            "competitions",
            season_exists=True,
            rows=len(checked.valid),
            items=account.scanned + len(account.rejected_items),
            rejected=account.rejected,
            warnings=grouped(checked.warnings),
            written=written,
            calls=session.calls - calls,
            seconds=watch.phases,
        )


def map_competitions(session: SyncSession) -> MappingReport:
    """Brings the season's competitions of the last scan into ShotSpot's `competitions`, with their mappings."""
    return map_entity(
        session,
        "competitions",
        competition_mappings,
        lambda connection, owner, season_id, season: read_competition_state(
            connection, owner, season_id, season, session.day
        ),
        plan_competitions,
    )


def _with_days(checked: Checked) -> Checked:
    """The same with dates instead of midnights, as the table has them."""
    days = {name: checked.valid[name].map(_day).astype(object) for name in ("start_date", "end_date")}
    return Checked(checked.valid.assign(**days), checked.rejected, checked.warnings)


def _day(value: pd.Timestamp) -> date | None:
    return None if pd.isna(value) else value.date()
