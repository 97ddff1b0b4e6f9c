"""Whose rows a state is made of: a scan's, an owner's mappings, and the teams that those point at."""

from collections.abc import Sequence
from dataclasses import fields
from functools import cache, lru_cache
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, or_, select

from twizzit_pipeline.plan.club_rights import ClubRights
from twizzit_pipeline.plan.clubs import names_another
from twizzit_pipeline.plan.ownership import may_mean
from twizzit_pipeline.plan.rows import MappedTeam, MappingRow, Owner
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import credentials, sync_config, team_mappings, teams, twizzit_teams

_KEPT = 100  # conditions that several statements of one sync have in common
_ORGANIZATION = (team_mappings.c.twizzit_organization_id, team_mappings.c.twizzit_organization_name)


@lru_cache(_KEPT)
def of_scan(snapshot: Table, owner: Owner, season_id: int) -> ColumnElement[bool]:
    """The rows of a snapshot that are one credential's and season's."""
    return and_(snapshot.c.credential_id == owner.credential_id, snapshot.c.season_id == season_id)


@lru_cache(_KEPT)
def same_owner(table: Table, owner: Owner) -> ColumnElement[bool]:
    """The rows that are of this credential, or of its organization."""
    columns = table.c
    same_id = and_(
        columns.twizzit_host == owner.host,
        columns.twizzit_dialect == owner.dialect,
        columns.twizzit_organization_id == owner.organization_id,
    )
    return or_(columns.credential_id == owner.credential_id, same_id)


@lru_cache(_KEPT)
def owned_by(mappings: Table, owner: Owner) -> ColumnElement[bool]:
    """The mappings that a sync of this credential made or took over, in the organization that it reads now."""
    columns = mappings.c
    return and_(
        columns.credential_id == owner.credential_id,
        columns.twizzit_host == owner.host,
        columns.twizzit_dialect == owner.dialect,
        columns.twizzit_organization_id.is_not_distinct_from(owner.organization_id),
    )


def club_rights(connection: Connection, owner: Owner) -> ClubRights:
    """Which clubs the credential may feed, by what an administrator said and by whose teams stand in them."""
    own, home, others = set[int](), set[int](), set[int]()
    for club_id, named_none, *of in connection.execute(_fed_clubs()).all():
        if may_mean(owner, *of):
            own.add(club_id)
            if named_none:
                home.add(club_id)
        else:
            others.add(club_id)
    said = select(sync_config.c.is_federation).where(sync_config.c.credential_id == owner.credential_id)
    is_federation = connection.scalar(said) is True
    return ClubRights(is_federation, owner.club_id, frozenset(own), frozenset(home), frozenset(others))


@cache
def _fed_clubs() -> Select[Any]:
    """The clubs in which mapped teams stand, whether the teams named none, and whose the mappings are."""
    columns = team_mappings.c
    names_none = columns.last_values["club_name"].astext.is_(None)
    identity = (columns.twizzit_host, columns.twizzit_dialect, *_ORGANIZATION)
    return (
        select(teams.c.club_id, names_none, *identity)
        .distinct()
        .join(teams, teams.c.id == columns.local_team_id)
        .where(columns.twizzit_dialect.is_not(None))
    )


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
        .where(of_scan(twizzit_teams, owner, season_id), listed.twizzit_team_id == remote_id(team_mappings))
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
        .where(owned_by(team_mappings, owner), *(() if which is None else (which,)))
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
    every, names = _every_mapping(table, remote, local or remote)
    known = len(every.selected_columns) - len(names)
    return [
        MappingRow(*row[:known], **dict(zip(names, row[known:], strict=True)))
        for row in connection.execute(every.where(where)).all()
    ]


@cache
def _every_mapping(table: Table, remote: str, local: str) -> tuple[Select[Any], Sequence[str]]:
    """All rows, and how the last of its columns are called in `MappingRow`."""
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
    every = select(
        columns.id,
        columns[f"local_{local}_id"],
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
    ).join(credentials, credentials.c.id == columns.credential_id, isouter=True)
    return every, names


def columns_of(columns: Any, of: Any) -> list[Any]:
    """The table's columns that the fields of a row are called by, up to the first that it has not."""
    return list(takewhile(lambda column: column is not None, (columns.get(field.name) for field in fields(of))))
