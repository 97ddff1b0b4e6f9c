"""Reads who stands in a team that a mapping named before people corrected it, so that they follow it.

Only those whom a sync put there, or found there, and whom no person has moved since. The journal is asked only where a
player or a game stands elsewhere than where the mapping of their team says.
"""

from collections.abc import Collection, Mapping, Set

from sqlalchemy import ColumnElement, Connection, Table, select

from twizzit_pipeline.plan.states import MatchState
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import games, player_mappings, players, team_mappings
from twizzit_pipeline.sync.state.journalled import journalled

_SIDES = ("home_team_id", "away_team_id")
_RESOLVE = "resolve"  # the action of what a person decided


def players_left_behind(connection: Connection, owned: ColumnElement[bool]) -> dict[int, str]:
    """Local player → remote id of those who stand in a team that the mapping of their team named before.

    Args:
        owned: which mappings of players are the owner's.
    """
    wanted = (
        select(players.c.id, players.c.team_id, team_mappings.c.id.label("mapping_id"), remote_id(player_mappings))
        .join(player_mappings, player_mappings.c.local_player_id == players.c.id)
        .join(team_mappings, team_mappings.c.id == player_mappings.c.team_mapping_id)
        .where(owned, players.c.team_id != team_mappings.c.local_team_id)
    )
    elsewhere = connection.execute(wanted).all()
    before = _named_before(connection, {row.mapping_id for row in elsewhere})
    there = {row.id: row.team_id for row in elsewhere if row.team_id in before.get(row.mapping_id, ())}
    moved = _moved_since(connection, players, "team_id", there)
    return {row[0]: row[3] for row in elsewhere if row.id in there and row.id not in moved}


def sides_left_behind(connection: Connection, state: MatchState) -> set[tuple[int, str]]:
    """Game and column of the sides that are a team which the mapping of an own team named before."""
    own = {mapped.team_id: mapped for mapped in state.own.values()}
    clubs = {mapped.club_id for mapped in own.values()}
    local = {game.id: game for game in state.games}
    remote = {match.id: match for match in state.remote}
    elsewhere: dict[str, dict[int, int]] = {column: {} for column in _SIDES}
    for mapping in state.mappings:
        game, match = local.get(mapping.local_id), remote.get(mapping.twizzit_id)
        for column in _SIDES if game is not None and match is not None else ():
            team_id, club_id = getattr(game, column), getattr(game, column.replace("team", "club"))
            named = state.own.get(getattr(match, column) or "")
            stands = named.team_id == team_id if named is not None else team_id in own or club_id not in clubs
            if team_id is not None and not stands:
                elsewhere[column][mapping.local_id] = team_id
    found = any(elsewhere.values())
    before = _named_before(connection, {mapped.mapping_id for mapped in own.values()} if found else ())
    was = {team_id for earlier in before.values() for team_id in earlier}
    left: set[tuple[int, str]] = set()
    for column, teams in elsewhere.items():
        there = {game_id: team_id for game_id, team_id in teams.items() if team_id in was}
        left |= {(game_id, column) for game_id in there.keys() - _moved_since(connection, games, column, there)}
    return left


def _named_before(connection: Connection, mapping_ids: Collection[int]) -> Mapping[int, Set[int]]:
    """Team mapping → the teams that it named when a sync wrote it."""
    found: dict[int, set[int]] = {}
    for mapping_id, team_id, _ in journalled(connection, team_mappings, "local_team_id", mapping_ids):
        found.setdefault(mapping_id, set()).add(int(team_id))
    return found


def _moved_since(connection: Connection, table: Table, column: str, there: Mapping[int, int]) -> set[int]:
    """Those of the rows (row → its team) that a sync last put elsewhere, or a person's decision there."""
    last = {row_id: said for row_id, *said in journalled(connection, table, column, there)}
    return {row_id for row_id, (team, action) in last.items() if team != str(there[row_id]) or action == _RESOLVE}
