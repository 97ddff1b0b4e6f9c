"""Who stays in their team although a scan lists them in another one alone: half an answer moves no one.

What belongs here: whom a scan would move, and the second look at the teams that they would leave. What becomes of those
who stay is in `plan.players`; who is in no team at all is in `absence`.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from twizzit_pipeline import logs
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.plan.departed import Presence
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.sync.scanned import RostersSeen
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.state.missing import is_open, listed_elsewhere, listed_of, missing
from twizzit_pipeline.twizzit.records import Season
from twizzit_pipeline.twizzit.source import Source

_log = logs.logger(__name__)


def find_staying(
    session: SyncSession, season: SeasonRow, rosters: RostersSeen, said: Mapping[str, Presence]
) -> dict[str, str]:
    """Remote id of each person who stays → the remote team in which the last sync had them.

    They leave a team whose roster, read once more, is the same and lacks them, and one that is not asked for: it is
    proved to be gone, of another season, not mapped any more, or a person decides about it. An error proves nothing.
    A roster that this run did not read is read twice.

    Args:
        said: what is known of the mapped teams that the snapshot lacks; one that was listed and set aside is present.
            Where the scan was not complete, nothing is known of them.
    """
    source = session.client.source
    if not source.can_prove_absence:
        return {}
    with session.reading() as connection:
        moving = listed_elsewhere(connection, session.owner, season.id)
    left = set(moving.values())
    read = left & rosters.playing.keys()
    unread = {team for team in left - read if said.get(team) == "present"}
    others = left - read - unread - {team for team, presence in said.items() if presence == "absent"}
    listed, doubtful = _listed_or_unproved(session, season, others) if others else (set[str](), set[str]())
    unread |= listed
    there = _read_again(source, season.record, read, unread, rosters)
    stay = {
        person: team
        for person, team in moving.items()
        if team in doubtful or (team in read | unread and (team not in there or person in there[team]))
    }
    if stay:
        _log.warning("players stay in their team: not proved that they left it", players=len(stay))
    return stay


def _listed_or_unproved(session: SyncSession, season: SeasonRow, teams: Collection[str]) -> tuple[set[str], set[str]]:
    """Those of the teams that the last scan lists; and those that are mapped in this season and that it does not list,
    of which nothing is proved and no person has decided.
    """
    owner = session.owner
    with session.reading() as connection:
        listed = listed_of(connection, "teams", owner, season.id, teams)
        found = missing(connection, owner, "teams", season.id, season.label)
    return listed, {one.twizzit_id for one in found if is_open(one, datetime.now(UTC))} & set(teams)


def _read_again(
    source: Source, season: Season, read: Collection[str], unread: Collection[str], rosters: RostersSeen
) -> dict[str, frozenset[str]]:
    """Who plays in each of these teams, of those of which two readings say the same."""
    if not read and not unread:
        return {}
    try:
        again = source.playing({*read, *unread}, season)
        first = {**rosters.playing, **(source.playing(unread, season) if unread else {})}
    except TwizzitPipelineError as error:
        _log.warning("departures not looked at", error=type(error).__name__)
        return {}
    return {team: players for team, players in again.items() if players == first[team]}
