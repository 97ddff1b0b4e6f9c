"""The mapped competitions and matches as people want to read them: a season's fixtures, with Twizzit's ids beside."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, Time, case, cast, func, or_, select

from twizzit_pipeline.queries.listing import count, owned_by, page
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import clubs, competition_mappings, competitions, games, match_mappings, teams

_ZONE = "Europe/Brussels"  # of every kick-off, as `transform.kick_off` has it (with pandas, which a listing needs not)


@dataclass(frozen=True, slots=True)
class CompetitionMapping:
    """A competition in both worlds; `last_synced_at` (UTC, with zone) is when a sync last wrote the row.

    `matches` counts the mapped matches that are played in it.
    """

    id: int
    credential_id: int | None
    local_competition_id: int
    local_competition_name: str
    competition_type: str
    season: str | None
    start_date: date
    end_date: date | None
    status: str | None
    matches: int
    twizzit_competition_id: str
    twizzit_competition_name: str | None
    last_synced_at: datetime | None
    sync_status: str | None
    sync_error: str | None


@dataclass(frozen=True, slots=True)
class MatchMapping:
    """A match in both worlds; `starts_at` and `last_synced_at` are UTC with zone.

    `home_name` and `away_name` are as ShotSpot has them: club and team. A friendly has no competition.
    `hour_known`: False where the day alone is known, which is written as midnight in Belgium.
    """

    id: int
    credential_id: int | None
    local_game_id: int
    starts_at: datetime
    hour_known: bool
    home_team_id: int | None
    home_name: str
    away_team_id: int | None
    away_name: str
    competition_id: int | None
    competition_name: str | None
    status: str | None
    home_score: int | None
    away_score: int | None
    twizzit_match_id: str
    twizzit_match_name: str | None
    last_synced_at: datetime | None
    sync_status: str | None
    sync_error: str | None


def competition_mappings_of(
    engine: Engine,
    *,
    credential_id: int | None = None,
    credential_ids: Collection[int] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[CompetitionMapping]:
    """Mapped competitions, the latest season first, by name; of one credential, of several, or of all."""
    table = competition_mappings.c
    matches = (
        select(func.count())
        .select_from(games)
        .join(match_mappings, match_mappings.c.local_game_id == games.c.id)
        .where(games.c.competition_id == competitions.c.id)
        .scalar_subquery()
    )
    wanted = (
        select(
            table.id,
            table.credential_id,
            table.local_competition_id,
            competitions.c.name,
            competitions.c.competition_type,
            table.season,
            competitions.c.start_date,
            competitions.c.end_date,
            competitions.c.status,
            matches,
            remote_id(competition_mappings),
            table.twizzit_competition_name,
            table.last_synced_at,
            table.sync_status,
            table.sync_error,
        )
        .join(competitions, competitions.c.id == table.local_competition_id)
        .where(*owned_by(table.credential_id, credential_id, credential_ids))
        .order_by(competitions.c.start_date.desc(), competitions.c.name, table.id)
    )
    return [CompetitionMapping(*row) for row in page(engine, wanted, limit, offset)]


def count_competition_mappings(engine: Engine, *, credential_ids: Collection[int] | None = None) -> int:
    """How many rows `competition_mappings_of` gives without a limit."""
    owner = competition_mappings.c.credential_id
    counted = select(func.count()).select_from(competition_mappings)
    return count(engine, counted.where(*owned_by(owner, None, credential_ids)))


def match_mappings_of(
    engine: Engine,
    *,
    credential_id: int | None = None,
    credential_ids: Collection[int] | None = None,
    competition_id: int | None = None,
    team_id: int | None = None,
    since: datetime | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[MatchMapping]:
    """Mapped matches in the order in which they are played; of one credential, several or all.

    Args:
        competition_id: those of this competition of ShotSpot alone.
        team_id: those in which this team of ShotSpot plays alone.
        since: those that begin then or later alone.
    """
    table = match_mappings.c
    home_club, away_club = clubs.alias(), clubs.alias()
    home_team, away_team = teams.alias(), teams.alias()
    wanted: Select[Any] = (
        select(
            table.id,
            table.credential_id,
            table.local_game_id,
            games.c.date,
            # the time of an infinite moment is null
            func.coalesce(cast(func.timezone(_ZONE, games.c.date), Time) != time(), False),
            games.c.home_team_id,
            _side(home_club.c.name, home_team.c.name),
            games.c.away_team_id,
            _side(away_club.c.name, away_team.c.name),
            games.c.competition_id,
            competitions.c.name,
            games.c.status,
            games.c.home_score,
            games.c.away_score,
            table.twizzit_match_id,
            table.twizzit_match_name,
            table.last_synced_at,
            table.sync_status,
            table.sync_error,
        )
        .join(games, games.c.id == table.local_game_id)
        .join(home_club, home_club.c.id == games.c.home_club_id)
        .join(away_club, away_club.c.id == games.c.away_club_id)
        .join(home_team, home_team.c.id == games.c.home_team_id, isouter=True)
        .join(away_team, away_team.c.id == games.c.away_team_id, isouter=True)
        .join(competitions, competitions.c.id == games.c.competition_id, isouter=True)
        .where(*owned_by(table.credential_id, credential_id, credential_ids), *_narrowed(competition_id, team_id))
        .order_by(games.c.date, table.id)
    )
    if since is not None:
        wanted = wanted.where(games.c.date >= since)
    return [MatchMapping(*row) for row in page(engine, wanted, limit, offset)]


def count_match_mappings(
    engine: Engine,
    *,
    credential_ids: Collection[int] | None = None,
    competition_id: int | None = None,
    team_id: int | None = None,
) -> int:
    """How many rows `match_mappings_of` gives without a limit."""
    table = match_mappings.c
    counted = select(func.count()).select_from(match_mappings).join(games, games.c.id == table.local_game_id)
    conditions = [*owned_by(table.credential_id, None, credential_ids), *_narrowed(competition_id, team_id)]
    return count(engine, counted.where(*conditions))


def _side(club: ColumnElement[str], team: ColumnElement[str]) -> ColumnElement[str]:
    """Club and team in one; a club's only team is often called like the club, and some hold the club's name already."""
    with_club = func.starts_with(func.lower(team) + " ", func.lower(club) + " ")
    return case((team.is_(None), club), (with_club, team), else_=club + " " + team)


def _narrowed(competition_id: int | None, team_id: int | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if competition_id is not None:
        conditions.append(games.c.competition_id == competition_id)
    if team_id is not None:
        conditions.append(or_(games.c.home_team_id == team_id, games.c.away_team_id == team_id))
    return conditions
