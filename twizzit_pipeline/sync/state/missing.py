"""Who is mapped and not in the snapshot, and the departures that are known of them.

What belongs here: looking, row by row. What the plan is made from, with what counts against the limit, is put together
in `departures`; what Twizzit says of those who are missing is found out by `sync.absence`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, or_, select

from twizzit_pipeline.entities import ENTITIES, EntityName
from twizzit_pipeline.plan.departed import DONE, OPEN, Departure, Due, Missing
from twizzit_pipeline.plan.departures import DEPARTED
from twizzit_pipeline.plan.ownership import current_mapping
from twizzit_pipeline.plan.rows import MappingRow, Owner
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.remote_ids import mapped_to, remote_id
from twizzit_pipeline.storage.tables import (
    MAPPINGS,
    SNAPSHOTS,
    departures,
    games,
    player_mappings,
    players,
    team_mappings,
    teams,
    twizzit_players,
)
from twizzit_pipeline.sync.state.calendar import has_events
from twizzit_pipeline.sync.state.mapped import mapping_rows, of_scan, owned_by

_KEPT = 100  # statements of one sync that the next one of the same credential has as well
AGAIN = timedelta(days=30)  # after which a contact in no team is asked for again


@dataclass(frozen=True, slots=True)
class Departing:
    """What of an entity departs: its local table, the columns concerned, and the clubs that a row counts in."""

    local: Table
    columns: tuple[str, ...]
    clubs: tuple[str, ...]


DEPARTS: Mapping[str, Departing] = {
    "teams": Departing(teams, ("is_active",), ("club_id",)),
    "players": Departing(players, ("club_id", "team_id", "jersey_number", "is_active"), ("club_id",)),
    "matches": Departing(games, ("status",), ("home_club_id", "away_club_id")),
}


def missing(connection: Connection, owner: Owner, entity: EntityName, season_id: int, label: str) -> list[Missing]:
    """The owner's mapped rows that the snapshot does not list and that have not departed, with what was decided."""
    table, of = MAPPINGS[entity], DEPARTS[entity]
    seen = select(SNAPSHOTS[entity].c[ENTITIES[entity].remote_id]).where(of_scan(SNAPSHOTS[entity], owner, season_id))
    here = is_here(connection, entity, table, label)
    unlisted = select(table.c.id).where(owned_by(table, owner), remote_id(table).not_in(seen), here)
    ids = list(connection.scalars(unlisted))
    words = ENTITIES[entity]
    wanted = among(table.c.id, ids)
    found = mapping_rows(connection, table, remote=words.one, local=words.local_one, where=wanted) if ids else []
    if not found:
        return []
    local = _local(connection, of, {one.local_id for one in found})
    known = departures_of(connection, owner.credential_id, entity, listed={one.twizzit_id for one in found})
    return [_missing(of, one, local[one.local_id], known.get(one.twizzit_id)) for one in found if one.local_id in local]


def is_open(one: Missing, grace: datetime) -> bool:
    """Whether it is to be asked for: neither held back nor refused, and its grace is over."""
    row = one.departure
    if row is None or row.status in ("approved", *DONE):  # done and missing once more: it was undone
        return True
    return row.status == "waiting" and (row.kind == "unproved" or row.proved_at is None or row.proved_at <= grace)


def listed_elsewhere(connection: Connection, owner: Owner, season_id: int) -> dict[str, str]:
    """Remote id of each person whom the snapshot lists, but not in the remote team of the last sync → that team."""
    table, seen = player_mappings, twizzit_players.c
    person, team = remote_id(table), table.c.last_values["twizzit_team_id"].astext
    placed = select(person, team).where(
        owned_by(table, owner), table.c.last_values["is_active"].astext == "true", team.is_not(None)
    )
    there = select(seen.twizzit_player_id, seen.twizzit_team_id).where(_scan(owner, season_id))
    away = sa.except_(placed, there)  # hashed or sorted, however many they are
    found = {row[0]: row[1] for row in connection.execute(away)}
    if not found:
        return {}
    listed = select(seen.twizzit_player_id).where(_scan(owner, season_id), among(seen.twizzit_player_id, list(found)))
    return {one: found[one] for one in set(connection.scalars(listed))}


def would_stay(connection: Connection, owner: Owner, season_id: int, label: str) -> dict[str, str]:
    """The same of those whose team is one of this season, and has not departed: they stay in it where nothing was asked
    since that scan. A team that is away as it was last asked for, or about which a person decides, keeps no one, as in
    a sync (`sync.staying`).
    """
    found, table = listed_elsewhere(connection, owner, season_id), team_mappings
    if not found:
        return {}
    here = select(remote_id(table)).where(
        owned_by(table, owner), is_here(connection, "teams", table, label), mapped_to(table, {*found.values()})
    )
    away = {one.twizzit_id for one in missing(connection, owner, "teams", season_id, label) if _is_away(one.departure)}
    teams_here = set(connection.scalars(here)) - away
    return {person: team for person, team in found.items() if team in teams_here}


def _is_away(departure: Departure | None) -> bool:
    """Whether Twizzit was asked and proved it, or a person decides about it or has refused it."""
    if departure is None or departure.status not in OPEN:
        return False
    return departure.status in ("held", "refused") or departure.kind != "unproved"


def due_again(
    connection: Connection, owner: Owner, entity: EntityName, season_id: int, *, before: datetime | None = None
) -> list[Due]:
    """Players who have departed, are not listed, and whose contact was asked for long ago.

    One whose departure was undone is here again by their mapping: missed anew (`missing`), and for a person to decide.

    Args:
        before: the moment before which a contact that is gone was proved to be so; None for all that departed.
    """
    if entity != "players":
        return []
    row, wanted = departures.c, _departed(owner, season_id)
    if before is not None:
        lately = row.proved_at <= datetime.now(UTC) - AGAIN
        wanted = wanted.where(or_((row.kind == "gone") & (row.proved_at <= before), (row.kind == "no_team") & lately))
    return [Due(departure_of(found), found[-1], "unproved") for found in connection.execute(wanted)]


@lru_cache(_KEPT)
def _departed(owner: Owner, season_id: int) -> Select[Any]:
    """Players who have departed and are not listed."""
    table, row = player_mappings, departures.c
    return (
        rows_of(owner.credential_id, "players", row.returned_at.is_(None))
        .add_columns(table.c.id)
        .join(table, table.c.local_player_id == row.local_id)
        .where(
            row.status == "applied",
            row.kind.in_(("gone", "no_team")),
            owned_by(table, owner),
            remote_id(table) == row.twizzit_id,
            table.c.last_values["is_active"].astext.is_distinct_from("true"),
            row.twizzit_id.not_in(select(twizzit_players.c.twizzit_player_id).where(_scan(owner, season_id))),
        )
        .order_by(row.proved_at, row.id)
    )


def departures_of(
    connection: Connection, credential_id: int, entity: str, *, listed: Collection[str]
) -> dict[str, Departure]:
    """Remote id → the departure that has not ended, or whose end was undone, of those among `listed`."""
    if not listed:
        return {}
    row = departures.c
    wanted = rows_of(credential_id, entity, row.returned_at.is_(None) | taken_back(entity))
    wanted = wanted.where(among(row.twizzit_id, list(listed))).order_by(row.returned_at.is_(None), row.id)
    found = [departure_of(one) for one in connection.execute(wanted)]
    return {one.twizzit_id: one for one in found}  # the one that has not ended is the last


@cache
def taken_back(entity: str) -> ColumnElement[bool]:
    """Whether the sync in which one returned was undone: no mapping says that a player is here, or one says that a team
    or a match has departed.
    """
    row, mapping = departures.c, MAPPINGS[entity].c
    of_row = mapping[ENTITIES[entity].local_id] == row.local_id
    if entity == "players":
        is_away = ~sa.exists().where(of_row, mapping.last_values["is_active"].astext.is_distinct_from("false"))
    else:
        is_away = sa.exists().where(of_row, mapping.last_values[DEPARTED].astext.is_not(None))
    return (row.status == "returned") & row.applied_at.is_not(None) & is_away


def known_of(connection: Connection, entity: EntityName, owner: Owner) -> list[str]:
    """The remote ids that have departed, or are about to, or whose return was undone."""
    return list(connection.scalars(_known_of(entity), {"owner": owner.credential_id}))


@cache
def _known_of(entity: EntityName) -> Select[tuple[str]]:
    row = departures.c
    of_entity = (row.credential_id == bindparam("owner")) & (row.entity == entity)
    return select(row.twizzit_id).where(of_entity, row.returned_at.is_(None) | taken_back(entity))


def listed_of(
    connection: Connection, entity: EntityName, owner: Owner, season_id: int, ids: Collection[str]
) -> set[str]:
    """Those of the remote ids that the snapshot lists."""
    column = SNAPSHOTS[entity].c[ENTITIES[entity].remote_id]
    wanted = select(column).where(of_scan(SNAPSHOTS[entity], owner, season_id), among(column, ids))
    return set(connection.scalars(wanted))


def _scan(owner: Owner, season_id: int) -> ColumnElement[bool]:
    return of_scan(twizzit_players, owner, season_id)


_COMING = select(games.c.id).where(
    or_(games.c.status.is_(None), games.c.status.in_(("scheduled", "to_reschedule"))),
    sa.func.coalesce(games.c.home_score, 0) == 0,
    sa.func.coalesce(games.c.away_score, 0) == 0,
)


def is_here(connection: Connection, entity: EntityName, table: Table, label: str) -> ColumnElement[bool]:
    """Whether a mapping's base says that its row is listed: a player, a team or a match of this season.

    A game that was played, or that any user of ShotSpot called off, is left alone.
    """
    base = table.c.last_values
    if entity == "players":
        return sa.and_(base["is_active"].astext == "true")
    of_season = sa.and_(base["season"].astext == label, base[DEPARTED].astext.is_(None))
    if entity == "teams":
        return of_season
    return sa.and_(of_season, table.c.local_game_id.in_(_COMING.where(~has_events(connection))))


def _missing(of: Departing, mapping: MappingRow, local: Any, departure: Departure | None) -> Missing:
    return Missing(
        mapping.twizzit_id,
        mapping.local_id,
        mapping.id,
        current_mapping(mapping),
        {name: local[name] for name in of.columns},
        tuple({local[name]: None for name in of.clubs if local[name] is not None}),
        departure,
    )


def _local(connection: Connection, of: Departing, ids: Collection[int]) -> dict[int, Any]:
    columns = {"id", *of.columns, *of.clubs}
    wanted = select(*(of.local.c[name] for name in sorted(columns))).where(among(of.local.c.id, list(ids)))
    return {row["id"]: row for row in connection.execute(wanted).mappings()}


# Of a return that was undone, what it was before.
_STATUS = sa.case(
    (departures.c.status != "returned", departures.c.status),
    (departures.c.closed_at.is_not(None), "closed"),
    else_="applied",
)


def rows_of(credential_id: int, entity: str, which: ColumnElement[bool]) -> Select[Any]:
    """Departures of one entity, in the order of `Departure`'s fields."""
    row = departures.c
    return _every_row().where(row.credential_id == credential_id, row.entity == entity, which)


@cache
def _every_row() -> Select[Any]:
    row = departures.c
    before_team = sa.cast(row.before["team_id"].astext, sa.Integer)
    there = sa.exists().where(teams.c.id == before_team)
    decided = (row.kind, _STATUS, row.before, row.base, row.mapping)
    return select(row.id, row.twizzit_id, row.local_id, *decided, there, row.proved_at)


def departure_of(row: Any) -> Departure:
    id_, twizzit_id, local_id, kind, status, before, base, mapping, there, proved_at = row[:10]
    return Departure(id_, twizzit_id, local_id, kind, status, before or {}, base, mapping, there, proved_at)


def stood_before(connection: Connection, owner: Owner, season_id: int, ids: Collection[str]) -> dict[str, set[str]]:
    """Remote id of a person → the teams in which another season's scan saw them."""
    column = twizzit_players.c
    wanted = select(column.twizzit_player_id, column.twizzit_team_id).where(
        _scan(owner, season_id), among(column.twizzit_player_id, list(ids))
    )
    found: dict[str, set[str]] = {}
    for person, team in connection.execute(wanted):
        found.setdefault(person, set()).add(team)
    return found


def days_of(connection: Connection, ids: Mapping[str, int]) -> dict[str, date]:
    """Remote id of a match → the Belgian day of its game."""
    day = sa.cast(sa.func.timezone("Europe/Brussels", games.c.date), sa.Date)
    found = {
        row[0]: row[1]
        for row in connection.execute(select(games.c.id, day).where(among(games.c.id, list(ids.values()))))
    }
    return {remote: found[local] for remote, local in ids.items() if local in found}
