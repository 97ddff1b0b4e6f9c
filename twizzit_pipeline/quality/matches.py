"""What is asked about matches: where their mappings point, and whether ShotSpot's games can be played as they stand.

ShotSpot's users may move a game, and a sync leaves what they changed as it is: so the games are looked at, and not what
Twizzit says alone.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Select,
    Time,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
    union_all,
)

from twizzit_pipeline.contracts.rules.matches import MATCH_MINUTES, ZONE
from twizzit_pipeline.quality.findings import Finding, Scope
from twizzit_pipeline.quality.judged import (
    KEPT,
    Condition,
    Judged,
    Step,
    fed_clubs,
    nobodys,
    of_its_organizations,
    scan_of,
    those_astray,
)
from twizzit_pipeline.quality.names import HAVE_MATCHES, IN_SEASON, ONE_AT_A_TIME, TWO_CLUBS
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.storage.tables import games, match_mappings, seasons, twizzit_competitions, twizzit_matches

_PLAYED = ("scheduled", "in_progress", "completed")


def _competitions_without(connection: Connection, credential_id: int, season_id: int) -> Iterator[Finding]:
    """Competitions of the snapshot that none of its matches belongs to; sets, as where each row must have a mapping."""
    listed, played = (
        select(table.c.twizzit_competition_id).where(scan_of(table, credential_id, season_id))
        for table in (twizzit_competitions, twizzit_matches)
    )
    yield Finding(HAVE_MATCHES, "season", tuple(sorted(connection.scalars(listed.except_(played)))))


def _astray(connection: Connection, credential_id: int, ours: Condition, speaks_of: Scope) -> Finding:
    """A game of other clubs alone is the wrong one, however it came to be so."""
    table = match_mappings.c
    clubs = fed_clubs(credential_id)
    reason = case(
        (games.c.id.is_(None), "local_row_gone"),
        (games.c.home_club_id.not_in(clubs) & games.c.away_club_id.not_in(clubs), "game_of_other_clubs"),
    ).label("reason")
    mappings = (
        select(table.id, table.twizzit_match_id, reason)
        .join(games, games.c.id == table.local_game_id, isouter=True)
        .where(ours)
    )
    return those_astray(connection, mappings, speaks_of)


@lru_cache(KEPT)
def _without_owner(credential_id: int) -> Select[tuple[str]]:
    clubs = fed_clubs(credential_id)
    return (
        select(match_mappings.c.twizzit_match_id)
        .join(games, games.c.id == match_mappings.c.local_game_id)
        .where(
            nobodys(match_mappings),
            or_(games.c.home_club_id.in_(clubs), games.c.away_club_id.in_(clubs)),
            of_its_organizations(match_mappings, credential_id),
        )
        .order_by(match_mappings.c.id)
    )


def _playable(connection: Connection, step: Step, ours: Condition, speaks_of: Scope) -> Iterator[Finding]:
    """Whether the games behind the mappings have two clubs, a day of their season, and teams that have time."""
    yield _two_sides(connection, ours, speaks_of)
    yield _inside_season(connection, ours, speaks_of)
    yield _one_at_a_time(connection, step.credential_id, step.season)


def _two_sides(connection: Connection, ours: Condition, speaks_of: Scope) -> Finding:
    """A game is between two clubs, or between two teams of one of which both are given."""
    table = match_mappings.c
    wrong = (
        select(table.twizzit_match_id)
        .join(games, games.c.id == table.local_game_id)
        .where(
            ours,
            games.c.home_club_id == games.c.away_club_id,
            or_(
                games.c.home_team_id.is_(None),
                games.c.away_team_id.is_(None),
                games.c.home_team_id == games.c.away_team_id,
            ),
        )
        .order_by(table.id)
    )
    in_shotspot = tuple(connection.scalars(wrong))
    return Finding(TWO_CLUBS, speaks_of, in_shotspot, reasons={"in_shotspot": len(in_shotspot)}, grave=True)


def _inside_season(connection: Connection, ours: Condition, speaks_of: Scope) -> Finding:
    """Games whose Belgian day is outside of their season in ShotSpot; one that has no season is no fault."""
    table = match_mappings.c
    day = cast(func.timezone(ZONE, games.c.date), Date)
    outside = (
        select(table.twizzit_match_id)
        .join(games, games.c.id == table.local_game_id)
        .join(seasons, seasons.c.id == games.c.season_id)
        .where(ours, ~day.between(seasons.c.start_date, seasons.c.end_date))
        .order_by(table.id)
    )
    return Finding(IN_SEASON, speaks_of, tuple(connection.scalars(outside)))


def _one_at_a_time(connection: Connection, credential_id: int, season: SeasonRow) -> Finding:
    """Teams that play two games at once, of all games of the credential's clubs in the season, synced or typed in.

    The same two teams twice are one match that is there twice, once for the credential of each club, for example. Of a
    game whose day alone is known, which stands at midnight, nothing else can be said.
    """
    within = {"first": _midnight(season.start_date), "after": _midnight(season.end_date + timedelta(days=1))}
    found = connection.execute(_overlapping(credential_id), within).all()
    twice = {row.id for row in found if row.pair == row.pair_before}
    clashing = dict.fromkeys(str(game_id) for row in found for game_id in (row.id_before, row.id))
    others = {row.id for row in found} - twice
    return Finding(
        ONE_AT_A_TIME,
        "season",
        tuple(clashing),
        local=True,
        reasons={"the_same_two_teams": len(twice), "a_team_in_two_matches": len(others)},
    )


@lru_cache(KEPT)
def _overlapping(credential_id: int) -> Select[Any]:
    """Games of the credential's clubs from `first` to `after`, each after one that it follows too soon."""
    clubs = fed_clubs(credential_id)
    theirs = (
        or_(games.c.home_club_id.in_(clubs), games.c.away_club_id.in_(clubs)),
        or_(games.c.status.in_(_PLAYED), games.c.status.is_(None)),
        games.c.date.between(bindparam("first"), bindparam("after")),
    )
    # Their clubs as well: of some opponents the club alone is known.
    both = ((games.c.home_club_id, games.c.away_club_id), (games.c.home_team_id, games.c.away_team_id))
    pair = func.concat_ws("-", *(of(*ids) for ids in both for of in (func.least, func.greatest))).label("pair")
    sides = union_all(
        *(
            select(games.c.id, games.c.date, pair, team.label("team_id")).where(*theirs, team.is_not(None))
            for team in (games.c.home_team_id, games.c.away_team_id)
        )
    ).subquery()

    def before(column: str) -> ColumnElement[Any]:
        return func.lag(sides.c[column]).over(
            partition_by=sides.c.team_id, order_by=(sides.c.date, sides.c.pair, sides.c.id)
        )

    following = select(
        sides.c.id,
        sides.c.date,
        sides.c.pair,
        before("id").label("id_before"),
        before("date").label("date_before"),
        before("pair").label("pair_before"),
    ).subquery()
    soon = following.c.date - following.c.date_before < timedelta(minutes=MATCH_MINUTES)
    hours_known = and_(
        *(cast(func.timezone(ZONE, at), Time) != time() for at in (following.c.date, following.c.date_before))
    )
    said = or_(hours_known, following.c.pair == following.c.pair_before)
    return select(following).where(soon, said).order_by(following.c.id)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(ZONE))


JUDGED = Judged(
    snapshot=twizzit_matches,
    mappings=match_mappings,
    remote_id="twizzit_match_id",
    astray=_astray,
    without_owner=_without_owner,
    more_of_scan=_competitions_without,
    more_of_mapping=_playable,
)
