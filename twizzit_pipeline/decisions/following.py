"""Who goes along with a team whose mapping names another row: its players, and its games to come.

They are those that the next sync would take along (`sync.state.left_behind`), by the same plans; all else that these
would do is left to it.
"""

from collections.abc import Collection

from twizzit_pipeline.decisions.opening import Deciding
from twizzit_pipeline.decisions.scanned import Scanned
from twizzit_pipeline.plan import Change, Plan
from twizzit_pipeline.plan.states import MatchState
from twizzit_pipeline.sync.apply import apply

_SIDES = ("home_team_id", "away_team_id")


def follow(deciding: Deciding, scanned: Scanned, team_ids: Collection[int]) -> dict[str, int]:
    """Brings the players and games that stand in these rows of ShotSpot to where the mappings say by now.

    Returns: table → how many of its rows.
    """
    plans = (_players(deciding, scanned, team_ids), _games(deciding, scanned, team_ids))
    for plan in plans:
        apply(deciding.connection, plan, credential_id=deciding.credential.id, history_id=deciding.history_id)
    return {str(plan.table): sum(change.table == plan.table for change in plan.changes) for plan in plans}


def _players(deciding: Deciding, scanned: Scanned, team_ids: Collection[int]) -> Plan:
    state = scanned.players(deciding, whole=False)
    left = {one.id for one in state.local if one.id in state.left_behind and one.team_id in team_ids}
    whole = scanned.plan("players", state)
    return Plan("players", changes=[one for one in whole.changes if one.row_id in left and "team_id" in one.changed])


def _games(deciding: Deciding, scanned: Scanned, team_ids: Collection[int]) -> Plan:
    state: MatchState = scanned.state(deciding, "matches")
    sides = dict(state.left_behind)
    left = {one.id for one in state.games if one.id in sides and {one.home_team_id, one.away_team_id} & set(team_ids)}
    if not left:
        return Plan("matches")
    whole = scanned.plan("matches", state)
    games = [one for one in whole.changes if one.table == whole.table and one.row_id in left and _moves(one)]
    playing = {(one.values["competition_id"], one.values[side]) for one in games for side in _SIDES}
    beside = [
        one
        for one in whole.changes
        if one.table == "competition_teams" and (one.values["competition_id"], one.values["team_id"]) in playing
    ]
    return Plan("matches", changes=[*games, *beside])


def _moves(change: Change) -> bool:
    return any(side in change.changed for side in _SIDES)
