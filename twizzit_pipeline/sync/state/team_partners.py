"""Reads what a plan needs to ask which of several teams of ShotSpot's one is: which may not be, and what is decided.

What belongs here: looking. What is asked is decided by `plan.team_partners`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, cast, select
from sqlalchemy.types import Integer

from twizzit_pipeline.plan.decisions import Decisions
from twizzit_pipeline.plan.rows import LocalTeam, MappingRow
from twizzit_pipeline.plan.states import TeamState
from twizzit_pipeline.plan.team_names import loose_name
from twizzit_pipeline.plan.team_partners import own_mappings
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.tables import opponents, sync_changes, team_mappings
from twizzit_pipeline.sync.state.partners import standing


def with_partners(connection: Connection, state: TeamState) -> TeamState:
    """The state of the deciding season with what is to be known to ask about teams that may be other rows."""
    listed = {team.id for team in state.remote}
    mapped_to = own_mappings(state)
    unmapped = [team for team in state.local if not team.mapped]
    kept = opponents_among(connection, unmapped)
    return replace(
        state,
        decisions=_with_corrected(
            connection,
            replace(state, decisions=standing(state.decisions, listed)),
            [team for team in unmapped if team.is_active is not False and team.id not in kept],
        ),
        unlisted={local_id for local_id, twizzit_id in mapped_to.items() if twizzit_id not in listed},
        opponents=kept,
    )


def opponents_among(connection: Connection, teams: Iterable[LocalTeam]) -> set[int]:
    """Those of the teams that a calendar, of any club, has as an opponent."""
    ids = sorted(team.id for team in teams)
    wanted = select(opponents.c.team_id).where(among(opponents.c.team_id, ids))
    return set(connection.scalars(wanted)) if ids else set()


def _with_corrected(connection: Connection, state: TeamState, free: Collection[LocalTeam]) -> Decisions:
    """The decisions, and as decided besides what people corrected by hand: the team that a mapping named before, and
    who else may be the team that it names now.

    A mapping was corrected where it names another team than the last one that was written down.
    """
    mappings = {one.id: one for one in _in_question(state, free)}
    decisions = state.decisions
    pairs: dict[tuple[str, int], bool] = {}
    for mapping_id, was in _written(connection, mappings).items():
        mapping = mappings[mapping_id]
        if was[-1] != mapping.local_id:
            pairs |= {(mapping.twizzit_id, earlier): False for earlier in was}
            pairs |= {(one.id, mapping.local_id): False for one in state.remote if one.id != mapping.twizzit_id}
    return replace(decisions, pairs={**pairs, **decisions.pairs}) if pairs else decisions


def _in_question(state: TeamState, free: Collection[LocalTeam]) -> list[MappingRow]:
    """The credential's own mappings of teams that are called as one that is free, or as one that is not mapped.

    Without those of which all is decided: the journal is long.
    """
    clubs = {club.id: club.name for club in state.clubs}
    local = {team.id: team for team in state.local}
    remote = {team.id: team for team in state.remote}
    mapped_to = own_mappings(state)
    names: dict[str, set[int]] = defaultdict(set)
    for team in free:
        names[_named(team.name, clubs, team)].add(team.id)
    mapped = set(mapped_to.values())
    new = {
        loose_name(team.name, team.club_name or state.owner.organization_name)
        for team in state.remote
        if team.id not in mapped
    }
    free_in = {team.club_id for team in free}
    found = []
    for one in state.mappings:
        named, said = local.get(one.local_id), remote.get(one.twizzit_id)
        is_own = mapped_to.get(one.local_id) == one.twizzit_id
        if named is None or not is_own or not (new or named.club_id in free_in):
            continue
        ids = () if said is None else names.get(_named(said.name, clubs, named), ())
        is_open = any((one.twizzit_id, local_id) not in state.decisions.pairs for local_id in ids)
        if is_open or (new and _named(named.name, clubs, named) in new):
            found.append(one)
    return found


def _named(name: str, clubs: Mapping[int, str], of: LocalTeam) -> str:
    return loose_name(name, clubs.get(of.club_id, ""))


def _written(connection: Connection, mapping_ids: Iterable[int]) -> dict[int, list[int]]:
    """Mapping → the teams that it named, as it was written down; the latest last."""
    ids = sorted(mapping_ids)
    if not ids:
        return {}
    entry = sync_changes.c
    team: ColumnElement[int] = cast(entry.after["local_team_id"].astext, Integer)
    wanted = select(entry.row_id, team).where(
        entry.table_name == team_mappings.name,
        among(entry.row_id, ids),
        entry.after["local_team_id"].astext.is_not(None),
    )
    found: dict[int, list[int]] = {}
    for mapping_id, team_id in connection.execute(wanted.order_by(entry.id)):
        found.setdefault(mapping_id, []).append(team_id)
    return found
