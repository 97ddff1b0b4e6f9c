"""Teams that an account does not list any more which cannot be asked for an id (v1), while it lists the club's people.

What belongs here: the evidence that the account is the same club's still, and has the team no more. A list of other
teams alone would not say so: v1 does not say whose its answers are, and another club has a U13 as well. That a new team
is that one made anew takes its name, club and season besides (`plan.successors`).
"""

from collections.abc import Sequence

from sqlalchemy import select

from twizzit_pipeline.plan.departed import Missing
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.remote_ids import mapped_to, remote_id
from twizzit_pipeline.storage.tables import player_mappings, team_mappings
from twizzit_pipeline.sync.scanned import RostersSeen
from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.sync.state.mapped import owned_by

_FEWEST = 3  # people who say together which club it is


def moved_on(session: SyncSession, season: SeasonRow, found: Sequence[Missing], rosters: RostersSeen) -> frozenset[str]:
    """Those of the missing teams that a second reading lacks as well, where most people of the club's teams are listed.

    Not one of which a person said that it has not left. The second reading is a call for each page of teams, and none
    where no listed team is new: while a departure waits for a person, nothing is asked each time.

    Raises:
        TwizzitPipelineError: the teams could not be read again.
    """
    asked = {one.twizzit_id for one in found if one.departure is None or one.departure.status != "refused"}
    if not asked or not _has_new(session, rosters) or not _is_same_club(session, {*asked, *rosters.playing}, rosters):
        return frozenset()
    return frozenset(asked - {team.id for team in session.client.source.teams(season.record).teams})


def _has_new(session: SyncSession, rosters: RostersSeen) -> bool:
    """Whether a listed team has no mapping."""
    mapped = select(remote_id(team_mappings)).where(
        owned_by(team_mappings, session.owner), mapped_to(team_mappings, rosters.playing.keys())
    )
    with session.reading() as connection:
        return not rosters.playing.keys() <= set(connection.scalars(mapped))


def _is_same_club(session: SyncSession, team_ids: set[str], rosters: RostersSeen) -> bool:
    """Whether more than half of those who were synced into these teams play in the account's teams now."""
    columns = player_mappings.c
    team = columns.last_values["twizzit_team_id"].astext
    wanted = select(remote_id(player_mappings)).where(
        owned_by(player_mappings, session.owner), among(team, sorted(team_ids))
    )
    with session.reading() as connection:
        people = set(connection.scalars(wanted))
    there = len(people & {person for players in rosters.playing.values() for person in players})
    return there >= _FEWEST and 2 * there > len(people)
