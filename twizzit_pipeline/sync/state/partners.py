"""Reads which people of a scan have the name of a player of ShotSpot's without a mapping, so that a plan looks at them.

What belongs here: a short list of whom a plan may ask something about. Whether it does is decided by `plan.partners`.
Nothing but those players, and the people with such a name, leaves PostgreSQL.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from twizzit_pipeline.plan.decisions import Decisions
from twizzit_pipeline.plan.person_names import local_name, name_key, remote_name
from twizzit_pipeline.plan.rows import MappingRow, Owner
from twizzit_pipeline.plan.states import PlayerState
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.tables import (
    player_mappings,
    players,
    sync_changes,
    team_mappings,
    teams,
    twizzit_players,
)


def standing(decisions: Decisions, listed: Collection[str]) -> Decisions:
    """The decisions, in which of people who are mapped those questions stand whose person the deciding season lists."""
    if not any(one.is_of_mapped for one in decisions.open):
        return decisions
    judged = [replace(one, stands=one.twizzit_id in listed) if one.is_of_mapped else one for one in decisions.open]
    return replace(decisions, open=judged)


def with_corrected(connection: Connection, state: PlayerState, mappings: Iterable[MappingRow]) -> Decisions:
    """The decisions, and as decided besides what people corrected by hand: the row that a mapping named before, and who
    may be the row that it names now.

    Args:
        mappings: those of the players whose name a person has who is not mapped.
    """
    decisions = state.decisions
    free = {local_name(one) for one in state.local if not one.mapped and one.is_active is not False}
    listed = {one.id: remote_name(one) for one in state.remote} if free else {}
    known = {one.id: one for one in mappings} | {
        one.id: one for one in state.mappings if listed.get(one.twizzit_id) in free
    }
    if not known:
        return decisions
    entry = sync_changes.c
    made = select(entry.row_id, entry.after["local_player_id"].astext).where(
        entry.table_name == player_mappings.name,
        among(entry.row_id, sorted(known)),
        entry.after["local_player_id"].astext.is_not(None),
    )
    pairs: dict[tuple[str, int], bool] = {}
    for mapping_id, was in connection.execute(made):
        mapping = known[mapping_id]
        if int(was) != mapping.local_id:
            pairs[mapping.twizzit_id, int(was)] = False
            pairs |= {(one.id, mapping.local_id): False for one in state.remote if one.id != mapping.twizzit_id}
    return replace(decisions, pairs={**pairs, **decisions.pairs}) if pairs else decisions


def called_as_unmapped(
    connection: Connection, owner: Owner, season_id: int, pairs: Mapping[tuple[str, int], bool]
) -> set[str]:
    """The remote ids of people who are called as an active player without a mapping of a club that the owner feeds.

    Args:
        season_id: of `twizzit_seasons`.
        pairs: remote and local ids about which a person has decided already.
    """
    unmapped: dict[str, set[int]] = defaultdict(set)
    for local_id, first_name, last_name in connection.execute(_unmapped(owner)):
        unmapped[name_key(f"{first_name} {last_name}")].add(local_id)
    if not unmapped:
        return set()
    seen = twizzit_players.c
    whole = seen.first_name + " " + seen.last_name
    called = select(seen.twizzit_player_id, whole).where(
        seen.credential_id == owner.credential_id,
        seen.season_id == season_id,
        or_(among(_key(whole), list(unmapped)), whole.regexp_match("[^ -~]")),
    )
    return {
        remote_id
        for remote_id, name in connection.execute(called)
        if any((remote_id, local_id) not in pairs for local_id in unmapped.get(name_key(name), ()))
    }


def _unmapped(owner: Owner) -> Any:
    mapping, team = player_mappings.c, team_mappings.c
    fed = (
        select(teams.c.club_id)
        .join(team_mappings, team.local_team_id == teams.c.id)
        .where(team.credential_id == owner.credential_id)
        .distinct()
    )
    return select(players.c.id, players.c.first_name, players.c.last_name).where(
        and_(
            players.c.club_id.in_(fed),
            players.c.is_active.is_not(False),
            ~exists().where(mapping.local_player_id == players.c.id),
        )
    )


def _key(name: ColumnElement[str]) -> ColumnElement[str]:
    """What `name_key` makes of a name that is ASCII, which PostgreSQL can say as well."""
    plain = func.translate(func.lower(sa.collate(name, "C")), "'`-", "   ")
    return func.btrim(func.regexp_replace(plain, " +", " ", "g"), type_=sa.Text())
