"""Reads what departures are planned from: who is missing, who is due or back, what was decided, and what counts.

What belongs here: putting together what a plan needs of one entity. Who is missing is found in `missing`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, select

from twizzit_pipeline.entities import ENTITIES, EntityName
from twizzit_pipeline.plan.departed import DONE, OPEN, Absences, Departure, Departures, Limit
from twizzit_pipeline.plan.rows import Owner, WantedSeason
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.tables import (
    MAPPINGS,
    departures,
    twizzit_seasons,
)
from twizzit_pipeline.sync.state.mapped import owned_by
from twizzit_pipeline.sync.state.missing import (
    DEPARTS,
    departure_of,
    departures_of,
    due_again,
    is_here,
    known_of,
    listed_of,
    missing,
    rows_of,
    taken_back,
)

LATELY = timedelta(days=1)  # within which those who leave count together


def read_departures(
    connection: Connection,
    owner: Owner,
    entity: EntityName,
    season_id: int,
    season: WantedSeason,
    absences: Absences | None,
    limit: Limit,
) -> Departures:
    """Everything that decides about departures of one entity, as a transaction sees it.

    Args:
        season_id: of `twizzit_seasons`, as `season`. One that does not decide ends nothing that waits.
        absences: None where the scan was not complete: then who is back is all that is known.
    """
    known = _known(connection, owner, entity, season_id, season)
    if absences is None or not season.decides:
        return Departures(
            back=known.back, still_held=known.still_held, limit=limit, left=known.left, unlisted=known.unlisted
        )
    # Mostly no one is missing, and nothing more is asked.
    gone = missing(connection, owner, entity, season_id, season.label) if absences.kinds else []
    found = [one for one in gone if one.twizzit_id in absences.kinds]
    again = due_again(connection, owner, entity, season_id) if absences.due else []
    due = [one for one in again if one.departure.twizzit_id in absences.due]
    lately = (departures.c.applied_at > datetime.now(UTC) - LATELY) & departures.c.decided_at.is_(None)
    # One whose sync was undone is held back, and counted as such.
    recent = _counted(connection, owner, entity, lately & (departures.c.status != "held")) if found else []
    return Departures(
        found,
        absences.kinds,
        absences.can_ask,
        [replace(one, said=absences.due[one.departure.twizzit_id]) for one in due],
        known.back,
        _active(connection, owner, entity, season.label) if found else {},
        _by_club(entity, recent),
        _by_club(entity, known.held),
        known.still_held,
        limit,
        season.label,
        known.left,
        known.unlisted,
        absences.moved_on,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """The departures of one entity that have not ended, or whose end was undone; see `Departures`.

    Attributes:
        held: the rows of those that wait for a person.
    """

    back: dict[str, Departure] = field(default_factory=dict)
    held: Sequence[Any] = ()
    left: dict[str, Departure] = field(default_factory=dict)
    unlisted: dict[str, Departure] = field(default_factory=dict)

    @property
    def still_held(self) -> list[str]:
        return [row.twizzit_id for row in self.held]


def _known(connection: Connection, owner: Owner, entity: EntityName, season_id: int, season: WantedSeason) -> _Known:
    ids = known_of(connection, entity, owner)
    if not ids:  # as of most clubs, of most entities: then there is nothing more to ask
        return _Known()
    credential_id, listed = owner.credential_id, listed_of(connection, entity, owner, season_id, ids)
    unlisted = _unlisted(connection, owner, entity, listed)
    if not season.decides:
        back = departures_of(connection, credential_id, entity, listed=listed)
        return _Known({one: row for one, row in back.items() if row.status in DONE}, unlisted=unlisted)
    opened = _counted(connection, owner, entity, departures.c.status.in_(OPEN))
    # There is nothing left to decide: the row is not in ShotSpot any more, or the season of a team or a match is over.
    ended = {row.twizzit_id for row in opened if row.here is None} | _of_earlier_seasons(
        connection, owner, entity, season
    )
    return _Known(
        departures_of(connection, credential_id, entity, listed=listed | ended),
        [row for row in opened if row.status == "held" and row.twizzit_id not in ended],
        _left(connection, owner) if entity == "players" else {},
        unlisted,
    )


def _left(connection: Connection, owner: Owner) -> dict[str, Departure]:
    """Remote id → the departure of each player who has left and whose mapping is not closed yet."""
    row = departures.c
    applied = (row.status == "applied") & row.returned_at.is_(None)
    found = [departure_of(one) for one in connection.execute(rows_of(owner.credential_id, "players", applied))]
    return {one.twizzit_id: one for one in found}


def _unlisted(
    connection: Connection, owner: Owner, entity: EntityName, listed: Collection[str]
) -> dict[str, Departure]:
    """Remote id → the departure of each team or match that is not listed, and has not ended, or its end was undone."""
    if entity == "players":
        return {}
    row = departures.c
    wanted = rows_of(owner.credential_id, entity, row.returned_at.is_(None) | taken_back(entity))
    in_turn = wanted.order_by(row.returned_at.is_(None), row.id)  # the one that has not ended is the last
    found = [departure_of(one) for one in connection.execute(in_turn)]
    return {one.twizzit_id: one for one in found if one.twizzit_id not in listed}


def _of_earlier_seasons(connection: Connection, owner: Owner, entity: EntityName, season: WantedSeason) -> set[str]:
    """The teams or matches of which nothing is in ShotSpot yet, and that are of a season before this one.

    Not those of one that goes on after it, as an outdoor season does after the indoor one within it.
    """
    if entity == "players":
        return set()
    row, listed = departures.c, twizzit_seasons.c
    before = select(listed.label).where(
        listed.credential_id == owner.credential_id,
        listed.start_date < season.start_date,
        sa.or_(listed.end_date.is_(None), listed.end_date < season.end_date),
    )
    labels = list(connection.scalars(before))  # a few; joined, a fresh table would be compared row with row
    wanted = select(row.twizzit_id).where(
        row.credential_id == owner.credential_id,
        row.entity == entity,
        row.status.in_(OPEN),
        among(row.season, labels),
    )
    return set(connection.scalars(wanted))


def _counted(connection: Connection, owner: Owner, entity: EntityName, where: ColumnElement[bool]) -> list[Any]:
    """The departures of one entity that have not ended, with the clubs of their local rows."""
    row, of = departures.c, DEPARTS[entity]
    wanted = (
        select(row.twizzit_id, row.status, of.local.c.id.label("here"), *(of.local.c[name] for name in of.clubs))
        .select_from(departures.outerjoin(of.local, of.local.c.id == row.local_id))
        .where(row.credential_id == owner.credential_id, row.entity == entity, row.returned_at.is_(None), where)
        .order_by(row.id)
    )
    return list(connection.execute(wanted))


def _by_club(entity: EntityName, rows: Iterable[Any]) -> dict[int | None, int]:
    """Club → how many of these rows count in it; None → how many they are."""
    clubs = [{getattr(row, name) for name in DEPARTS[entity].clubs} - {None} for row in rows]
    return {**Counter(club for of_row in clubs for club in of_row), None: sum(map(bool, clubs))}


def _active(connection: Connection, owner: Owner, entity: EntityName, label: str) -> dict[int | None, int]:
    """Club → how many of the owner's mapped rows are here and active."""
    table, of = MAPPINGS[entity], DEPARTS[entity]
    active = of.local.c.is_active.is_not(False) if "is_active" in of.local.c else sa.true()
    wanted = (
        select(*(of.local.c[name] for name in of.clubs))
        .join(table, table.c[ENTITIES[entity].local_id] == of.local.c.id)
        .where(owned_by(table, owner), is_here(connection, entity, table, label), active)
    )
    return _by_club(entity, connection.execute(wanted))
