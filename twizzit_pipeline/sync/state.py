"""Reads, in one transaction, everything that a plan is made from."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, or_, select

from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.tables import (
    clubs,
    credentials,
    player_mappings,
    players,
    seasons,
    team_mappings,
    teams,
    twizzit_players,
    twizzit_teams,
)
from twizzit_pipeline.sync.plan.clubs import ClubNames
from twizzit_pipeline.sync.rows import (
    LocalClub,
    LocalPlayer,
    LocalSeason,
    LocalTeam,
    MappedTeam,
    MappingRow,
    Owner,
    PlayerState,
    RemotePlayer,
    RemoteTeam,
    TeamState,
    WantedSeason,
)
from twizzit_pipeline.sync.shotspot_syncs import shotspot_synced

_REMOTE_PLAYER = (
    "twizzit_team_id",
    "twizzit_player_id",
    "first_name",
    "last_name",
    "gender",
    "jersey_number",
    "name_guessed",
)


def read_team_state(connection: Connection, owner: Owner, season_id: int, season: WantedSeason) -> TeamState:
    """The teams of a scan (`season_id`: of `twizzit_seasons`), their mappings, and the local teams they may mean."""
    seen = of_scan(twizzit_teams.c, owner, season_id)
    wanted = (twizzit_teams.c[name] for name in ("twizzit_team_id", "name", "club_name", "age_group", "gender"))
    remote = [RemoteTeam(*row) for row in connection.execute(select(*wanted).where(seen))]
    ids = select(twizzit_teams.c.twizzit_team_id).where(seen)
    ours = or_(team_mappings.c.twizzit_team_id.in_(ids), same_owner(team_mappings.c, owner))
    mappings = mapping_rows(connection, team_mappings, remote="team", where=ours)
    all_clubs = [LocalClub(*row) for row in connection.execute(select(clubs.c.id, clubs.c.name))]
    known = ClubNames(all_clubs)
    concerned = {id_ for name in {team.club_name for team in remote} for id_ in known.of_team(name, owner)}
    return TeamState(
        owner,
        season,
        remote,
        mappings,
        all_clubs,
        [LocalSeason(*row) for row in connection.execute(select(*columns_of(seasons.c, LocalSeason)))],
        _local_teams(connection, concerned, {mapping.local_id for mapping in mappings}),
    )


def read_player_state(connection: Connection, owner: Owner, season_id: int, season: WantedSeason) -> PlayerState:
    """The players of a scan, their mappings, where their teams went, and the local players they may mean."""
    seen = of_scan(twizzit_players.c, owner, season_id)
    wanted = select(*(twizzit_players.c[name] for name in _REMOTE_PLAYER)).where(seen)
    remote = [RemotePlayer(*row) for row in connection.execute(wanted)]
    places = (
        select(team_mappings.c.twizzit_team_id, team_mappings.c.id, teams.c.id, teams.c.club_id)
        .join(teams, teams.c.id == team_mappings.c.local_team_id)
        .where(
            team_mappings.c.credential_id == owner.credential_id,
            team_mappings.c.twizzit_team_id.in_(select(twizzit_players.c.twizzit_team_id).where(seen)),
        )
    )
    mapped_teams = {row[0]: MappedTeam(*row[1:]) for row in connection.execute(places)}
    ids = select(twizzit_players.c.twizzit_player_id).where(seen)
    theirs = player_mappings.c.twizzit_player_id.in_(ids)
    mappings = mapping_rows(connection, player_mappings, remote="player", where=theirs)
    concerned = {team.club_id for team in mapped_teams.values()}
    local = _local_players(connection, concerned, {mapping.local_id for mapping in mappings})
    synced = shotspot_synced(connection, owner.credential_id)
    return PlayerState(owner, season, remote, mapped_teams, mappings, local, synced)


def of_scan(columns: Any, owner: Owner, season_id: int) -> ColumnElement[bool]:
    """The rows of a snapshot that are one credential's and season's."""
    return and_(columns.credential_id == owner.credential_id, columns.season_id == season_id)


def same_owner(columns: Any, owner: Owner) -> ColumnElement[bool]:
    """The rows that are of this credential, or of its organization."""
    same_id = and_(columns.twizzit_dialect == owner.dialect, columns.twizzit_organization_id == owner.organization_id)
    return or_(columns.credential_id == owner.credential_id, same_id)


def mapping_rows(
    connection: Connection, table: Table, *, remote: str, local: str | None = None, where: ColumnElement[bool]
) -> list[MappingRow]:
    """Rows of a mapping table, whose columns call the remote row `remote` and the local one `local` (else the same)."""
    columns = table.c
    extra: list[ColumnElement[Any]] = [columns.team_mapping_id] if "team_mapping_id" in columns else []
    if "last_synced_seen" in columns:
        unseen = columns.last_synced_at.is_distinct_from(columns.last_synced_seen)
        extra += [unseen, and_(unseen, columns.last_synced_seen.is_not(None))]
    wanted: Select[Any] = (
        select(
            columns.id,
            columns[f"local_{local or remote}_id"],
            columns[f"twizzit_{remote}_id"],
            columns[f"twizzit_{remote}_name"],
            columns.credential_id,
            credentials.c.is_active,
            columns.twizzit_dialect,
            columns.twizzit_organization_id,
            columns.twizzit_organization_name,
            columns.last_values,
            columns.sync_status,
            columns.sync_error,
            *extra,
        )
        .join(credentials, credentials.c.id == columns.credential_id, isouter=True)
        .where(where)
    )
    return [MappingRow(*row) for row in connection.execute(wanted)]


def columns_of(columns: Any, of: Any) -> list[Any]:
    """The table's columns that the fields of a row are called by."""
    return [columns[field.name] for field in fields(of) if field.name in columns]


def _local_teams(connection: Connection, club_ids: Collection[int], ids: Collection[int]) -> list[LocalTeam]:
    """The teams of these clubs, and of the clubs of the teams with these ids."""
    mapped = exists().where(team_mappings.c.local_team_id == teams.c.id)
    theirs = select(teams.c.club_id).where(among(teams.c.id, ids))
    wanted = select(*columns_of(teams.c, LocalTeam), mapped).where(
        or_(among(teams.c.club_id, club_ids), teams.c.club_id.in_(theirs))
    )
    rows: Any = connection.execute(wanted)
    return [LocalTeam(*row) for row in rows]


def _local_players(connection: Connection, club_ids: Collection[int], ids: Collection[int]) -> list[LocalPlayer]:
    """The players of these clubs, and those with these ids."""
    mapped = exists().where(player_mappings.c.local_player_id == players.c.id)
    wanted = select(*columns_of(players.c, LocalPlayer), mapped).where(
        or_(among(players.c.club_id, club_ids), among(players.c.id, ids))
    )
    rows: Any = connection.execute(wanted)
    return [LocalPlayer(*row) for row in rows]
