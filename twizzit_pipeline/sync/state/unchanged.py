"""The players for whom a plan would do nothing, found by PostgreSQL, so that only the others are read.

What belongs here: a condition that is at least as strict as the rules of `plan.players`, which stay the only place
where anything is decided: of whom this leaves out, the plan would say "unchanged" and nothing else, whatever the others
are (`tests/integration/sync/test_unchanged_players.py` compares the two). In doubt a player is read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnElement, Connection, Subquery, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from twizzit_pipeline.plan.club_rights import ClubRights
from twizzit_pipeline.plan.rows import SAID_OF_PLAYER, Owner
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import player_mappings, players, team_mappings, twizzit_players, twizzit_teams

_TEAM = "twizzit_team_id"

# Whom the statement is about: it is put together once for all owners and seasons.
_CREDENTIAL: BindParameter[Any] = bindparam("credential_id")
_SEASON: BindParameter[Any] = bindparam("season_id")
_HOST: BindParameter[Any] = bindparam("host")
_DIALECT: BindParameter[Any] = bindparam("dialect")
_ORGANIZATION: BindParameter[Any] = bindparam("organization_id")
_CALLED: BindParameter[Any] = bindparam("called")


@dataclass(frozen=True, slots=True)
class Unchanged:
    """How many people are as they should be, and the remote ids of all others."""

    count: int
    others: Sequence[str]


def unchanged_players(
    connection: Connection, owner: Owner, season_id: int, rights: ClubRights, *, besides: Collection[str] = ()
) -> Unchanged:
    """Looks at each person of a scan (`season_id`: of `twizzit_seasons`).

    For an ordinary sync of all people in the deciding season, since which ShotSpot's own integration has not synced.

    Args:
        besides: remote ids of people who are to be read: a plan may settle what is asked about them.
    """
    by_person = _by_person(owner.organization_id is not None, rights.is_federation)
    ids = func.array_agg(aggregate_order_by(by_person.c.person, by_person.c.person))
    unchanged: ColumnElement[bool] = by_person.c.unchanged
    if besides:
        unchanged = and_(unchanged, ~among(by_person.c.person, sorted(besides)))
    of = {
        "credential_id": owner.credential_id,
        "season_id": season_id,
        "host": owner.host,
        "dialect": owner.dialect,
        "organization_id": owner.organization_id,
        "called": owner.organization_name,
    }
    count, others = connection.execute(select(func.count().filter(unchanged), ids.filter(~unchanged)), of).one()
    return Unchanged(count, others or ())


@cache
def _by_person(has_organization: bool, is_federation: bool) -> Subquery:
    """Remote id → whether that person's mapping, base, team and club leave a plan nothing to do.

    Of a person in several teams each row must say the same, and they must be in the team that the base names.
    """
    seen, mapping, team = twizzit_players, player_mappings, team_mappings
    base = sa.case((func.jsonb_typeof(mapping.c.last_values) == "object", mapping.c.last_values))
    rows = (
        select(
            seen.c.twizzit_player_id.label("person"),
            (base.op("-", return_type=JSONB())(sa.literal(_TEAM, sa.Text)) == _said(seen.c)).label("same"),
            and_(
                base[_TEAM].astext == seen.c.twizzit_team_id,
                mapping.c.twizzit_player_name == seen.c.first_name + " " + seen.c.last_name,
                remote_id(team) == seen.c.twizzit_team_id,
                players.c.club_id.is_not(None),
                *_feeds(is_federation),
            ).label("as_left"),
            (players.c.team_id == team.c.local_team_id).label("there"),
        )
        .select_from(
            seen.outerjoin(mapping, _settled(has_organization))
            .outerjoin(players, players.c.id == mapping.c.local_player_id)
            .outerjoin(team, team.c.id == mapping.c.team_mapping_id)
        )
        .where(seen.c.credential_id == _CREDENTIAL, seen.c.season_id == _SEASON)
        .offset(0)  # or PostgreSQL compares with the base once for each place below
        .subquery()
    )
    unchanged = and_(
        func.coalesce(func.bool_or(rows.c.same & rows.c.as_left), False),
        sa.or_(func.count() == 1, func.coalesce(func.bool_and(rows.c.same & rows.c.there), False)),
    )
    return select(rows.c.person, unchanged.label("unchanged")).group_by(rows.c.person).subquery()


def _said(columns: Any) -> ColumnElement[Any]:
    """The base that a sync leaves, without the team; nothing else may stand in it, such as a number withheld."""
    named = [part for name in SAID_OF_PLAYER for part in (sa.literal(name, sa.Text), columns[name])]
    return func.jsonb_build_object(*named, sa.literal("is_active", sa.Text), sa.true(), type_=JSONB)


def _settled(has_organization: bool) -> ColumnElement[bool]:
    """The mapping of a row is the owner's own, as an ordinary sync left it, and no other may be meant."""
    mapping = player_mappings.c
    return and_(
        mapping.twizzit_player_id == twizzit_players.c.twizzit_player_id,
        mapping.twizzit_remote_id.is_(None),
        *_owned(mapping),
        mapping.twizzit_organization_name.is_not_distinct_from(_CALLED),
        mapping.sync_status == "success",
        mapping.sync_error.is_(None),
        mapping.last_synced_at.is_not_distinct_from(mapping.last_synced_seen),
        twizzit_players.c.twizzit_player_id.not_in(_rivals(has_organization)),
    )


def _owned(columns: Any) -> Sequence[ColumnElement[bool]]:
    return (
        columns.credential_id == _CREDENTIAL,
        columns.twizzit_host == _HOST,
        columns.twizzit_dialect == _DIALECT,
        columns.twizzit_organization_id.is_not_distinct_from(_ORGANIZATION),
    )


def _rivals(has_organization: bool) -> Any:
    """Remote ids that a further mapping of the same host and dialect may mean as well."""
    named, stood_in = player_mappings.alias(), player_mappings.alias()
    same = [(one.c.twizzit_host == _HOST) & (one.c.twizzit_dialect == _DIALECT) for one in (named, stood_in)]
    has_no_id = named.c.twizzit_organization_id.is_(None)
    return sa.union_all(
        select(named.c.twizzit_player_id).where(same[0], has_no_id if has_organization else ~has_no_id),
        select(stood_in.c.twizzit_remote_id).where(same[1], stood_in.c.twizzit_remote_id.is_not(None)),
    )


def _feeds(is_federation: bool) -> Sequence[ColumnElement[bool]]:
    """The team is the owner's own; where it names a club, only a federation's is sure to be fed."""
    listed = twizzit_teams.c
    naming = select(listed.twizzit_team_id).where(
        listed.credential_id == _CREDENTIAL, listed.season_id == _SEASON, listed.club_name.is_not(None)
    )
    owned = _owned(team_mappings.c)
    return owned if is_federation else (*owned, twizzit_players.c.twizzit_team_id.not_in(naming))
