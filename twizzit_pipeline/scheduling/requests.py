"""Requests for a sync: a caller makes one, an orchestrator makes a run of it, and the caller reads the outcome.

What belongs here: making and reading requests. Whose turn it is, is in `turns`; what a run makes of a request, in
`fulfilment`; cancelling, in `cancelling`; whether an orchestrator is alive, in `heartbeat`. Roles are checked by the
code that takes the request from a person.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection, Engine, exists, insert, or_, select, update

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.store import Credential
from twizzit_pipeline.errors import (
    InactiveCredential,
    NoOrchestrator,
    PlanBeingApplied,
    UnknownCredential,
    UnknownSeason,
)
from twizzit_pipeline.runs import decided_plans, plans, seasons
from twizzit_pipeline.runs.in_progress import in_progress, on_its_way
from twizzit_pipeline.runs.lease import lease_keys
from twizzit_pipeline.runs.seasons import USUAL_START, SeasonRow
from twizzit_pipeline.scheduling import heartbeat, requested
from twizzit_pipeline.scheduling.fulfilment import settle
from twizzit_pipeline.scheduling.requested import Request, asker
from twizzit_pipeline.scheduling.wishes import RequestOptions, RequestType, Wish
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import leases, sync_requests
from twizzit_pipeline.words.seasons import label_of


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of asking.

    Attributes:
        request: the one to look at: a new one, or one that waited already and brings what is asked for.
        already_queued: it waited already.
    """

    request: Request
    already_queued: bool


def ask(
    engine: Engine,
    credential_id: int,
    *,
    sync_type: RequestType,
    season: str | None = None,
    options: RequestOptions | None = None,
    actor: Actor,
    trigger: str = "request",
    queue: bool = False,
) -> Answer:
    """Asks for a sync; of two who ask at once and do not want to wait, one gets in.

    Where one waits that brings what is asked for and has not begun, that is the answer, however many ask: each sync
    costs calls. One that has begun may have read what is asked for already, so a further one waits behind it.

    Args:
        season: its label, or Twizzit's id of it; None for the one that is running when the sync begins.
        queue: wait where a sync of the credential, or of its organization, is under way or asked for.

    Raises:
        UnknownCredential: no credential has that id.
        InactiveCredential: it is switched off.
        UnknownSeason: its account lists seasons, and none like that.
        NoOrchestrator: no orchestrator is alive to run it.
        SyncInProgress: one is under way or asked for, and `queue` is False.
        PlanBeingApplied: the plan is asked to be applied already, with something else left out, or is under way.
        UnknownPlan, PlanRefused: the plan to apply does not wait any more.
    """
    settle(engine)
    with driver_errors():
        store.get(engine, credential_id)
        with engine.begin() as connection:
            if not plans.lock_credential(connection, credential_id):
                raise UnknownCredential(f"No credential has the id {credential_id}; see: twizzit credentials list")
            credential = store.read(connection, credential_id)  # as it is once no one else changes it
            if not credential.is_active:
                raise InactiveCredential(f"Credential {credential_id} is switched off: activate it before syncing")
            listed = seasons.known(connection, credential_id, USUAL_START)
            label = None if season is None else _label(listed, season)
            wish = Wish(sync_type, label, options or RequestOptions())
            if not heartbeat.is_alive(connection):
                raise NoOrchestrator()
            if not queue:
                _refuse_second(connection, credential)
            waiting = _covering(connection, credential_id, wish, _running(listed)) if queue else None
            if waiting is not None:
                return Answer(_join(connection, waiting, wish, actor), already_queued=True)
            if (plan_id := wish.options.plan_id) is not None:
                refuse_while_asked(connection, credential_id, plan_id)
                decided_plans.require_waiting(connection, plan_id, credential_id)
                decided_plans.note_decider(connection, plan_id, actor)
            return Answer(_add(connection, credential_id, wish, actor, trigger), already_queued=False)


def refuse_second_apply(engine: Engine, credential_id: int, plan_id: int) -> None:
    """Does nothing where no request is to apply that plan, so that it may be applied here and now.

    Raises:
        PlanBeingApplied: one waits or is under way: whichever of the two came second would find the plan over.
    """
    settle(engine)
    with driver_errors(), engine.connect() as connection:
        refuse_while_asked(connection, credential_id, plan_id)


def refuse_while_asked(connection: Connection, credential_id: int, plan_id: int) -> None:
    """Nothing where no request is to apply that plan. A plan is applied once: what a second person leaves out of it
    would be written with the first one's part.

    Raises:
        PlanBeingApplied: one waits or is under way.
    """
    for one in requested.open_of(connection, credential_id):
        if one.options.plan_id == plan_id:
            left_out = len(one.options.without)
            part = f", without {left_out} of its rows" if left_out else ""
            raise PlanBeingApplied(
                f"Plan {plan_id} is being applied already (request {one.id}){part}: wait for its end, "
                f"or cancel it while it waits: twizzit requests cancel {one.id}"
            )


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


def _join(connection: Connection, waiting: Request, wish: Wish, actor: Actor) -> Request:
    """Notes another person who asks for what waits already; the same one again leaves no trace."""
    who = asker(actor)
    if who in waiting.askers:
        return waiting
    also = [*waiting.also_requested_by, who]
    connection.execute(update(sync_requests).where(sync_requests.c.id == waiting.id).values(also_requested_by=also))
    _record(connection, waiting.id, waiting.credential_id, wish, actor, already_queued=True)
    return replace(waiting, also_requested_by=tuple(also))


def _add(connection: Connection, credential_id: int, wish: Wish, actor: Actor, trigger: str) -> Request:
    """The request and its row in the audit log."""
    row = insert(sync_requests).values(
        credential_id=credential_id,
        sync_type=wish.sync_type,
        season=wish.season,
        trigger=trigger,
        options=asdict(wish.options),
        requested_by=asker(actor),
    )
    request_id = int(connection.execute(row.returning(sync_requests.c.id)).scalar_one())
    _record(connection, request_id, credential_id, wish, actor, trigger=trigger)
    return requested.one(connection, request_id)


def _record(
    connection: Connection, request_id: int, credential_id: int, wish: Wish, actor: Actor, **more: object
) -> None:
    asked = {"sync_type": wish.sync_type, "season": wish.season, **wish.options.said}
    audit.record(
        connection,
        actor,
        action="ask",
        target="sync",
        target_id=str(request_id),
        details={"credential_id": credential_id, **asked, **more},
    )


def _covering(connection: Connection, credential_id: int, wish: Wish, running: str | None) -> Request | None:
    """The oldest that waits and brings what is asked for, which nothing else changes until the transaction ends."""
    waiting = requested.waiting_of(connection, credential_id)
    return next((one for one in waiting if one.wish.covers(wish, running)), None)


def _refuse_second(connection: Connection, credential: Credential) -> None:
    held = or_(leases.c.credential_id == credential.id, leases.c.organization.in_(lease_keys(credential)))
    if connection.scalar(select(exists().where(held))):
        raise in_progress(connection, held)
    first = next(iter(requested.open_of(connection, credential.id)), None)
    if first is not None:
        raise on_its_way(first.id, next(iter(first.history_ids[-1:]), None))


def _running(listed: Sequence[SeasonRow]) -> str | None:
    """The season that runs today and tomorrow, so that a sync that begins meanwhile means the same; else None."""
    today = seasons.today()
    labels = {seasons.running(listed, day) for day in (today, today + timedelta(days=1))}
    return labels.pop() if len(labels) == 1 else None


def _label(listed: Sequence[SeasonRow], season: str) -> str:
    """The label of the season that is meant; any label where no season is known yet."""
    asked = season.strip()
    found = seasons.meant(listed, asked)
    if found is not None:
        return found.label
    if listed:
        raise UnknownSeason(
            f"{seasons.not_listed(listed)}; where it is new in Twizzit, verify the credential and ask again"
        )
    label = label_of(asked)
    if label is None:
        raise UnknownSeason(seasons.no_label(asked))
    return label


def _look(engine: Engine, request_id: int) -> Request:
    with driver_errors(), engine.connect() as connection:
        return requested.one(connection, request_id)
