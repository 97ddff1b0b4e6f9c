"""Reads, in one transaction, everything that a plan is made from."""

from collections.abc import Collection
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Connection, DateTime, Select, Table, and_, case, cast, exists, or_, select

from twizzit_pipeline.entities import PLAYERS, TEAMS
from twizzit_pipeline.plan.club_rights import ClubRights
from twizzit_pipeline.plan.clubs import ClubNames, names_another
from twizzit_pipeline.plan.ownership import may_mean
from twizzit_pipeline.plan.person_names import local_name, remote_name
from twizzit_pipeline.plan.rows import (
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
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.remote_ids import mapped_to, remote_id
from twizzit_pipeline.storage.tables import (
    clubs,
    credentials,
    departures,
    player_mappings,
    players,
    seasons,
    sync_config,
    team_mappings,
    teams,
    twizzit_players,
    twizzit_teams,
)
from twizzit_pipeline.sync.state.decisions import read_decisions
from twizzit_pipeline.sync.state.left_behind import players_left_behind
from twizzit_pipeline.sync.state.partners import called_as_unmapped, standing, with_corrected
from twizzit_pipeline.sync.state.shotspot_syncs import shotspot_synced
from twizzit_pipeline.sync.state.team_partners import with_partners
from twizzit_pipeline.sync.state.unchanged import unchanged_players

_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)  # that Python has, in any zone
_ORGANIZATION = (team_mappings.c.twizzit_organization_id, team_mappings.c.twizzit_organization_name)
_REMOTE_IDS = {"team_id": "twizzit_team_id", "id": "twizzit_player_id"}
_REMOTE_PLAYER = [_REMOTE_IDS.get(field.name, field.name) for field in fields(RemotePlayer)]


def read_team_state(
    connection: Connection, owner: Owner, season_id: int, season: WantedSeason, _today: date | None = None
) -> TeamState:
    """The teams of a scan (`season_id`: of `twizzit_seasons`), their mappings, and the local teams they may mean."""
    seen = of_scan(twizzit_teams.c, owner, season_id)
    wanted = (twizzit_teams.c[name] for name in ("twizzit_team_id", "name", "club_name", "age_group", "gender"))
    remote = [RemoteTeam(*row) for row in connection.execute(select(*wanted).where(seen)).all()]
    ids = select(twizzit_teams.c.twizzit_team_id).where(seen)
    ours = or_(mapped_to(team_mappings, ids), same_owner(team_mappings.c, owner))
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
) -> PlayerState:
    """The players of a scan, their mappings, where their teams went, and the local players they may mean.

    `whole`: all people; else only those for whom a plan may do something, and how many the others are.
    """
    rights = club_rights(connection, owner)
    synced = shotspot_synced(connection, owner.credential_id)
    decisions = read_decisions(connection, owner.credential_id, PLAYERS.name, season.label)
    seen, unchanged = of_scan(twizzit_players.c, owner, season_id), 0
    left = players_left_behind(connection, owned_by(player_mappings.c, owner)) if season.decides else {}
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
    ids = select(twizzit_players.c.twizzit_player_id).where(seen)
    mappings = mapping_rows(connection, player_mappings, remote="player", where=mapped_to(player_mappings, ids))
    concerned = {team.club_id for team in mapped_teams.values()}
    local_ids = {mapping.local_id for mapping in mappings} | _closed(
        connection, owner, {player.id for player in remote}
    )
    local = _local_players(connection, concerned, local_ids)
    state = PlayerState(owner, season, remote, mapped_teams, mappings, local, synced, rights, unchanged, decisions)
    state = replace(state, left_behind=left.keys())
    return _with_namesakes(connection, state, season_id) if season.decides else state


def _with_namesakes(connection: Connection, state: PlayerState, season_id: int) -> PlayerState:
    """The same with the owner's mappings of players whose name one has who is not mapped, or about whom is asked."""
    state = replace(state, decisions=standing(state.decisions, {player.id for player in state.remote}))
    mapped = {mapping.twizzit_id for mapping in state.mappings}
    names = {remote_name(player) for player in state.remote if player.id not in mapped}
    ids = {player.id for player in state.local if player.mapped and local_name(player) in names} if names else set()
    ids |= {local_id for one in state.decisions.open if one.is_of_mapped for local_id in one.candidates}
    found = _mappings_of(connection, state.owner, ids)
    seen = twizzit_players.c
    wanted = among(seen.twizzit_player_id, [one.twizzit_id for one in found])
    listed = select(seen.twizzit_player_id).where(of_scan(seen, state.owner, season_id), wanted)
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
    theirs = and_(among(table.c.local_player_id, sorted(local_ids)), owned_by(table.c, owner))
    return mapping_rows(connection, table, remote="player", where=theirs) if local_ids else []


def of_scan(columns: Any, owner: Owner, season_id: int) -> ColumnElement[bool]:
    """The rows of a snapshot that are one credential's and season's."""
    return and_(columns.credential_id == owner.credential_id, columns.season_id == season_id)


def same_owner(columns: Any, owner: Owner) -> ColumnElement[bool]:
    """The rows that are of this credential, or of its organization."""
    same_id = and_(
        columns.twizzit_host == owner.host,
        columns.twizzit_dialect == owner.dialect,
        columns.twizzit_organization_id == owner.organization_id,
    )
    return or_(columns.credential_id == owner.credential_id, same_id)


def owned_by(columns: Any, owner: Owner) -> ColumnElement[bool]:
    """The mappings that a sync of this credential made or took over, in the organization that it reads now."""
    return and_(
        columns.credential_id == owner.credential_id,
        columns.twizzit_host == owner.host,
        columns.twizzit_dialect == owner.dialect,
        columns.twizzit_organization_id.is_not_distinct_from(owner.organization_id),
    )


def club_rights(connection: Connection, owner: Owner) -> ClubRights:
    """Which clubs the credential may feed, by what an administrator said and by whose teams stand in them."""
    columns = team_mappings.c
    names_none = columns.last_values["club_name"].astext.is_(None)
    identity = (columns.twizzit_host, columns.twizzit_dialect, *_ORGANIZATION)
    fed = (
        select(teams.c.club_id, names_none, *identity)
        .distinct()
        .join(teams, teams.c.id == columns.local_team_id)
        .where(columns.twizzit_dialect.is_not(None))
    )
    own, home, others = set[int](), set[int](), set[int]()
    for club_id, named_none, *of in connection.execute(fed).all():
        if may_mean(owner, *of):
            own.add(club_id)
            if named_none:
                home.add(club_id)
        else:
            others.add(club_id)
    said = select(sync_config.c.is_federation).where(sync_config.c.credential_id == owner.credential_id)
    is_federation = connection.scalar(said) is True
    return ClubRights(is_federation, owner.club_id, frozenset(own), frozenset(home), frozenset(others))


def own_teams(
    connection: Connection,
    owner: Owner,
    season_id: int,
    rights: ClubRights,
    which: ColumnElement[bool] | None = None,
) -> dict[str, MappedTeam]:
    """Remote id → where the team is; of all that the credential has mapped, or of those that `which` is about.

    Without those that name another club in this scan, which the credential may not feed.
    """
    columns, listed = team_mappings.c, twizzit_teams.c
    # Looked up team by team: joined, a scan without statistics is taken for one row, and read once for each mapping.
    said_club = (
        select(listed.club_name)
        .where(of_scan(listed, owner, season_id), listed.twizzit_team_id == remote_id(team_mappings))
        .scalar_subquery()
    )
    wanted = (
        select(
            remote_id(team_mappings),
            columns.id,
            teams.c.id,
            teams.c.club_id,
            columns.twizzit_team_name,
            said_club,
        )
        .join(teams, teams.c.id == columns.local_team_id)
        .where(owned_by(columns, owner), *(() if which is None else (which,)))
    )
    return {
        one: MappedTeam(mapping_id, team_id, club_id, name)
        for one, mapping_id, team_id, club_id, name, said in connection.execute(wanted).all()
        if not names_another(said, club_id, owner, rights)
    }


def mapping_rows(
    connection: Connection, table: Table, *, remote: str, local: str | None = None, where: ColumnElement[bool]
) -> list[MappingRow]:
    """Rows of a mapping table, whose columns call the remote row `remote` and the local one `local` (else the same)."""
    columns = table.c
    extra: list[ColumnElement[Any]] = [columns.twizzit_host]
    names = ["host"]
    if "team_mapping_id" in columns:
        based = select(team_mappings.c.local_team_id).where(team_mappings.c.id == columns.team_mapping_id)
        extra += [columns.team_mapping_id, based.scalar_subquery()]
        names += ["team_mapping_id", "based_team_id"]
    if "last_synced_seen" in columns:
        unseen = columns.last_synced_at.is_distinct_from(columns.last_synced_seen)
        extra += [unseen, and_(unseen, columns.last_synced_seen.is_not(None))]
        names += ["unseen", "touched"]
    wanted: Select[Any] = (
        select(
            columns.id,
            columns[f"local_{local or remote}_id"],
            remote_id(table),
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
    known = len(wanted.selected_columns) - len(names)
    return [
        MappingRow(*row[:known], **dict(zip(names, row[known:], strict=True)))
        for row in connection.execute(wanted).all()
    ]


def columns_of(columns: Any, of: Any) -> list[Any]:
    """The table's columns that the fields of a row are called by, up to the first that it has not."""
    return list(takewhile(lambda column: column is not None, (columns.get(field.name) for field in fields(of))))


def _local_teams(connection: Connection, club_ids: Collection[int], ids: Collection[int]) -> list[LocalTeam]:
    """The teams of these clubs, and of the clubs of the teams with these ids."""
    mapped = exists().where(team_mappings.c.local_team_id == teams.c.id)
    theirs = select(teams.c.club_id).where(among(teams.c.id, ids))
    wanted = select(*columns_of(teams.c, LocalTeam), mapped, _written_at(teams)).where(
        or_(among(teams.c.club_id, club_ids), teams.c.club_id.in_(theirs))
    )
    rows: Any = connection.execute(wanted).all()
    return [LocalTeam(*row) for row in rows]


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
