"""The deciding season of a credential, which alone says which team a player is in, and whether it is known who is.

What belongs here: what follows from scans that were made, as the history and the snapshots hold them.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Connection, Select, false, func, select

from twizzit_pipeline.runs.details import PLAYERS_NOT_READ
from twizzit_pipeline.runs.seasons import SeasonRow, in_use, known
from twizzit_pipeline.storage.tables import sync_history, twizzit_players

# What runs for longer ("Recreanten 2020-2030") does not take the place of a season that is over.
_LONGEST = timedelta(days=550)


def decides(connection: Connection, credential_id: int, season: SeasonRow, *, day: date, season_start: str) -> bool:
    """Whether `season` is the latest that runs, else the latest that has begun, of those that list a team with players.

    One that comes before it and was never scanned may list some: then this one does not decide. Nor does one that the
    account does not list any more, while another runs.
    """
    there = in_use(known(connection, credential_id, season_start), day)
    return decides_among(connection, credential_id, season, there, day=day)


def decides_among(
    connection: Connection, credential_id: int, season: SeasonRow, there: Sequence[SeasonRow], *, day: date
) -> bool:
    """`decides`, where it is known which seasons are in use (`seasons.in_use`)."""
    if season.start_date > day or season.id not in {row.id for row in there}:
        return False
    here = _rank(season, day)
    later = [row for row in there if row.start_date <= day and here < _rank(row, day)]
    return all(
        teams_scanned(connection, credential_id, row)
        and _players_scanned(connection, credential_id, row)
        and not _lists_players(connection, credential_id, row)
        for row in later
    )


def _rank(season: SeasonRow, day: date) -> tuple[bool, date, int]:
    """The greater, the sooner a season decides: an outdoor season that goes on, once the indoor one within it is over.

    Of two that begin on one day the later one in the list: both deciding, a player would change teams at each sync.
    """
    runs = day <= season.end_date and season.end_date - season.start_date <= _LONGEST
    return runs, season.start_date, season.id


def teams_scanned(connection: Connection, credential_id: int, season: SeasonRow, *, run_id: str | None = None) -> bool:
    """Whether all the teams of the season were read once, by a sync that ended well or by the run `run_id`."""
    by_run = sync_history.c.dagster_run_id == run_id if run_id is not None else false()
    scanned = _history_of(credential_id, "teams", season).where(_ended_well() | by_run)
    return connection.execute(scanned.limit(1)).first() is not None


def _players_scanned(connection: Connection, credential_id: int, season: SeasonRow) -> bool:
    """Whether the players of all its teams were read once."""
    unread = func.coalesce(sync_history.c.details["failed"].has_key(PLAYERS_NOT_READ), false())
    scanned = _history_of(credential_id, "players", season).where(_ended_well(), ~unread)
    return connection.execute(scanned.limit(1)).first() is not None


def _history_of(credential_id: int, entity: str, season: SeasonRow) -> Select[tuple[int]]:
    """The syncs that read a whole season: one of a single team says nothing about the others, and one that ended well
    because the account did not list the season read nothing.
    """
    return select(sync_history.c.id).where(
        sync_history.c.credential_id == credential_id,
        sync_history.c.sync_type == entity,
        sync_history.c.details["season"].astext == season.label,
        sync_history.c.details["group_id"].astext.is_(None),
        sync_history.c.details["season_exists"].astext.is_(None),
    )


def _ended_well() -> ColumnElement[bool]:
    return sync_history.c.status.in_(("success", "partial_success"))


def _lists_players(connection: Connection, credential_id: int, season: SeasonRow) -> bool:
    listed_players = select(twizzit_players.c.twizzit_player_id).where(
        twizzit_players.c.credential_id == credential_id, twizzit_players.c.season_id == season.id
    )
    return connection.execute(listed_players.limit(1)).first() is not None
