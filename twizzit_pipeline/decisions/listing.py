"""The conflicts, doubtful links and opponents in doubt of credentials, as people want to read them: with names.

The answers hold names of people: they are for the person who asks, and are never logged.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from twizzit_pipeline.decisions.asked_rows import (
    TEAM,
    ids_of,
    is_of_team,
    mapped_rows,
    names_of_teams,
    remote_names,
    rows_held,
    table_of,
)
from twizzit_pipeline.entities import ENTITIES, MATCHES, PLAYERS
from twizzit_pipeline.errors import UnknownConflict
from twizzit_pipeline.plan import is_of_name
from twizzit_pipeline.plan.decisions import plain
from twizzit_pipeline.plan.opponent_questions import OPPONENT, said_of
from twizzit_pipeline.plan.partners import mapped_then
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.ends_of_time import as_postgres
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import conflicts, credentials

_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A local row that a remote one may be.

    Attributes:
        mapped: whether it is something else's: by now, or (of a question about one that is mapped) as it was asked.
        mapped_to: the remote id of that.
        may_be_linked: whether it may be chosen: not where it is something else's that is there still.
        jersey_number, team_name: of a player, where ShotSpot has them: by what namesakes differ.
    """

    local_id: int
    name: str
    mapped: bool
    mapped_to: str | None = None
    may_be_linked: bool = True
    jersey_number: int | None = None
    team_name: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conflict about a field, a doubtful link, or an opponent of whom it is not clear who it is.

    Attributes:
        twizzit_id: the remote id; of an opponent, who has none, a key of its name.
        column: of a conflict; of an opponent `club_id` or `team_id`: what the candidates are.
        name: what ShotSpot calls the row (a match: Twizzit); of a doubtful link, and of an opponent, what
            Twizzit calls it.
        local_id: of a conflict; of a doubtful link the row that it is mapped to meanwhile, if it is to one.
        local_name, local_jersey_number, local_team_name: of a doubtful link: what ShotSpot has of that row.
        base, local, remote: of a conflict: what Twizzit said before, what ShotSpot held when it was last looked at, and
            what Twizzit says.
        now: what ShotSpot holds at this moment.
        team_names: of a conflict about a player's team: local id → name.
        candidates: of a doubtful link and an opponent.
        match: of an opponent: a match that waits for it, by its two sides.
        name_taken: of a doubtful link: it is of a new team, whose name in the season its candidate has.
        value: of the resolution: the value, or the local id that was linked.
        reason: why it is settled: `plan.SettledBy`, or ``undone``; None of one that is not, or was long ago.
    """

    id: int
    credential_id: int
    organization: str
    entity: str
    twizzit_id: str
    kind: str
    column: str
    local_id: int | None
    name: str | None
    local_name: str | None
    base: object
    local: object
    remote: object
    now: object
    team_names: Mapping[int, str]
    candidates: Sequence[Candidate]
    status: str
    resolution: str | None
    value: object
    found_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    history_id: int | None
    reason: str | None
    name_taken: bool = False
    match: str | None = None
    local_jersey_number: int | None = None
    local_team_name: str | None = None

    @property
    def same_name(self) -> tuple[int, ...]:
        """The candidates that share a name with another row: they may be one person, whom no sync merges."""
        if self.kind == OPPONENT:
            return ()
        names = [one.name.casefold() for one in self.candidates]
        names += [self.local_name.casefold()] if self.local_name is not None else []
        return tuple(one.local_id for one in self.candidates if names.count(one.name.casefold()) > 1)

    @property
    def mark(self) -> str:
        """Of what a person looks at: another one as soon as either side, or a row that it may be, is another."""
        fitting = [(each.local_id, each.mapped_to) for each in self.candidates]
        said: Sequence[object] = (self.id, self.now, self.remote, self.local_id, fitting)
        return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()[:16]


def listing(
    engine: Engine,
    *,
    credential_ids: Collection[int] | None = None,
    over: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[list[Waiting], int]:
    """What waits for a person, the oldest first, and how much of it there is.

    Args:
        credential_ids: of these credentials; None for all.
        over: what is resolved or settled as well, the newest first.
    """
    row = conflicts.c
    where = [] if over else [row.status == "open"]
    if credential_ids is not None:
        where.append(among(row.credential_id, sorted(credential_ids)))
    order = row.id.desc() if over else row.id
    with driver_errors(), engine.connect() as connection:
        total = connection.scalar(select(func.count()).select_from(conflicts).where(*where)) or 0
        found = connection.execute(_rows().where(*where).order_by(order).limit(limit).offset(offset)).all()
        return _shown(connection, found), total


def one(engine: Engine, conflict_id: int) -> Waiting:
    """One of them, open or not.

    Raises:
        UnknownConflict: there is no such conflict.
    """
    if 0 < conflict_id <= _LARGEST_ID:
        with driver_errors(), engine.connect() as connection:
            found = _one(connection, conflict_id)
            if found is not None:
                return found
    raise UnknownConflict(f"There is no conflict {conflict_id}; see those that wait: twizzit conflicts")


def is_as_shown(connection: Connection, conflict_id: int, mark: str) -> bool:
    """Whether what a person looked at, by its `Waiting.mark`, is what it says at this moment."""
    found = _one(connection, conflict_id)
    return found is not None and found.mark == mark


def _one(connection: Connection, conflict_id: int) -> Waiting | None:
    found = connection.execute(_rows().where(conflicts.c.id == conflict_id)).all()
    return _shown(connection, found)[0] if found else None


def _rows() -> Select[Any]:
    joined = conflicts.join(credentials, credentials.c.id == conflicts.c.credential_id)
    return select(conflicts, credentials.c.organization_name).select_from(joined)


def _shown(connection: Connection, rows: Sequence[Any]) -> list[Waiting]:
    """With what ShotSpot has now: a statement or two for each entity, however many rows."""
    held: dict[str, dict[int, Mapping[str, Any]]] = {}
    names: dict[str, dict[tuple[int, str], str]] = {}
    mapped: dict[str, dict[int, str]] = {}
    for entity in sorted({row.entity for row in rows}):
        of_it = [row for row in rows if row.entity == entity and row.kind != OPPONENT]
        names[entity] = remote_names(connection, entity, of_it)
        mapped[entity] = mapped_rows(connection, entity, ids_of(of_it))
    for table in {table_of(row) for row in rows}:
        held[table] = rows_held(connection, table, ids_of(row for row in rows if table_of(row) == table))
    team_names = names_of_teams(connection, rows, held)
    return [_waiting(row, held[table_of(row)], names[row.entity], mapped[row.entity], team_names) for row in rows]


def _waiting(
    row: Any,
    held: Mapping[int, Mapping[str, Any]],
    names: Mapping[tuple[int, str], str],
    mapped: Mapping[int, str],
    team_names: Mapping[int, str],
) -> Waiting:
    local = held.get(row.local_id) if row.local_id is not None else None
    if row.kind == OPPONENT:  # the row of another organization's team may well be the right one
        mapped = {}
    candidates = tuple(
        Candidate(
            one,
            _name(row, held[one]),
            one in mapped,
            mapped.get(one),
            _may_be_linked(row, one, mapped),
            *_shirt(row, held[one], team_names),
        )
        for one in row.candidates or ()
        if one in held
    )
    shirt = _shirt(row, local, team_names)
    now = as_postgres(plain(local.get(row.column_name))) if local is not None and row.kind == "field" else None
    said = {one for one in (row.base, row.local, row.remote, now) if type(one) is int}
    return Waiting(
        id=row.id,
        credential_id=row.credential_id,
        organization=row.organization_name,
        entity=row.entity,
        twizzit_id=row.twizzit_id,
        kind=row.kind,
        column=row.column_name,
        local_id=row.local_id,
        name=_called(row, local, names.get((row.credential_id, row.twizzit_id))),
        local_name=None if local is None or row.kind == "field" else _name(row, local),
        base=as_postgres(row.base) if row.kind == "field" else None,
        local=as_postgres(row.local),
        remote=None if row.kind == OPPONENT else as_postgres(row.remote),
        now=now,
        team_names={one: team_names[one] for one in sorted(said & team_names.keys())} if is_of_team(row) else {},
        candidates=candidates,
        status=row.status,
        resolution=None if row.status == "settled" else row.resolution,
        value=as_postgres(row.value),
        found_at=row.found_at,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        history_id=row.history_id,
        reason=row.resolution if row.status == "settled" else None,
        name_taken=is_of_name(row.kind, row.local_id, row.base),
        match=said_of(row.remote)["match"] if row.kind == OPPONENT else None,
        local_jersey_number=shirt[0],
        local_team_name=shirt[1],
    )


def _shirt(row: Any, local: Mapping[str, Any] | None, team_names: Mapping[int, str]) -> tuple[int | None, str | None]:
    """Number and team of a player whom a doubtful link is about; of anything else neither."""
    if local is None or row.kind != "doubtful_link" or row.entity != PLAYERS.name:
        return None, None
    return local["jersey_number"], team_names.get(local[TEAM])


def _may_be_linked(row: Any, local_id: int, mapped: Mapping[int, str]) -> bool:
    """Whether a candidate may be chosen: one that is mapped, where that mapping was asked about, and may be taken."""
    if row.local_id is not None or local_id not in mapped:
        return True
    return mapped_then(row.base).get(str(local_id)) == mapped[local_id]


def _called(row: Any, local: Mapping[str, Any] | None, remote: str | None) -> str | None:
    """ShotSpot's name of the row, if it has one; else, and of a doubtful link or an opponent, Twizzit's."""
    if row.kind == OPPONENT:
        name = said_of(row.remote)["name"]
        return None if name is None else str(name)
    if local is None or (remote is not None and (row.entity == MATCHES.name or row.kind != "field")):
        return remote
    return _name(row, local)


def _name(of: Any, row: Mapping[str, Any]) -> str:
    """What ShotSpot calls a row that a question is about; a game has a day alone."""
    if of.kind == OPPONENT:
        return str(row["name"])
    if of.entity == MATCHES.name:
        return str(as_postgres(plain(row["date"])))
    return " ".join(str(row[column]) for column in ENTITIES[of.entity].names)
