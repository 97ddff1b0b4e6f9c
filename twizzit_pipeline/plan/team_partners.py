"""Teams that are mapped, or get a row of their own, although another team of ShotSpot's may be the right one. Pure.

Asked is about teams of the same club, of the season or of none, whose names are spellings of one (`loose_name`).
"""

from collections.abc import Iterable, Sequence
from functools import partial

from twizzit_pipeline.plan import Failed
from twizzit_pipeline.plan.ownership import same_organization
from twizzit_pipeline.plan.partners import Asked, Looking, Partner, Partners, asked, in_doubt
from twizzit_pipeline.plan.pending_teams import PendingTeam
from twizzit_pipeline.plan.rows import LocalTeam
from twizzit_pipeline.plan.states import TeamState
from twizzit_pipeline.plan.team_names import loose_name


def own_mappings(state: TeamState) -> dict[int, str]:
    """Local team → the remote id that the credential itself has mapped to it; others' mappings are theirs."""
    owner = state.owner
    return {
        one.local_id: one.twizzit_id
        for one in state.mappings
        if one.credential_id == owner.credential_id and same_organization(one, owner)
    }


def team_partners(state: TeamState, pending: Sequence[PendingTeam], failed: Iterable[Failed]) -> Partners:
    """What is to be asked about the teams of a plan.

    Args:
        pending: those that are applied, or stay as they are.
        failed: those that are not.
    """
    if not state.season.decides:
        return Partners()
    mapped_to = own_mappings(state)
    spoken_for = {one.row_id for one in pending if one.mapping is None or one.mapping.twizzit_id != one.remote.id}
    clubs = {club.id: club.name for club in state.clubs}

    def place(team: LocalTeam) -> tuple[int, str]:
        return team.club_id, loose_name(team.name, clubs.get(team.club_id, ""))

    # Only rows that a person may choose: not those that a calendar, of this club or another, has as an opponent.
    looks_at_mapped = any(one.mapping is None for one in pending) or any(
        one.is_of_mapped for one in state.decisions.open
    )
    known = [
        team
        for team in state.local
        if (team.id in mapped_to if team.mapped else team.id not in state.opponents)
        and (looks_at_mapped or not team.mapped)
    ]
    club_ids = {team.club_id for team in known}
    looking = Looking(state.decisions, known, place, spoken_for | in_doubt(failed), mapped_to, state.unlisted)
    found: dict[str, Partner] = {}
    for one in pending:
        if one.club_id not in club_ids or not state.rights.may_feed(one.club_id):
            continue
        places = [(one.club_id, loose_name(one.remote.name, clubs.get(one.club_id, "")))]
        asked_of = Asked(one.remote.id, one.row_id, one.action, one.mapping is not None)
        seasons = (one.values["season_id"], None)
        if (partner := looking.at(asked_of, places, partial(_is_of, seasons=seasons))) is not None:
            found[one.remote.id] = partner
    return asked(state.decisions, {one.remote.id for one in pending}, found)


def _is_of(team: LocalTeam, *, seasons: Sequence[object]) -> bool:
    return team.season_id in seasons
