"""The teams of a season, from Twizzit into ShotSpot: scan, then map."""

from twizzit_pipeline.contracts.checked import Checked
from twizzit_pipeline.contracts.teams import check_teams
from twizzit_pipeline.entities import TEAMS
from twizzit_pipeline.plan.teams import plan_teams
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.sync.mapping import EntityPlan, map_entity
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.scan import Read, scan_entity
from twizzit_pipeline.sync.scanned import TeamsSeen
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.state.teams_and_players import read_team_state
from twizzit_pipeline.sync.timing import Stopwatch
from twizzit_pipeline.transform.teams import teams_frame
from twizzit_pipeline.twizzit.records import Teams

PLANNED = EntityPlan(TEAMS, read_team_state, plan_teams)


def _seen(checked: Checked, listed: Teams) -> TeamsSeen | None:
    """The evidence of who is missing; None where a row has no id, which may be any team's."""
    kept = frozenset(map(str, checked.valid["twizzit_team_id"].tolist()))
    found = {team.id for team in listed.teams} | {row.id for row in listed.set_aside}
    rejected = frozenset(checked.rejected_ids)
    return None if None in found else TeamsSeen(kept, rejected, frozenset(map(str, found)) - kept)


def scan_teams(session: SyncSession) -> ScanReport:
    """Reads the season's teams, judges them, and writes the valid ones to `twizzit_teams`.

    Raises:
        TwizzitPipelineError: any leaf; nothing was written to the snapshot then.
    """

    def read(season: SeasonRow, watch: Stopwatch) -> Read:
        session.progress("Reading teams")
        narrowing = session.narrowing
        listed = session.client.source.teams(season.record)
        remote = [team for team in listed.teams if narrowing.concerns(team.id)]
        watch.lap("fetch")
        checked = check_teams(teams_frame(remote))
        session.scanned.teams = _seen(checked, listed)
        watch.lap("validate")
        return Read(checked, set_aside=listed.set_aside, found=bool(remote))

    return scan_entity(session, TEAMS, read)


def map_teams(session: SyncSession) -> MappingReport:
    """Brings the season's teams of the last scan into ShotSpot's `teams`, with their mappings, in one transaction."""
    return map_entity(session, PLANNED)
