"""Reads, in one transaction, everything that a plan is made from."""

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, DateTime, Table, and_, case, cast, exists, or_, select

from twizzit_pipeline.entities import PLAYERS, TEAMS
from twizzit_pipeline.plan.clubs import ClubNames
from twizzit_pipeline.plan.person_names import local_name, remote_name
from twizzit_pipeline.plan.rows import (
    LocalClub,
    LocalPlayer,
    LocalSeason,
    LocalTeam,
    MappingRow,
    Owner,
    RemotePlayer,
    RemoteTeam,
    WantedSeason,
)
from twizzit_pipeline.plan.states import PlayerState, TeamState
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.remote_ids import mapped_to, remote_id
from twizzit_pipeline.storage.tables import (
    clubs,
    departures,
    player_mappings,
    players,
    seasons,
    team_mappings,
    teams,
    twizzit_players,
    twizzit_teams,
)
from twizzit_pipeline.sync.state.decisions import read_decisions
from twizzit_pipeline.sync.state.left_behind import players_left_behind
from twizzit_pipeline.sync.state.mapped import (
    club_rights,
    columns_of,
    mapping_rows,
    of_scan,
    own_teams,
    owned_by,
    same_owner,
)
from twizzit_pipeline.sync.state.missing import would_stay
from twizzit_pipeline.sync.state.out_of_use import teams_in_use
from twizzit_pipeline.sync.state.partners import called_as_unmapped, standing, with_corrected
from twizzit_pipeline.sync.state.shotspot_syncs import shotspot_synced
from twizzit_pipeline.sync.state.team_partners import with_partners
from twizzit_pipeline.sync.state.unchanged import unchanged_players

_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)  # that Python has, in any zone
_REMOTE_IDS = {"team_id": "twizzit_team_id", "id": "twizzit_player_id"}
_REMOTE_PLAYER = [_REMOTE_IDS.get(field.name, field.name) for field in fields(RemotePlayer)]


def read_team_state(
    connection: Connection, owner: Owner, season_id: int, season: WantedSeason, _today: date | None = None
) -> TeamState:
    """The teams of a scan (`season_id`: of `twizzit_seasons`), their mappings, and the local teams they may mean."""
    seen = of_scan(twizzit_teams, owner, season_id)
    wanted = (twizzit_teams.c[name] for name in ("twizzit_team_id", "name", "club_name", "age_group", "gender"))
    remote = [RemoteTeam(*row) for row in connection.execute(select(*wanted).where(seen)).all()]
    ids = select(twizzit_teams.c.twizzit_team_id).where(seen)
    ours = or_(mapped_to(team_mappings, ids), same_owner(team_mappings, owner))
    mappings = mapping_rows(connection, team_mappings, remote="team", where=ours)
    all_clubs = [LocalClub(*row) for row in connection.execute(select(clubs.c.id, clubs.c.name)).all()]
    known = ClubNames(all_clubs)
    concerned = {id_ for name in {team.club_name for team in remote} for id_ in known.of_team(name, owner)}
    state = TeamState(
        owner,
        season,
        remote,
        mappings,
        all_clubs,
        [LocalSeason(*row) for row in connection.execute(select(*columns_of(seasons.c, LocalSeason)))],
        _local_teams(connection, concerned, {mapping.local_id for mapping in mappings}),
        club_rights(connection, owner),
        read_decisions(connection, owner.credential_id, TEAMS.name, season.label),
    )
    return with_partners(connection, state) if season.decides else state


def read_player_state(
    connection: Connection,
    owner: Owner,
    season_id: int,
    season: WantedSeason,
    _today: date | None = None,
    *,
    whole: bool = True,
    stay: Mapping[str, str] | None = None,
) -> PlayerState:
    """The players of a scan, their mappings, where their teams went, and the local players they may mean.

    `whole`: all people; else only those for whom a plan may do something, and how many the others are. `stay`: see
    `PlayerState.stay`; None where nothing was asked since the scan: then whom it lists in another team alone stays.
    """
    rights = club_rights(connection, owner)
    synced = shotspot_synced(connection, owner.credential_id)
    decisions = read_decisions(connection, owner.credential_id, PLAYERS.name, season.label)
    seen, unchanged = of_scan(twizzit_players, owner, season_id), 0
    left = players_left_behind(connection, owned_by(player_mappings, owner)) if season.decides else {}
    if season.decides and not (whole or season.repairs or synced):
        besides = {one.twizzit_id for one in decisions.open} | set(left.values())
        besides |= called_as_unmapped(connection, owner, season_id, decisions.pairs)
        found = unchanged_players(connection, owner, season_id, rights, besides=besides)
        unchanged = found.count
        seen = and_(seen, among(twizzit_players.c.twizzit_player_id, found.others)) if unchanged else seen
    wanted = select(*(twizzit_players.c[name] for name in _REMOTE_PLAYER)).where(seen)
    remote = [RemotePlayer(*row) for row in connection.execute(wanted).all()]
    listed = mapped_to(team_mappings, select(twizzit_players.c.twizzit_team_id).where(seen))
    mapped_teams = own_teams(connection, owner, season_id, rights, listed)
    if stay is None and season.decides:
        stay = would_stay(connection, owner, season_id, season.label)
    if stay:
        theirs = mapped_to(team_mappings, {*stay.values()})
        mapped_teams |= own_teams(connection, owner, season_id, rights, theirs)
    ids = select(twizzit_players.c.twizzit_player_id).where(seen)
    mappings = mapping_rows(connection, player_mappings, remote="player", where=mapped_to(player_mappings, ids))
    concerned = {team.club_id for team in mapped_teams.values()}
    local_ids = {mapping.local_id for mapping in mappings} | _closed(
        connection, owner, {player.id for player in remote}
    )
    local = _local_players(connection, concerned, local_ids)
    state = PlayerState(owner, season, remote, mapped_teams, mappings, local, synced, rights, unchanged, decisions)
    lists_none = season.decides and not (remote or unchanged)
    none_listed = _none_listed(connection, owner) if lists_none else ()
    state = replace(state, left_behind=left.keys(), none_listed=none_listed, stay=stay or {})
    return _with_namesakes(connection, state, season_id) if season.decides else state


def _none_listed(connection: Connection, owner: Owner) -> list[str]:
    """The owner's players who play, as their mappings say: in a team of this season, or in one of the season before."""
    base, of = player_mappings.c.last_values, remote_id(player_mappings)
    wanted = select(of).where(owned_by(player_mappings, owner), base["is_active"].astext == "true")
    return sorted(connection.scalars(wanted))


def _with_namesakes(connection: Connection, state: PlayerState, season_id: int) -> PlayerState:
    """The state with the owner's mappings of players whose name one has who is not mapped, or about whom is asked."""
    state = replace(state, decisions=standing(state.decisions, {player.id for player in state.remote}))
    mapped = {mapping.twizzit_id for mapping in state.mappings}
    names = {remote_name(player) for player in state.remote if player.id not in mapped}
    ids = {player.id for player in state.local if player.mapped and local_name(player) in names} if names else set()
    ids |= {local_id for one in state.decisions.open if one.is_of_mapped for local_id in one.candidates}
    found = _mappings_of(connection, state.owner, ids)
    seen = twizzit_players.c
    wanted = among(seen.twizzit_player_id, [one.twizzit_id for one in found])
    listed = select(seen.twizzit_player_id).where(of_scan(twizzit_players, state.owner, season_id), wanted)
    still = set(connection.scalars(listed)) if found else set()
    return replace(
        state,
        decisions=with_corrected(connection, state, found),
        unlisted=[one for one in found if one.twizzit_id not in still],
        mapped_to={one.local_id: one.twizzit_id for one in found},
    )


def _mappings_of(connection: Connection, owner: Owner, local_ids: Collection[int]) -> list[MappingRow]:
    """The owner's mappings of these players."""
    table = player_mappings
    theirs = and_(among(table.c.local_player_id, sorted(local_ids)), owned_by(table, owner))
    return mapping_rows(connection, table, remote="player", where=theirs) if local_ids else []


def _local_teams(connection: Connection, club_ids: Collection[int], ids: Collection[int]) -> list[LocalTeam]:
    """The teams of these clubs, and of the clubs of the teams with these ids."""
    mapped = exists().where(team_mappings.c.local_team_id == teams.c.id)
    theirs = select(teams.c.club_id).where(among(teams.c.id, ids))
    wanted = select(*columns_of(teams.c, LocalTeam), mapped, _written_at(teams)).where(
        or_(among(teams.c.club_id, club_ids), teams.c.club_id.in_(theirs))
    )
    rows: Any = connection.execute(wanted).all()
    return teams_in_use(connection, [LocalTeam(*row) for row in rows])


def _closed(connection: Connection, owner: Owner, ids: Collection[str]) -> set[int]:
    """The local players of those of the remote ids whose mapping was closed."""
    row = departures.c
    closed = (row.entity == "players", row.status == "closed", row.returned_at.is_(None))
    wanted = select(row.twizzit_id, row.local_id).where(row.credential_id == owner.credential_id, *closed)
    return {local_id for remote_id, local_id in connection.execute(wanted).all() if remote_id in ids}


def _local_players(connection: Connection, club_ids: Collection[int], ids: Collection[int]) -> list[LocalPlayer]:
    """The players of these clubs, and those with these ids."""
    mapped = exists().where(player_mappings.c.local_player_id == players.c.id)
    wanted = select(*columns_of(players.c, LocalPlayer), mapped, _written_at(players)).where(
        or_(among(players.c.club_id, club_ids), among(players.c.id, ids))
    )
    rows: Any = connection.execute(wanted).all()
    return [LocalPlayer(*row) for row in rows]


def _written_at(table: Table) -> ColumnElement[datetime | None]:
    """When a row was written, with its zone; NULL where the column says a moment that Python has not (infinity)."""
    moment = cast(table.c.updated_at, DateTime(timezone=True))
    return case((moment.between(_FIRST, _LAST), moment)).label("updated_at")
