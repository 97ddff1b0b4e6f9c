"""The mappings of teams and players as people want to read them: a remote id and name beside the local ones.

Those of competitions and matches are in `fixtures`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, func, select

from twizzit_pipeline.runs.season_rows import SeasonRow, running
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import clubs, player_mappings, players, seasons, team_mappings, teams


@dataclass(frozen=True, slots=True)
class TeamMapping:
    """A team in both worlds; `last_synced_at` (UTC, with zone) is when a sync last wrote the row."""

    id: int
    credential_id: int | None
    local_team_id: int
    local_team_name: str
    club_name: str
    season: str | None
    twizzit_team_id: str
    twizzit_team_name: str | None
    last_synced_at: datetime | None
    sync_status: str | None
    sync_error: str | None


@dataclass(frozen=True, slots=True)
class PlayerMapping:
    """A player in both worlds; `last_synced_at` as for a team.

    The local team is the one they play in, the remote one that of the team mapping that their own hangs on.
    """

    id: int
    credential_id: int | None
    local_player_id: int
    local_first_name: str
    local_last_name: str
    jersey_number: int | None
    local_team_id: int | None
    local_team_name: str | None
    is_active: bool | None
    twizzit_player_id: str
    twizzit_player_name: str | None
    twizzit_team_id: str | None
    twizzit_team_name: str | None
    last_synced_at: datetime | None
    sync_status: str | None
    sync_error: str | None

    @property
    def local_name(self) -> str:
        """First and last name in ShotSpot."""
        return f"{self.local_first_name} {self.local_last_name}"


def team_mappings_of(
    engine: Engine,
    *,
    credential_id: int | None = None,
    credential_ids: Collection[int] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[TeamMapping]:
    """Mapped teams by club, season and name; of one credential, of several, or of all."""
    table = team_mappings.c
    wanted = (
        select(
            table.id,
            table.credential_id,
            table.local_team_id,
            teams.c.name,
            clubs.c.name,
            seasons.c.name,
            remote_id(team_mappings),
            table.twizzit_team_name,
            table.last_synced_at,
            table.sync_status,
            table.sync_error,
        )
        .join(teams, teams.c.id == table.local_team_id)
        .join(clubs, clubs.c.id == teams.c.club_id)
        .join(seasons, seasons.c.id == teams.c.season_id, isouter=True)
        .order_by(clubs.c.name, seasons.c.start_date.desc(), teams.c.name, table.id)
    )
    wanted = wanted.where(*owned_by(table.credential_id, credential_id, credential_ids))
    return [TeamMapping(*row) for row in page(engine, wanted, limit, offset)]


def count_team_mappings(engine: Engine, *, credential_ids: Collection[int] | None = None) -> int:
    """How many rows `team_mappings_of` gives without a limit."""
    owner = team_mappings.c.credential_id
    return count(engine, select(func.count()).select_from(team_mappings).where(*owned_by(owner, None, credential_ids)))


def season_of_teams(engine: Engine, credential_id: int, day: date) -> str | None:
    """The season of ShotSpot that a credential's teams play in: the latest that runs, else the latest that has begun.

    Names do not say which is later: an indoor season runs within an outdoor one, and ShotSpot may have called older
    ones otherwise ("Seizoen 2024-2025"). None where no team has a season.
    """
    row = seasons.c
    wanted = (
        select(row.id, row.name, row.start_date, row.end_date)
        .distinct()
        .join(teams, teams.c.season_id == row.id)
        .join(team_mappings, team_mappings.c.local_team_id == teams.c.id)
        .where(team_mappings.c.credential_id == credential_id)
        .order_by(row.start_date, row.id)
    )
    with driver_errors(), engine.connect() as connection:
        found = connection.execute(wanted).all()
    return running([SeasonRow(id_, name, None, start, end) for id_, name, start, end in found], day)


def player_mappings_of(
    engine: Engine,
    *,
    credential_id: int | None = None,
    credential_ids: Collection[int] | None = None,
    team_id: int | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[PlayerMapping]:
    """Mapped players by last and first name; of one credential, several or all, of one local team or of all."""
    table = player_mappings.c
    wanted = (
        select(
            table.id,
            table.credential_id,
            table.local_player_id,
            players.c.first_name,
            players.c.last_name,
            players.c.jersey_number,
            players.c.team_id,
            teams.c.name,
            players.c.is_active,
            remote_id(player_mappings),
            table.twizzit_player_name,
            remote_id(team_mappings),
            team_mappings.c.twizzit_team_name,
            table.last_synced_at,
            table.sync_status,
            table.sync_error,
        )
        .join(players, players.c.id == table.local_player_id)
        .join(teams, teams.c.id == players.c.team_id, isouter=True)
        .join(team_mappings, team_mappings.c.id == table.team_mapping_id, isouter=True)
        .order_by(players.c.last_name, players.c.first_name, table.id)
    )
    wanted = wanted.where(*owned_by(table.credential_id, credential_id, credential_ids), *_plays_in(team_id))
    return [PlayerMapping(*row) for row in page(engine, wanted, limit, offset)]


def count_player_mappings(
    engine: Engine, *, credential_ids: Collection[int] | None = None, team_id: int | None = None
) -> int:
    """How many rows `player_mappings_of` gives without a limit."""
    table = player_mappings.c
    counted = select(func.count()).select_from(player_mappings).join(players, players.c.id == table.local_player_id)
    return count(engine, counted.where(*owned_by(table.credential_id, None, credential_ids), *_plays_in(team_id)))


def credential_of_team(engine: Engine, team_id: int) -> int | None:
    """The credential that the mapping of a local team belongs to; None where it has none."""
    owner = select(team_mappings.c.credential_id).where(team_mappings.c.local_team_id == team_id)
    with driver_errors(), engine.connect() as connection:
        return connection.scalar(owner)


def owned_by(
    owner: ColumnElement[Any], credential_id: int | None, credential_ids: Collection[int] | None
) -> list[ColumnElement[bool]]:
    """The conditions for the mappings of one credential, of several, or of all."""
    conditions = []
    if credential_id is not None:
        conditions.append(owner == credential_id)
    if credential_ids is not None:
        conditions.append(among(owner, credential_ids))
    return conditions


def count(engine: Engine, counted: Select[int]) -> int:
    """What a statement counts."""
    with driver_errors(), engine.connect() as connection:
        return connection.scalar(counted) or 0


def page(engine: Engine, wanted: Select[Any], limit: int | None, offset: int) -> Sequence[Any]:
    """Some rows of a statement; times with their zone, which those of ShotSpot's `twizzit_*` tables lack."""
    with driver_errors(), engine.connect() as connection:
        return [[_zoned(value) for value in row] for row in connection.execute(wanted.limit(limit).offset(offset))]


def _zoned(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _plays_in(team_id: int | None) -> list[ColumnElement[bool]]:
    return [] if team_id is None else [players.c.team_id == team_id]
