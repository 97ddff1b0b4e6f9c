"""The matches of a season, from Twizzit into ShotSpot's games: scan, then map."""

from datetime import UTC, datetime

from twizzit_pipeline.contracts.checked import Checked
from twizzit_pipeline.contracts.matches import check_matches
from twizzit_pipeline.entities import MATCHES
from twizzit_pipeline.plan.matches import plan_matches
from twizzit_pipeline.runs.details import EVENT_TYPES
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.sync import unknown_words
from twizzit_pipeline.sync.absence import find_missing_matches
from twizzit_pipeline.sync.entities.calendar import read_calendar
from twizzit_pipeline.sync.mapping import EntityPlan, map_entity
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.scan import Read, scan_entity
from twizzit_pipeline.sync.scanned import MatchesSeen
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.state.calendar import read_match_state
from twizzit_pipeline.sync.timing import Stopwatch
from twizzit_pipeline.sync.unread_values import UnreadValues
from twizzit_pipeline.transform.kick_off import belgian_day
from twizzit_pipeline.transform.matches import matches_frame
from twizzit_pipeline.twizzit.records import Calendar

_MAY_HAVE_A_RESULT = ("scheduled", "completed")  # the one is what a match without a readable score comes as
PLANNED = EntityPlan(MATCHES, read_match_state, plan_matches)


def scan_matches(session: SyncSession) -> ScanReport:
    """Reads the season's matches, judges them, and writes the valid ones to `twizzit_matches`.

    Raises:
        TwizzitPipelineError: any leaf; nothing was written to the snapshot then.
    """

    def read(season: SeasonRow, watch: Stopwatch) -> Read:
        session.progress("Reading matches")
        calendar = read_calendar(session, season)
        watch.lap("fetch")
        frame = matches_frame(calendar.matches, now=datetime.now(UTC), meanings=session.client.meanings)
        checked = check_matches(frame, season_start=season.start_date, season_end=season.end_date)
        session.scanned.matches = _seen(calendar, checked)
        watch.lap("validate")
        types = {"read": list(calendar.types_read), "not_read": list(calendar.types_not_read)}
        details: dict[str, object] = {EVENT_TYPES: types} if any(types.values()) else {}
        known = zip(calendar.matches, frame["status_known"], strict=True)
        details |= unknown_words.as_details("statuses", (match.status for match, is_known in known if not is_known))
        return Read(checked, set_aside=calendar.set_aside, unread_values=_unread(checked), details=details)

    return scan_entity(session, MATCHES, read, lambda season, _: find_missing_matches(session, season))


def _seen(calendar: Calendar, checked: Checked) -> MatchesSeen | None:
    """The evidence of what is missing; None where a match has no id, which may be any other."""
    ids, moments = (checked.valid[name].tolist() for name in ("twizzit_match_id", "starts_at"))
    days = {str(id_): belgian_day(moment) for id_, moment in zip(ids, moments, strict=True)}
    found = {match.id for match in calendar.matches} | {row.id for row in calendar.set_aside}
    return None if None in found else MatchesSeen(days, frozenset(map(str, found)) - days.keys())


def _unread(checked: Checked) -> list[UnreadValues]:
    """Series; and scores of matches that are not off: what the snapshot has of a result is of the match as it was
    played then.
    """
    on = checked.valid.loc[checked.valid["status"].isin(_MAY_HAVE_A_RESULT), "twizzit_match_id"]
    ids = checked.warned("score_readable") & frozenset(on.tolist())
    return [
        UnreadValues(("home_score", "away_score", "status"), ids, alike=("starts_at",)),
        UnreadValues(("twizzit_competition_id",), checked.warned("series_readable")),
    ]


def map_matches(session: SyncSession) -> MappingReport:
    """Brings the season's matches of the last scan into ShotSpot's `games`, with their opponents and mappings."""
    return map_entity(session, PLANNED)
