"""Own teams that a season does not list, in its matches. Pure.

The days of an indoor season are the outdoor one's as well, so that both seasons' calendars list its matches; but an
event names a group of the one, which is no group of the other, and there its team is known by its name alone.
"""

from dataclasses import replace

from twizzit_pipeline.plan.games import last_said, match_name
from twizzit_pipeline.plan.ownership import by_remote_id
from twizzit_pipeline.plan.rows import MappingRow, RemoteMatch
from twizzit_pipeline.plan.states import MatchState


def with_known_sides(state: MatchState) -> MatchState:
    """The state with the ids that an earlier scan said of matches that are, by name and time, as they were."""
    mappings = by_remote_id(state.mappings, state.owner)
    remote = [_known(state, one, mappings.get(one.id)) for one in state.remote]
    return state if remote == state.remote else replace(state, remote=remote)


def _known(state: MatchState, remote: RemoteMatch, mapping: MappingRow | None) -> RemoteMatch:
    base = None if mapping is None else mapping.last_values
    if mapping is None or base is None or mapping.twizzit_name != match_name(remote):
        return remote
    if (last_said(base) or {}).get("date") != remote.starts_at:
        return remote
    home = remote.home_team_id or _not_listed(state, base.get("home"))
    away = remote.away_team_id or _not_listed(state, base.get("away"))
    if (home, away) == (remote.home_team_id, remote.away_team_id):  # as mostly, and there are thousands
        return remote
    return replace(remote, home_team_id=home, away_team_id=away)


def _not_listed(state: MatchState, side: object) -> str | None:
    """The id of a side as the base has it, where that is an own team's which this season does not list."""
    return side if isinstance(side, str) and side in state.own and side not in state.listed else None
