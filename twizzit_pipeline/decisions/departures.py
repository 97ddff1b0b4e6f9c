"""Departures that wait for a person, and those that are over: listed, approved, refused.

What belongs here: a person's decision about what a sync found. A decision is a mark in `twizzit_departures`; the next
sync of the club acts on it, and asks Twizzit once more where that can be asked. The names in a list are for the person
who asked for it, and for no log.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, false, func, or_, select, update

from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import NotAsShown, NothingToDecide
from twizzit_pipeline.storage import audit, bulk
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import departures, match_mappings, players, teams

Decision = Literal["approve", "refuse"]
Chosen = tuple[str, str]  # entity, remote id

HELD = ("held",)  # what waits for a person
_UNDECIDED = ("held", "waiting", "approved", "refused")  # nothing of it is in ShotSpot
_MARK: dict[Decision, str] = {"approve": "approved", "refuse": "refused"}
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class FoundDeparture:
    """One team, player or match that Twizzit does not list any more.

    Attributes:
        kind: no_team (still a contact), gone (Twizzit, asked for it, does not have it), unproved (no clear answer).
        status: held (too many at once, or v1: a person decides), waiting (for proof, or the end of its grace),
            approved, refused, applied, closed (its mapping too), returned.
        name: what ShotSpot calls it; None where its row is gone.
    """

    id: int
    entity: str
    twizzit_id: str
    local_id: int
    name: str | None
    season: str
    kind: str
    status: str
    missed_at: datetime
    proved_at: datetime | None
    applied_at: datetime | None
    closed_at: datetime | None
    returned_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision marked: `marked` are those concerned, `already` those that were decided so before."""

    marked: Sequence[Chosen]
    already: int = 0


def listing(engine: Engine, credential_id: int, *, over: bool = False) -> list[FoundDeparture]:
    """The departures of a credential that have not ended; first what waits for a person, last what waits for proof.

    Args:
        over: those of who has returned, too.

    Raises:
        UnknownCredential: there is none.
    """
    store.get(engine, credential_id)
    row = departures.c
    turn = case((row.status == "held", 0), (row.status == "waiting", 2), else_=1)
    columns = [_name() if one == "name" else row[one] for one in FoundDeparture.__dataclass_fields__]
    wanted = select(*columns).where(row.credential_id == credential_id)
    if not over:
        wanted = wanted.where(row.returned_at.is_(None))
    with driver_errors(), engine.connect() as connection:
        found: list[Any] = list(connection.execute(wanted.order_by(turn, row.entity.desc(), row.id)))
    return [FoundDeparture(*one) for one in found]


def decide(
    engine: Engine,
    credential_id: int,
    decision: Decision,
    chosen: Collection[Chosen] | None,
    *,
    actor: Actor,
    shown: Mapping[Chosen, str] | None = None,
) -> Decided:
    """Approves or refuses departures; the next sync acts on it.

    An approved one leaves with the next sync, unless Twizzit lists it again. A refused one stays as it is in ShotSpot,
    and is asked for no more, until Twizzit lists it again or a person approves it.

    Args:
        chosen: which ones, by entity and remote id; None for all that are held back.
        shown: the status of those that the person looked at; None where that is not known.

    Raises:
        UnknownCredential: there is none.
        NothingToDecide: none waits, or one of the chosen does not.
        NotAsShown: another person decided otherwise about one of them meanwhile.
    """
    store.get(engine, credential_id)
    with driver_errors(), engine.begin() as connection:
        found = _undecided(connection, credential_id, HELD if chosen is None else _UNDECIDED, chosen)
        _require(found, chosen, credential_id)
        mark = _MARK[decision]
        undecided = [one for one in found if one.status != mark]
        if any((shown or {}).get((one.entity, one.twizzit_id), one.status) != one.status for one in undecided):
            raise NotAsShown("One of these departures was decided otherwise meanwhile: look at it again")
        ids = [one.id for one in undecided]
        if ids:
            connection.execute(
                update(departures)
                .where(bulk.among(departures.c.id, ids))
                .values(status=mark, decided_at=func.clock_timestamp(), decided_by=_said(actor))
            )
            counts = {entity: sum(one.entity == entity for one in found) for entity in {one.entity for one in found}}
            details = {"credential_id": credential_id, "departures": ids[:200], **counts}
            audit.record(
                connection,
                actor,
                action="approve" if decision == "approve" else "refuse",
                target="departures",
                target_id=str(credential_id),
                details=details,
            )
    return Decided([(one.entity, one.twizzit_id) for one in undecided], len(found) - len(ids))


def _undecided(
    connection: Connection, credential_id: int, statuses: Sequence[str], chosen: Collection[Chosen] | None
) -> list[Any]:
    row = departures.c
    wanted = select(row.id, row.entity, row.twizzit_id, row.status).where(
        row.credential_id == credential_id, row.returned_at.is_(None), row.status.in_(statuses)
    )
    if chosen is not None:
        of_entity = (
            and_(row.entity == entity, bulk.among(row.twizzit_id, [each for one, each in chosen if one == entity]))
            for entity in {one for one, _ in chosen}
        )
        wanted = wanted.where(or_(false(), *of_entity))
    return list(connection.execute(wanted.order_by(row.id).with_for_update()))


def _require(found: Sequence[Any], chosen: Collection[Chosen] | None, credential_id: int) -> None:
    see = f"see: twizzit departures list {credential_id}"
    if chosen is None:
        if not found:
            raise NothingToDecide(f"No departure is held back, so nothing waits for a decision; {see}")
        return
    known = {(one.entity, one.twizzit_id) for one in found}
    unknown = [" ".join(one) for one in dict.fromkeys(chosen) if one not in known]
    if unknown:
        more = "" if len(unknown) <= _MOST_NAMED else f" and {len(unknown) - _MOST_NAMED} more"
        raise NothingToDecide(
            f"No departure waits for a decision with these ids: {', '.join(unknown[:_MOST_NAMED])}{more}; nothing was "
            f"decided; {see}"
        )


def _name() -> ColumnElement[Any]:
    """What ShotSpot calls the local row; a match is called as its mapping has it."""
    row = departures.c
    person = select(players.c.first_name + " " + players.c.last_name).where(players.c.id == row.local_id)
    team = select(teams.c.name).where(teams.c.id == row.local_id)
    match = select(match_mappings.c.twizzit_match_name).where(match_mappings.c.local_game_id == row.local_id)
    return case(
        (row.entity == "players", person.scalar_subquery()),
        (row.entity == "teams", team.scalar_subquery()),
        else_=match.scalar_subquery(),
    )


def _said(actor: Actor) -> str:
    """Who decided, as requests name those who asked."""
    return actor.id[:255] if actor.role is None else f"{actor.role} {actor.id}"[:255]
