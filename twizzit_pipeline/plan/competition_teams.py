"""Which teams a competition lacks in ShotSpot, whose league table is made from them: those that play its games.

Teams are added and never taken away, and what ShotSpot's people say of them (seed, group, elimination) is theirs.
"""

from collections.abc import Iterable, Sequence

from twizzit_pipeline.plan import Change
from twizzit_pipeline.plan.states import MatchState


def plan_competition_teams(state: MatchState, changes: Sequence[Change]) -> list[Change]:
    """The rows to add, given what becomes of the season's games.

    Only competitions of the credential get any, and only from games that this season lists and that are mapped.
    """
    if state.competition_teams is None:
        return []
    theirs = set(state.competitions.values())
    wanted = dict.fromkeys(
        (competition_id, team_id)
        for competition_id, *teams in _games(state, changes)
        for team_id in teams
        if competition_id in theirs and team_id is not None
    )
    missing = [pair for pair in wanted if pair not in state.competition_teams]
    return [
        Change("competition_teams", "create", -1 - place, None, {"competition_id": competition_id, "team_id": team_id})
        for place, (competition_id, team_id) in enumerate(missing)
    ]


def _games(state: MatchState, changes: Sequence[Change]) -> Iterable[tuple[object, object, object]]:
    """(competition, home team, away team) of each mapped game that the season lists, as it will be."""
    changed = {change.twizzit_id: change for change in changes}
    games = {game.id: game for game in state.games}
    listed = {remote.id for remote in state.remote}
    for mapping in state.mappings:
        owned = mapping.credential_id == state.owner.credential_id
        if owned and mapping.twizzit_id in listed and mapping.twizzit_id not in changed:
            game = games[mapping.local_id]
            yield game.competition_id, game.home_team_id, game.away_team_id
    for change in changes:
        yield change.values["competition_id"], change.values["home_team_id"], change.values["away_team_id"]
