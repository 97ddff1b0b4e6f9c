"""What a club's last syncs did not bring: rejected, not applied or set aside, by id, with the reason in a sentence.

What belongs here: reading it from the history, the rejected rows, the mappings and the snapshots. Names are for the
terminal of an administrator; nothing of this is logged.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, literal, select, union_all

from twizzit_pipeline.accounts.naming import named
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.runs.recorded import newest, of_syncs
from twizzit_pipeline.runs.sentences import Kind, lines, sentence
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.remote_ids import mapped_to, remote_id
from twizzit_pipeline.storage.tables import (
    LOCAL,
    MAPPINGS,
    SNAPSHOTS,
    rejected_rows,
    sync_history,
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One item that a sync did not bring, or rows of which no ids are kept.

    Attributes:
        at: when the sync ended (UTC).
        twizzit_id: None where the row has none, and for the rest of a long list.
        name: as ShotSpot or the snapshot has it; None where neither has the item.
        reason: the rule or the reason, for programs; `sentence`: the same for people.
        count: more than 1 for the rest of a long list.
    """

    entity: str
    history_id: int
    season: str | None
    at: datetime | None
    kind: Kind
    reason: str
    sentence: str
    twizzit_id: str | None
    name: str | None
    count: int = 1


def left_out(engine: Engine, credential_id: int, *, entity: str | None = None) -> list[LeftOut]:
    """What the newest sync of each entity left out: rejected rows, then what was not applied, then what was set aside.

    Args:
        entity: ``teams``, ``players``, ``competitions`` or ``matches``; None for all.
    """
    with driver_errors(), engine.connect() as connection:
        rows = [row for row in _newest(connection, credential_id) if entity in (None, row.entity)]
        found = [one for row in rows for one in _of_row(connection, row)]
        found = [replace(one, sentence=named(one.sentence, credential_id)) for one in found]
        names = {
            of: _names(connection, of, credential_id, {one.twizzit_id for one in found if one.entity == of} - {None})
            for of in {one.entity for one in found}
        }
    return [replace(one, name=names[one.entity].get(one.twizzit_id or "")) for one in found]


def was_read(engine: Engine, credential_id: int, *, entity: str | None = None) -> bool:
    """Whether a sync of this credential, and of this entity if one is named, ever read what Twizzit lists."""
    with driver_errors(), engine.connect() as connection:
        return any(entity in (None, row.entity) for row in _newest(connection, credential_id))


def _newest(connection: Connection, credential_id: int) -> Sequence[Any]:
    """The newest sync of each entity that read anything, in the order of a sync."""
    history = sync_history.c
    of_each = (
        newest(
            select(history.id, history.completed_at, history.details, literal(entity).label("entity")),
            credential_id,
            entity,
            history.status.in_(("success", "partial_success")),
            of_syncs,
            history.details["season_exists"].astext.is_(None),
        ).limit(1)
        for entity in ENTITIES
    )
    return sorted(connection.execute(union_all(*of_each)).all(), key=lambda row: int(row.id))


def _of_row(connection: Connection, row: Any) -> Iterator[LeftOut]:
    season, at = row.details.get("season"), row.completed_at and row.completed_at.replace(tzinfo=UTC)

    def item(kind: Kind, reason: str, said: str, twizzit_id: str | None, count: int = 1) -> LeftOut:
        return LeftOut(row.entity, row.id, season, at, kind, reason, said, twizzit_id, None, count)

    broken = (
        select(rejected_rows.c.twizzit_id, rejected_rows.c.rule)
        .where(rejected_rows.c.history_id == row.id)
        .order_by(rejected_rows.c.rule, rejected_rows.c.id)
    )
    for twizzit_id, rule in connection.execute(broken):
        yield item("rejected", rule, sentence(row.entity, rule), twizzit_id)
    for line in lines(row.entity, row.details, ("failed", "set_aside")):
        for twizzit_id in line.ids:
            yield item(line.kind, line.reason, line.sentence, twizzit_id)
        if line.count > len(line.ids):
            yield item(line.kind, line.reason, line.sentence, None, line.count - len(line.ids))


def _names(connection: Connection, entity: str, credential_id: int, ids: Collection[Any]) -> dict[str, str]:
    """Remote id → name, ShotSpot's before the snapshot's; nothing of what another organization means by an id."""
    found: dict[str, str] = {}
    for wanted, concerned in _sources(entity, credential_id, sorted(ids)):
        for row in connection.execute(wanted.where(concerned)):
            found.setdefault(str(row[0]), " ".join(str(part) for part in row[1:] if part))
    return found


def _sources(entity: str, credential_id: int, ids: Sequence[Any]) -> list[tuple[Select[Any], ColumnElement[bool]]]:
    """Queries of remote id and name, and what limits each to these ids and to the credential."""

    of, mappings, snapshot, local = ENTITIES[entity], MAPPINGS[entity], SNAPSHOTS[entity], LOCAL[entity]
    ours = and_(mappings.c.credential_id == credential_id, mapped_to(mappings, ids))
    listed = snapshot.c[of.remote_id]
    scanned = and_(snapshot.c.credential_id == credential_id, among(listed, ids))
    if not of.names:  # a match is called as its sides
        sides = snapshot.c.home_name + " - " + snapshot.c.away_name
        return [(select(remote_id(mappings), mappings.c[of.remote_name]), ours), (select(listed, sides), scanned)]
    return [
        (
            select(remote_id(mappings), *(local.c[name] for name in of.names)).join(
                local, local.c.id == mappings.c[of.local_id]
            ),
            ours,
        ),
        (select(listed, *(snapshot.c[name] for name in of.names)), scanned),
    ]
