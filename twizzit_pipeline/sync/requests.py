"""Requests for a sync: somebody asks, an orchestrator makes a run of it, and whoever asked looks what came of it.

What belongs here: asking and looking. Whose turn it is, is in `turns`; what a run makes of a request, in `fulfilment`;
whether an orchestrator is there, in `heartbeat`. Roles are the business of whoever takes the request from a person.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, insert, or_, select

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.errors import (
    InactiveCredential,
    NoOrchestrator,
    SyncInProgress,
    UnknownCredential,
    UnknownRequest,
    UnknownSeason,
)
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials, leases, sync_history, sync_requests, twizzit_seasons
from twizzit_pipeline.sync import heartbeat, seasons
from twizzit_pipeline.sync.fulfilment import settle
from twizzit_pipeline.sync.lease import lease_keys
from twizzit_pipeline.sync.narrowing import Narrowing
from twizzit_pipeline.sync.seasons import LABEL_LENGTH, USUAL_START, called

SyncType = Literal["teams", "players", "competitions", "all"]
Status = Literal["queued", "started", "success", "partial_success", "failed"]

_POLL_SECONDS = 0.2
_SETTLE_EVERY = 10
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """What narrows a request.

    Attributes:
        group_id: the one remote team that it is about; None for all.
        create_missing: False makes no team and no player anew.
        include_players: a request for teams brings their players too.
    """

    group_id: str | None = None
    create_missing: bool = True
    include_players: bool = False

    @property
    def narrowing(self) -> Narrowing:
        """What the sync is limited to."""
        return Narrowing(self.group_id, self.create_missing)

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "RequestOptions":
        """What the column `options` holds; names that mean nothing (any more) are left out."""
        return cls(**{name: value for name, value in (stored or {}).items() if name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Request:
    """A row of `twizzit_sync_requests`.

    Attributes:
        season: as it was asked for; None is the running one.
        run_id: the Dagster run that carries it out, once that has begun.
        history_ids: the rows of that run, in the order in which they were opened.
        error: why it failed.
        attempt: counts the runs that were asked for; more than one where it had to wait for another turn.
    """

    id: int
    credential_id: int
    sync_type: SyncType
    season: str | None
    options: RequestOptions
    requested_by: str | None
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


def ask(
    engine: Engine,
    credential_id: int,
    *,
    sync_type: SyncType,
    season: str | None = None,
    options: RequestOptions | None = None,
    actor: Actor,
    trigger: str = "request",
    queue: bool = False,
) -> Request:
    """Asks for a sync; of two who ask at once and do not want to wait, one gets in.

    Args:
        season: its label, or Twizzit's id of it; None for the one that is running when the sync begins.
        queue: wait where a sync of the credential, or of its organization, is under way or asked for.

    Raises:
        UnknownCredential: no credential has that id.
        InactiveCredential: it is switched off.
        UnknownSeason: its account lists seasons, and none like that.
        NoOrchestrator: nobody is there to run it.
        SyncInProgress: one is under way or asked for, and `queue` is False.
    """
    options = options or RequestOptions()
    settle(engine)
    with driver_errors():
        credential = store.get(engine, credential_id)
        if not credential.is_active:
            raise InactiveCredential(f"Credential {credential_id} is switched off: activate it before syncing")
        with engine.begin() as connection:
            # Whoever asks for the same credential waits here; syncs under way, which point at this row, do not.
            lock = select(credentials.c.id).where(credentials.c.id == credential_id).with_for_update(key_share=True)
            if connection.execute(lock).one_or_none() is None:
                raise UnknownCredential(f"No credential has the id {credential_id}; see: twizzit credentials list")
            label = None if season is None else _label(connection, credential_id, season)
            if not heartbeat.is_alive(connection):
                raise NoOrchestrator()
            if not queue:
                _refuse_second(connection, credential)
            asked = {"sync_type": sync_type, "season": label, "trigger": trigger}
            return _get(connection, _add(connection, credential_id, asked, options, actor))


def get(engine: Engine, request_id: int) -> Request:
    """A request as it stands; one whose run died is ended before it is shown.

    Raises:
        UnknownRequest: no request has that id.
    """
    request = _look(engine, request_id)
    if request.status == "started":
        settle(engine)
        request = _look(engine, request_id)
    return request


def wait(engine: Engine, request_id: int, seconds: float) -> Request:
    """The request once it is over, or as it stands after so many seconds.

    Raises:
        UnknownRequest: no request has that id.
    """
    until = time.monotonic() + seconds
    request = get(engine, request_id)
    looks = 0
    while not request.over and (left := until - time.monotonic()) > 0:
        time.sleep(min(_POLL_SECONDS, left))
        looks += 1
        if looks % _SETTLE_EVERY == 0:
            settle(engine)
        request = _look(engine, request_id)
    return request


def _add(
    connection: Connection, credential_id: int, asked: Mapping[str, object], options: RequestOptions, actor: Actor
) -> int:
    """The request and its row in the audit log; the id of the request."""
    row = insert(sync_requests).values(
        credential_id=credential_id,
        **asked,
        options=asdict(options),
        requested_by=f"{actor.kind}:{actor.id}"[:255],
    )
    request_id = int(connection.execute(row.returning(sync_requests.c.id)).scalar_one())
    audit.record(
        connection,
        actor,
        action="ask",
        target="sync",
        target_id=str(request_id),
        details={"credential_id": credential_id, **asked, **asdict(options)},
    )
    return request_id


def _refuse_second(connection: Connection, credential: Credential) -> None:
    held = select(leases.c.history_id).where(
        or_(leases.c.credential_id == credential.id, leases.c.organization.in_(lease_keys(credential)))
    )
    row = connection.execute(held.limit(1)).one_or_none()
    if row is not None:
        raise SyncInProgress(history_id=row.history_id)
    waiting = _rows().where(sync_requests.c.credential_id == credential.id, sync_requests.c.completed_at.is_(None))
    first = connection.execute(waiting.limit(1)).one_or_none()
    if first is not None:
        request = _request(first)
        raise SyncInProgress(history_id=next(iter(request.history_ids[-1:]), None), request_id=request.id)


def _label(connection: Connection, credential_id: int, season: str) -> str:
    """The label of the season that is meant; any label where no season is known yet."""
    wanted = select(*(twizzit_seasons.c[name] for name in seasons.ROW))
    rows = connection.execute(wanted.where(twizzit_seasons.c.credential_id == credential_id)).all()
    listed = seasons.of_rows([tuple(row) for row in rows], USUAL_START)
    asked = season.strip()
    found = seasons.meant(listed, asked)
    if found is not None:
        return found.label
    if listed:
        raise UnknownSeason(
            f"{seasons.not_listed(listed)}; where the season is new in Twizzit, verify the credential and ask again"
        )
    if not 0 < len(asked) <= LABEL_LENGTH:
        raise UnknownSeason(f"A season's label has 1 to {LABEL_LENGTH} characters, like 2026-2027")
    return called(asked, ())


def _look(engine: Engine, request_id: int) -> Request:
    with driver_errors(), engine.connect() as connection:
        return _get(connection, request_id)


def _get(connection: Connection, request_id: int) -> Request:
    if 0 < request_id <= _LARGEST_ID:
        row = connection.execute(_rows().where(sync_requests.c.id == request_id)).one_or_none()
        if row is not None:
            return _request(row)
    raise UnknownRequest(f"No request has the id {request_id}")


def _rows() -> Select[Any]:
    table = sync_requests.c
    of_its_run = select(sync_history.c.id).where(sync_history.c.dagster_run_id == table.dagster_run_id)
    history_ids: ColumnElement[Any] = func.array(of_its_run.order_by(sync_history.c.id).scalar_subquery())
    return select(
        table.id,
        table.credential_id,
        table.sync_type,
        table.season,
        table.options,
        table.requested_by,
        table.trigger,
        table.status,
        table.dagster_run_id.label("run_id"),
        history_ids.label("history_ids"),
        table.error,
        table.attempt,
        table.requested_at,
        table.started_at,
        table.completed_at,
        table.claimed_at,
    ).order_by(table.requested_at, table.id)


def _request(row: Any) -> Request:
    values = dict(row._mapping)
    options = RequestOptions.of(values["options"])
    return Request(**{**values, "options": options, "history_ids": tuple(values["history_ids"])})
