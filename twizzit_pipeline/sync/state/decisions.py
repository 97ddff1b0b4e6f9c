"""Reads what people decided about an entity of a credential, and the questions that wait: a few small statements."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, exists, func, null, or_, select, true

from twizzit_pipeline.entities import ENTITIES, Entity
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.opponent_choices import OpponentChoice, OpponentKey
from twizzit_pipeline.plan.partners import mapped_then
from twizzit_pipeline.policies import Policies
from twizzit_pipeline.runs.details import MAPPINGS
from twizzit_pipeline.runs.recorded import newest, undone_by
from twizzit_pipeline.scheduling.policies import policies_of
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.remote_ids import remote_id
from twizzit_pipeline.storage.tables import conflicts, sync_config, sync_history

_QUESTION = ("id", "kind", "twizzit_id", "column_name", "local_id", "base", "local", "remote", "candidates")
_DOUBTFUL, _OPPONENT = "doubtful_link", "opponent"

_SAID = select(sync_config.c.conflict_policy, sync_config.c.conflict_exceptions).where(
    sync_config.c.credential_id == bindparam("owner")
)


def read_decisions(connection: Connection, credential_id: int, entity: str, season: str) -> Decisions:
    """What counts for a sync of the entity in the season of that label."""
    policies = _policies(connection, credential_id, entity)
    by_time = "newest" in (policies.usual, *policies.exceptions.values())
    questions: list[OpenQuestion] = []
    links: dict[str, int | None] = {}
    pairs: dict[tuple[str, int], bool] = {}
    opponents: dict[OpponentKey, OpponentChoice] = {}
    seen = _seen_at(credential_id, entity, season, undone_by(connection, credential_id)) if by_time else None
    for row in _rows(connection, credential_id, ENTITIES[entity], seen):
        if row.status == "open":
            values = {name: getattr(row, name) for name in _QUESTION}
            column, candidates = values.pop("column_name"), tuple(values.pop("candidates") or ())
            seen_at = _utc(row.seen_at)
            questions.append(
                OpenQuestion(**values, column=column, candidates=candidates, stands=row.stands, seen_at=seen_at)
            )
        elif row.kind == _OPPONENT:
            opponents[row.column_name, row.twizzit_id] = _choice(row)
        else:
            if row.local_id is None or row.resolution == "link":
                links[row.twizzit_id] = row.value if row.resolution == "link" else None
            pairs |= _pairs(row)
    seen_at = None if seen is None else _utc(connection.scalar(seen))
    return Decisions(policies, questions, links, seen_at, pairs, opponents)


def _choice(row: Any) -> OpponentChoice:
    return OpponentChoice(row.candidates or (), row.value, is_made=row.resolution == "create")


def _pairs(row: Any) -> dict[tuple[str, int], bool]:
    """The pairs about which a person decided with a link; whether they are said to be two different ones.

    Who was mapped to the row that another one is now is not asked about it again either.
    """
    are_two = row.local_id is not None and row.resolution == "create"
    found = {(row.twizzit_id, local_id): are_two for local_id in row.candidates or ()}
    if row.local_id is not None and row.resolution == "link":
        found[row.twizzit_id, row.local_id] = False
        found |= {(one, int(row.value)): False for at, one in mapped_then(row.base).items() if at == str(row.value)}
    return found


def _policies(connection: Connection, credential_id: int, entity: str) -> Policies:
    row = connection.execute(_SAID, {"owner": credential_id}).one_or_none()
    exceptions: Mapping[str, Any] = {} if row is None else row.conflict_exceptions or {}
    return policies_of(entity, None if row is None else row.conflict_policy, exceptions)


def _rows(connection: Connection, credential_id: int, entity: Entity, seen: Select[Any] | None) -> Any:
    """The questions that wait, and the links that were chosen, the latest last.

    Args:
        seen: when a sync last ended, as `_seen_at`; of each question, before it was found.
    """
    wanted = _every_row_unseen(entity)
    if seen is not None:
        earlier = sync_history.c.completed_at < func.timezone("UTC", conflicts.c.found_at)
        seen_at = seen.where(earlier).correlate(conflicts).scalar_subquery()
        wanted = _every_row(entity).add_columns(seen_at.label("seen_at"))
    return connection.execute(wanted, {"owner": credential_id})


@cache
def _every_row_unseen(entity: Entity) -> Select[Any]:
    return _every_row(entity).add_columns(null().label("seen_at"))


@cache
def _every_row(entity: Entity) -> Select[Any]:
    row = conflicts.c
    chosen = and_(
        row.kind.in_((_DOUBTFUL, _OPPONENT)), row.status == "resolved", row.resolution.in_(("link", "create"))
    )
    return (
        select(*(row[name] for name in _QUESTION), row.status, row.resolution, row.value, _stands(entity))
        .where(row.credential_id == bindparam("owner"), row.entity == entity.name, or_(row.status == "open", chosen))
        .order_by(row.id)
    )


def _stands(entity: Entity) -> ColumnElement[bool]:
    """Whether what is asked about is there still: the mapping of a conflict, the remote row of a doubtful link.

    Whether an opponent is, the plan itself finds in the names of the scan.
    """
    row, mapping, scanned = conflicts.c, tables.MAPPINGS[entity.name], tables.SNAPSHOTS[entity.name].c
    mapped = exists().where(
        mapping.c[entity.local_id] == row.local_id,
        remote_id(mapping) == row.twizzit_id,
        mapping.c.credential_id == row.credential_id,
    )
    listed = exists().where(scanned.credential_id == row.credential_id, scanned[entity.remote_id] == row.twizzit_id)
    return case((row.kind == _DOUBTFUL, listed), (row.kind == _OPPONENT, true()), else_=mapped).label("stands")


def _seen_at(credential_id: int, entity: str, season: str, undone: Collection[int]) -> Select[Any]:
    """When the last sync ended that brought all of the entity into ShotSpot, as the history has it.

    Not one that is undone: the mappings remember what an earlier one saw, and an edit since then is the newer change.
    Nor one that lies ahead: it is of before the clock was put back.
    """
    row, now = sync_history.c, func.timezone("utc", func.statement_timestamp())
    found = newest(
        select(row.completed_at),
        credential_id,
        entity,
        row.status.in_(("success", "partial_success")),
        row.details["season"].astext == season,
        row.details["group_id"].astext.is_(None),
        row.details.has_key(MAPPINGS),
        row.completed_at <= now,
        row.id.not_in(sorted(undone)),
    )
    return found.limit(1)


def _utc(moment: datetime | None) -> datetime | None:
    """A time of the history, which has no zone, with its own."""
    return None if moment is None else moment.replace(tzinfo=UTC)
