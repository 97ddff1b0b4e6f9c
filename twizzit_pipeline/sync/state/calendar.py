"""Reads, in one transaction, everything that the plans of competitions and matches are made from."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, exists, or_, select

from twizzit_pipeline.entities import COMPETITIONS, MATCHES
from twizzit_pipeline.plan.places import find_season
from twizzit_pipeline.plan.rows import (
    LocalClub,
    LocalCompetition,
    LocalGame,
    LocalSeason,
    LocalTeam,
    Opponent,
    Owner,
    RemoteCompetition,
    RemoteMatch,
    WantedSeason,
)
from twizzit_pipeline.plan.states import CompetitionState, MatchState
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.remote_ids import mapped_to, remote_id
from twizzit_pipeline.storage.tables import (
    clubs,
    competition_mappings,
    competition_teams,
    competitions,
    games,
    match_mappings,
    opponents,
    seasons,
    team_mappings,
    teams,
    twizzit_competitions,
    twizzit_matches,
    twizzit_teams,
)
from twizzit_pipeline.sync.state.decisions import read_decisions
from twizzit_pipeline.sync.state.game_rules import columns_in_database, derbies_allowed
from twizzit_pipeline.sync.state.left_behind import sides_left_behind
from twizzit_pipeline.sync.state.mapped import (
    club_rights,
    columns_of,
    mapping_rows,
    of_scan,
    own_teams,
    owned_by,
    same_owner,
)
from twizzit_pipeline.sync.state.out_of_use import in_use

# Tables of ShotSpot that point at a game before anything has happened in it: who is expected to play.
_PREPARATIONS = ("roster", "lineup", "line_up", "selection")


def read_competition_state(
    connection: Connection, owner: Owner, season_id: int, season: WantedSeason, today: date
) -> CompetitionState:
    """The competitions of a scan (`season_id`: of `twizzit_seasons`), their mappings, and those they may mean."""
    seen = of_scan(twizzit_competitions, owner, season_id)
    names = ("twizzit_competition_id", "name", "competition_type", "start_date", "end_date")
    wanted = select(*(twizzit_competitions.c[name] for name in names)).where(seen)
    remote = [RemoteCompetition(*row) for row in connection.execute(wanted).all()]
    ids = select(twizzit_competitions.c.twizzit_competition_id).where(seen)
    theirs = mapped_to(competition_mappings, ids)
    mappings = mapping_rows(connection, competition_mappings, remote="competition", where=theirs)
    local_seasons = _seasons(connection)
    concerned = or_(
        competitions.c.season_id == find_season(season, local_seasons),
        competitions.c.season_id.is_(None),
        among(competitions.c.id, {mapping.local_id for mapping in mappings}),
    )
    mapped = exists().where(competition_mappings.c.local_competition_id == competitions.c.id)
    rows: Any = connection.execute(select(*columns_of(competitions.c, LocalCompetition), mapped).where(concerned))
    local = in_use(connection, competitions, [LocalCompetition(*row) for row in rows])
    decisions = read_decisions(connection, owner.credential_id, COMPETITIONS.name, season.label)
    return CompetitionState(owner, season, today, remote, mappings, local_seasons, local, decisions)


def read_match_state(
    connection: Connection, owner: Owner, season_id: int, season: WantedSeason, today: date
) -> MatchState:
    """The matches of a scan, their mappings, the teams and competitions that are known, and the games they may mean."""
    seen = of_scan(twizzit_matches, owner, season_id)
    wanted = select(*(twizzit_matches.c[name] for name in _REMOTE)).where(seen)
    remote = [RemoteMatch(*row) for row in connection.execute(wanted).all()]
    ids = select(twizzit_matches.c.twizzit_match_id).where(seen)
    theirs = or_(mapped_to(match_mappings, ids), match_mappings.c.credential_id == owner.credential_id)
    mappings = mapping_rows(connection, match_mappings, remote="match", local="game", where=theirs)
    local_seasons = _seasons(connection)
    own = own_teams(connection, owner, season_id, club_rights(connection, owner))
    competitions_of = _mapped_competitions(connection, owner)
    state = MatchState(
        owner,
        season,
        today,
        remote,
        own,
        _listed_teams(connection, owner, season_id),
        competitions_of,
        mappings,
        local_seasons,
        [LocalClub(*row) for row in connection.execute(select(clubs.c.id, clubs.c.name)).all()],
        _teams(connection, find_season(season, local_seasons)),
        _opponents(connection, owner, season),
        _games(connection, season, {team.club_id for team in own.values()}, {one.local_id for one in mappings}),
        derbies_allowed=derbies_allowed(connection),
        has_game_type="game_type" in columns_in_database(connection, "games"),
        competition_teams=_competition_teams(connection, set(competitions_of.values())),
        decisions=read_decisions(connection, owner.credential_id, MATCHES.name, season.label),
    )
    return replace(state, left_behind=sides_left_behind(connection, state))


_REMOTE = (
    "twizzit_match_id",
    "twizzit_competition_id",
    "home_team_id",
    "home_name",
    "away_team_id",
    "away_name",
    "starts_at",
    "status",
    "home_score",
    "away_score",
)


def _seasons(connection: Connection) -> list[LocalSeason]:
    return [LocalSeason(*row) for row in connection.execute(select(*columns_of(seasons.c, LocalSeason)))]


def _listed_teams(connection: Connection, owner: Owner, season_id: int) -> set[str]:
    listed = select(twizzit_teams.c.twizzit_team_id).where(of_scan(twizzit_teams, owner, season_id))
    return set(connection.scalars(listed))


def _mapped_competitions(connection: Connection, owner: Owner) -> dict[str, int]:
    table = competition_mappings.c
    wanted = select(remote_id(competition_mappings), table.local_competition_id).where(
        owned_by(competition_mappings, owner)
    )
    return {str(one): local_id for one, local_id in connection.execute(wanted).all()}


def _competition_teams(connection: Connection, competition_ids: Collection[int]) -> set[tuple[int, int]] | None:
    if not columns_in_database(connection, "competition_teams"):
        return None  # the table was dropped: a sync goes on without it
    table = competition_teams.c
    wanted = select(table.competition_id, table.team_id).where(among(table.competition_id, competition_ids))
    return {(competition_id, team_id) for competition_id, team_id in connection.execute(wanted).all()}


def _teams(connection: Connection, season_id: int) -> list[LocalTeam]:
    """Every club's teams of the season, and of none: any of them may be an opponent."""
    mapped = exists().where(team_mappings.c.local_team_id == teams.c.id)
    wanted = select(*columns_of(teams.c, LocalTeam), mapped).where(
        or_(teams.c.season_id == season_id, teams.c.season_id.is_(None))
    )
    rows: Any = connection.execute(wanted)
    return [LocalTeam(*row) for row in rows]


def _opponents(connection: Connection, owner: Owner, season: WantedSeason) -> list[Opponent]:
    table = opponents.c
    wanted = select(table.normalised_name, table.club_id, table.team_id).where(
        table.season == season.label, same_owner(opponents, owner)
    )
    return [Opponent(*row) for row in connection.execute(wanted.order_by(table.id.desc()))]


def _games(
    connection: Connection, season: WantedSeason, club_ids: Collection[int], ids: Collection[int]
) -> list[LocalGame]:
    """The games of these clubs within the season's days, and those with these ids."""
    within = games.c.date.between(_midnight(season.start_date, -1), _midnight(season.end_date, 2))
    theirs = or_(among(games.c.home_club_id, club_ids), among(games.c.away_club_id, club_ids))
    mapped = exists().where(match_mappings.c.local_game_id == games.c.id)
    wanted = select(*columns_of(games.c, LocalGame), mapped, has_events(connection)).where(
        or_(sa.and_(within, theirs), among(games.c.id, ids))
    )
    rows: Any = connection.execute(wanted)
    return in_use(connection, games, [LocalGame(*row) for row in rows])


def _midnight(day: date, later: int) -> datetime:
    return datetime.combine(day + timedelta(days=later), time(), UTC)


def has_events(connection: Connection) -> ColumnElement[bool]:
    """Whether any table that points at games has a row for one: ShotSpot keeps what happens in a match in several."""
    pointing = connection.execute(
        sa.text(
            "SELECT n.nspname, c.relname, a.attname FROM pg_constraint k"
            " JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
            " WHERE k.contype = 'f' AND k.confrelid = to_regclass('games') AND c.relname <> :ours"
            " AND array_length(k.conkey, 1) = 1"
        ),
        {"ours": match_mappings.name},
    )
    found = [
        exists().where(sa.table(name, sa.column(column), schema=schema).c[column] == games.c.id)
        for schema, name, column in pointing
        if not any(word in name for word in _PREPARATIONS)
    ]
    return or_(*found) if found else sa.false()
