"""The teams of a season, from Twizzit into ShotSpot: scan, then map."""

from twizzit_pipeline.contracts.teams import check_teams
from twizzit_pipeline.storage.tables import team_mappings, twizzit_teams
from twizzit_pipeline.sync.history import GROUP_NOT_FOUND, LISTED
from twizzit_pipeline.sync.mapping import map_entity
from twizzit_pipeline.sync.plan.teams import plan_teams
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.scan import grouped, store_scan
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.state import read_team_state
from twizzit_pipeline.sync.timing import Stopwatch
from twizzit_pipeline.transform.teams import teams_frame


def scan_teams(session: SyncSession) -> ScanReport:
    """Reads the season's teams, judges them, and writes the valid ones to `twizzit_teams`.

    Raises:
        TwizzitPipelineError: any leaf; nothing was written to the snapshot then.
    """
    watch, calls = Stopwatch(), session.calls
    with session.recording("teams") as account:
        season = session.listed_season()
        if season is None:
            session.progress(f"Twizzit lists no season {session.season_label} for this account")
            account.details["season_exists"] = False
            return ScanReport("teams", season_exists=False, calls=session.calls - calls, seconds=watch.phases)
        session.progress("Reading teams")
        narrowing = session.narrowing
        remote = [team for team in session.client.teams(season.record) if narrowing.concerns(team.id)]
        watch.lap("fetch")
        checked = check_teams(teams_frame(remote))
        watch.lap("validate")
        written, listed = store_scan(session, "teams", twizzit_teams, season.id, checked, keep={})
        watch.lap("write")
        if narrowing.group_id is None:
            account.details[LISTED] = listed
        account.rejected = grouped(checked.rejected)
        account.scanned = len(set(checked.valid["twizzit_team_id"]) - account.rejected_items)
        if narrowing.group_id is not None and not remote:
            account.failed[GROUP_NOT_FOUND] = (narrowing.group_id,)
        return ScanReport(
            "teams",
            season_exists=True,
            rows=len(checked.valid),
            items=account.scanned + len(account.rejected_items),
            rejected=account.rejected,
            warnings=grouped(checked.warnings),
            written=written,
            calls=session.calls - calls,
            seconds=watch.phases,
        )


def map_teams(session: SyncSession) -> MappingReport:
    """Brings the season's teams of the last scan into ShotSpot's `teams`, with their mappings, in one transaction."""
    return map_entity(session, "teams", team_mappings, read_team_state, plan_teams)
