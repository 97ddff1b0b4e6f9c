"""Who is missing from a complete scan, and what Twizzit says when it is asked for them: before anything is written.

What belongs here: whether a scan is evidence at all, whom to ask for, and what the answers come to. What an answer
proves is in the dialect, what becomes of those who are missing in `plan.departures`.

A person is in no team only if two readings of the rosters say so, and say the same: half an answer is not believed.
Only those are asked for of whom nothing is settled, so a run in which no one is missing makes no further call.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select

from twizzit_pipeline import logs
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.plan.departed import Absences, Kind, Missing, Presence
from twizzit_pipeline.runs import deciding_season, seasons
from twizzit_pipeline.runs.details import SEASON_BEFORE_READ
from twizzit_pipeline.runs.entity_counts import EntityCounts
from twizzit_pipeline.runs.season_rows import FILLING_UP
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.storage.tables import sync_history
from twizzit_pipeline.sync.moved_on import moved_on
from twizzit_pipeline.sync.scanned import RostersSeen, TeamsSeen
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.state.missing import days_of, due_again, is_open, missing, stood_before
from twizzit_pipeline.sync.staying import find_staying
from twizzit_pipeline.twizzit.records import Asked, Season
from twizzit_pipeline.twizzit.source import Source

_log = logs.logger(__name__)

_ONCE_A_DAY = timedelta(days=1)
_MOST_TEAMS = 100  # all of whose rosters are read a second time; of more, those of the teams concerned
_MOST_DUE = 50
_KIND: dict[Presence, Kind] = {"present": "no_team", "absent": "gone", "unproved": "unproved"}


def find_absences(session: SyncSession, season: SeasonRow, counts: EntityCounts) -> None:
    """Finds out about the teams and players that this run's scans did not list, and about those whom they list in
    another team than before, and leaves it with the session.

    Who is missing is found by complete scans alone. An error proves nothing, and ends no sync.
    """
    session.absences.pop("teams", None)
    session.absences.pop("players", None)
    session.stay = {}
    teams, rosters = session.scanned.teams, session.scanned.rosters
    if rosters is None or not any(rosters.playing.values()) or not _decides(session, season):
        return
    unlisted: dict[str, Presence] = {}
    if teams is not None and not rosters.failed and session.narrowing.reads_all:
        try:
            unlisted = _of_teams(session, season, teams, rosters)
            _of_players(session, season, counts, teams, rosters, unlisted)
        except TwizzitPipelineError as error:
            _log.warning("departures not looked at", error=type(error).__name__)
    session.stay = find_staying(session, season, rosters, unlisted)


def find_missing_matches(session: SyncSession, season: SeasonRow) -> None:
    """Finds out about the matches that this run's scan did not list, and leaves it with the session."""
    session.absences.pop("matches", None)
    seen = session.scanned.matches
    if seen is None or not seen.days or not session.narrowing.reads_all or not _decides(session, season):
        return
    source = session.client.source
    grace = datetime.now(UTC) - timedelta(days=session.settings.departure_grace_days)
    with session.reading() as connection:
        found = missing(connection, session.owner, "matches", season.id, season.label)
        asked = [one for one in found if one.twizzit_id not in seen.others and is_open(one, grace)]
        days = days_of(connection, {one.twizzit_id: one.local_id for one in asked})
    to_ask = {one: days[one] for one in _to_ask(source, asked) if one in days}
    said: dict[str, Presence] = dict.fromkeys(days, "unproved")
    try:
        said |= source.matches_still_listed(season.record, to_ask, seen.days) if to_ask else {}
    except TwizzitPipelineError as error:
        _log.warning("departures not looked at", error=type(error).__name__)
        return
    session.absences["matches"] = Absences(source.can_prove_absence, _kinds(said))


def _to_ask(source: Source, found: Iterable[Missing]) -> list[str]:
    """Those of the missing whom Twizzit is asked about.

    An account that cannot be asked for an id is read a second time, for those whose departure a person has approved:
    it is about to be done, and they may have been back since.
    """
    return [one.twizzit_id for one in found if source.can_prove_absence or one.is_approved]


def _said(source: Source, what: Asked, found: Sequence[Missing], known: Collection[str]) -> dict[str, Presence]:
    asked = _to_ask(source, found)
    said: dict[str, Presence] = {one.twizzit_id: "unproved" for one in found}
    return said | (source.still_listed(what, asked, known) if asked else {})


def _kinds(said: Mapping[str, Presence]) -> dict[str, Kind]:
    return {one: _KIND[presence] for one, presence in said.items() if presence != "present"}


def _decides(session: SyncSession, season: SeasonRow) -> bool:
    with session.reading() as connection:
        return deciding_season.decides(
            connection, session.credential.id, season, day=session.day, season_start=session.settings.season_start
        )


def _of_teams(session: SyncSession, season: SeasonRow, seen: TeamsSeen, rosters: RostersSeen) -> dict[str, Presence]:
    """What is said of each team that is mapped and not in the snapshot, those that wait for a person too.

    One that was listed and set aside is there: what one answer made of it is no evidence about its players.
    """
    source = session.client.source
    with session.reading() as connection:
        found = missing(connection, session.owner, "teams", season.id, season.label)
    aside: dict[str, Presence] = {one.twizzit_id: "present" for one in found if one.twizzit_id in seen.others}
    found = [one for one in found if one.twizzit_id not in aside]
    said = _said(source, "teams", [one for one in found if is_open(one, datetime.now(UTC))], seen.kept)
    unproved = [] if source.can_prove_absence else [one for one in found if said.get(one.twizzit_id) != "present"]
    session.absences["teams"] = Absences(
        source.can_prove_absence, _kinds(said), moved_on=moved_on(session, season, unproved, rosters)
    )
    return {**aside, **{one.twizzit_id: "unproved" for one in found}, **said}


def _of_players(
    session: SyncSession,
    season: SeasonRow,
    counts: EntityCounts,
    teams: TeamsSeen,
    rosters: RostersSeen,
    unlisted: dict[str, Presence],
) -> None:
    source = session.client.source
    grace = datetime.now(UTC) - timedelta(days=session.settings.departure_grace_days)
    with session.reading() as connection:
        found = missing(connection, session.owner, "players", season.id, season.label)
        due = due_again(connection, session.owner, "players", season.id, before=grace)[:_MOST_DUE]
        unclear = {team for team, said in unlisted.items() if said == "unproved" and source.can_prove_absence}
        found = [
            one
            for one in found
            if one.twizzit_id not in rosters.unknown
            and str(one.base.get("twizzit_team_id")) not in rosters.unknown_teams | unclear
            and is_open(one, grace)
        ]
        before = _season_before(connection, session, season)
        stood = stood_before(connection, session.owner, before.id, [one.twizzit_id for one in found]) if before else {}
    if stood and before is not None:
        stayed = _still_standing(session, before, counts, stood)
        found = [one for one in found if one.twizzit_id not in stayed]
    absences = Absences(source.can_prove_absence)
    if found and not source.can_prove_absence:
        absences = Absences(False, _kinds(_said(source, "people", found, rosters.known)))
    elif found:
        present = [team for team, said in unlisted.items() if said == "present"]
        present += _back_again(source, found, teams, unlisted)
        asked = session.absences["teams"].kinds
        doubtful = [team for team, kind in asked.items() if kind == "unproved"]
        kinds = proved(source, season.record, found, teams, rosters, present, rosters.known, doubtful)
        absences = Absences(True, kinds)
    session.absences["players"] = absences
    if due and source.can_prove_absence:
        said = source.still_listed("people", [one.departure.twizzit_id for one in due], rosters.known)
        session.absences["players"] = Absences(True, absences.kinds, said)


def _back_again(source: Source, found: Sequence[Missing], teams: TeamsSeen, unlisted: Collection[str]) -> list[str]:
    """The teams of these people that left some time ago, and that Twizzit says are there, though the scan saw none:
    a list whose rows move while it is read leaves one out now and then.
    """
    left = {str(one.base["twizzit_team_id"]) for one in found if one.base.get("twizzit_team_id") is not None}
    left -= {*teams.kept, *teams.rejected, *teams.others, *unlisted}
    said = source.still_listed("teams", sorted(left), teams.kept) if left else {}
    return [team for team, presence in said.items() if presence == "present"]


def proved(
    source: Source,
    season: Season,
    found: Sequence[Missing],
    teams: TeamsSeen,
    rosters: RostersSeen,
    present: Collection[str],
    known: Collection[str],
    doubtful: Collection[str] = (),
) -> dict[str, Kind]:
    """What Twizzit says of those who are in no team, by a second reading of the rosters; nothing where it differs.

    Args:
        found: who is missing.
        doubtful: teams that the scan did not list, and of which nothing is proved: a contact may be in one of them.
        present: teams that are there, and whose rosters the scan did not read.
        known: people who are certain to exist, as the scan saw them.
    """
    asked = _to_read_again(found, teams, rosters)
    unread = {*present, *teams.rejected} - asked
    again, once = source.playing(asked | unread, season), source.playing(unread, season) if unread else {}
    first = {**{team: rosters.playing[team] for team in asked}, **once}
    if any(again[team] != players for team, players in first.items()):
        _log.warning("departures not looked at: two readings of the rosters differ")
        return {}
    playing = {person for players in again.values() for person in players}
    away = [one.twizzit_id for one in found if one.twizzit_id not in playing]
    kinds: dict[str, Kind] = {one: "no_team" for one in away if one in rosters.aside}
    others = [one for one in away if one not in rosters.aside]
    said = source.still_listed("people", others, known) if others else {}
    kinds |= {one: _KIND[presence] for one, presence in said.items()}
    if doubtful:
        return {one: "unproved" if kind == "no_team" else kind for one, kind in kinds.items()}
    if "no_team" not in kinds.values():
        return kinds
    there = _in_unseen_teams(source, season, {*teams.kept, *teams.others, *again})
    return {one: kind for one, kind in kinds.items() if kind != "no_team" or one not in there}


def _in_unseen_teams(source: Source, season: Season, seen: Collection[str]) -> set[str]:
    """Who plays in teams that Twizzit lists and the scan did not see: new ones, whose rows moved while it read them."""
    unseen = {str(team.id) for team in source.teams(season).teams} - {*seen}
    if not unseen:
        return set()
    readings = (source.playing(unseen, season), source.playing(unseen, season))  # half of one would miss people
    return {person for reading in readings for players in reading.values() for person in players}


def _to_read_again(found: Iterable[Missing], teams: TeamsSeen, rosters: RostersSeen) -> set[str]:
    listed = {team for team in rosters.playing if team in teams.kept}
    if len(listed) <= _MOST_TEAMS:
        return listed
    return listed & {str(one.base.get("twizzit_team_id")) for one in found}


def _season_before(connection: Connection, session: SyncSession, season: SeasonRow) -> SeasonRow | None:
    """The season before this one, in the weeks in which this one fills up."""
    if session.day >= season.start_date + FILLING_UP:
        return None
    known = seasons.known(connection, session.credential.id, session.settings.season_start)
    earlier = [one for one in known if (one.start_date, one.id) < (season.start_date, season.id)]
    listed = [one for one in earlier if one.unlisted_since is None]
    return next(reversed(listed or earlier), None)


def _still_standing(
    session: SyncSession, before: SeasonRow, counts: EntityCounts, stood: dict[str, set[str]]
) -> set[str]:
    """Those who stand in a team of the season before: as its last scan saw it, and once a day as Twizzit says."""
    source = session.client.source
    moment, row = func.timezone("utc", func.statement_timestamp()), sync_history.c
    looked = select(row.id).where(
        row.credential_id == session.credential.id,
        row.sync_type == "players",
        row.started_at.between(moment - _ONCE_A_DAY, moment),  # one that lies ahead is of before the clock was put back
        row.details.has_key(SEASON_BEFORE_READ),
    )
    with session.reading() as connection:
        if not source.can_prove_absence or connection.execute(looked.limit(1)).first() is not None:
            return set(stood)
    now = source.playing({team for teams in stood.values() for team in teams}, before.record)
    counts.details[SEASON_BEFORE_READ] = True
    return set(stood) & {person for players in now.values() for person in players}
