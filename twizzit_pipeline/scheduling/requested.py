"""Requests for a sync as the database has them: one of them, or the list.

What belongs here: reading `twizzit_sync_requests`. Asking is in `requests`, cancelling in `cancelling`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select

from twizzit_pipeline.errors import UnknownRequest
from twizzit_pipeline.scheduling.wishes import RequestOptions, RequestType, Wish
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials, sync_history, sync_requests

Status = Literal["queued", "started", "success", "partial_success", "failed", "cancelled"]

_LARGEST_ID = 2**63 - 1
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Request:
    """A row of `twizzit_sync_requests`.

    Attributes:
        season: as it was asked for; None is the running one.
        requested_by: who asked first, as `asker` names them; `also_requested_by`: others, while it waited.
        run_id: the Dagster run that carries it out, once that has begun.
        history_ids: the rows of that run, in the order in which they were opened.
        error: why it failed, or who cancelled it.
        attempt: counts the runs that were asked for; more than one where it had to wait for another turn.
    """

    id: int
    credential_id: int
    sync_type: RequestType
    season: str | None
    options: RequestOptions
    requested_by: str | None
    also_requested_by: tuple[str, ...]
    trigger: str
    status: Status
    run_id: str | None
    history_ids: tuple[int, ...]
    error: str | None
    attempt: int
    requested_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    claimed_at: datetime | None

    @property
    def over(self) -> bool:
        """Whether it has ended, however."""
        return self.completed_at is not None

    @property
    def wish(self) -> Wish:
        """What it asks for."""
        return Wish(self.sync_type, self.season, self.options)

    @property
    def brings_players(self) -> bool:
        """Whether players are synced, be it beside teams."""
        return "players" in self.wish.entities

    @property
    def askers(self) -> tuple[str, ...]:
        """All who asked for it."""
        return (*(() if self.requested_by is None else (self.requested_by,)), *self.also_requested_by)


@dataclass(frozen=True, slots=True)
class Listed:
    """A request in the list, with the name of its club."""

    request: Request
    organization: str


def asker(actor: Actor) -> str:
    """The actor as `requested_by` names them."""
    return f"{actor.kind}:{actor.id}"[:_LONGEST_NAME]


def one(connection: Connection, request_id: int, *, lock: bool = False) -> Request:
    """The request.

    Args:
        lock: nothing else changes it until the transaction ends.

    Raises:
        UnknownRequest: no request has that id.
    """
    if 0 < request_id <= _LARGEST_ID:
        wanted = _rows().where(sync_requests.c.id == request_id)
        row = connection.execute(wanted.with_for_update(of=sync_requests) if lock else wanted).one_or_none()
        if row is not None:
            return _request(row)
    raise UnknownRequest(f"No request has the id {request_id}; see: twizzit requests")


def open_of(connection: Connection, credential_id: int) -> list[Request]:
    """Those of a credential that are not over, the oldest first."""
    wanted = _rows().where(sync_requests.c.credential_id == credential_id, sync_requests.c.completed_at.is_(None))
    return [_request(row) for row in connection.execute(wanted)]


def waiting_of(connection: Connection, credential_id: int) -> list[Request]:
    """Those of a credential that have not begun, the oldest first; nothing else changes them until the transaction
    ends.
    """
    wanted = _rows().where(sync_requests.c.credential_id == credential_id, sync_requests.c.status == "queued")
    return [_request(row) for row in connection.execute(wanted.with_for_update(of=sync_requests))]


def listing(
    engine: Engine,
    *,
    credential_ids: Collection[int] | None = None,
    over: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Listed], int]:
    """A page of the requests, and how many there are.

    Args:
        credential_ids: of these alone; None for all.
        over: those that have ended too, the newest first; else what waits and what has begun, the oldest first.
    """
    newest = (sync_requests.c.requested_at.desc(), sync_requests.c.id.desc())
    wanted = _rows().add_columns(credentials.c.organization_name).join(credentials)
    counted = select(func.count()).select_from(sync_requests)
    wanted = wanted.order_by(None).order_by(*newest) if over else wanted
    for condition in _of(credential_ids, over):
        wanted, counted = wanted.where(condition), counted.where(condition)
    with driver_errors(), engine.connect() as connection:
        rows = connection.execute(wanted.limit(limit).offset(offset)).all()
        return [Listed(_request(row), row.organization_name) for row in rows], connection.execute(counted).scalar_one()


def _of(credential_ids: Collection[int] | None, over: bool) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [] if over else [sync_requests.c.completed_at.is_(None)]
    if credential_ids is not None:
        conditions.append(bulk.among(sync_requests.c.credential_id, credential_ids))
    return conditions


def _rows() -> Select[Any]:
    table = sync_requests.c
    history = sync_history.c
    of_its_run = select(history.id).where(
        history.dagster_run_id == table.dagster_run_id, history.credential_id == table.credential_id
    )
    history_ids: ColumnElement[Any] = func.array(of_its_run.order_by(history.id).scalar_subquery())
    named = {"run_id": table.dagster_run_id, "history_ids": history_ids}
    columns = ((named[name] if name in named else table[name]).label(name) for name in Request.__dataclass_fields__)
    return select(*columns).select_from(sync_requests).order_by(table.requested_at, table.id)


def _request(row: Any) -> Request:
    values = {name: row._mapping[name] for name in Request.__dataclass_fields__}
    values["options"] = RequestOptions.of(values["options"])
    for name in ("history_ids", "also_requested_by"):
        values[name] = tuple(values[name])
    return Request(**values)
