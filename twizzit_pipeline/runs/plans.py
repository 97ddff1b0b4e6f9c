"""Stored plans: what a sync would do, kept until a person applies it, a newer one replaces it, or it expires.

What belongs here: the rows of `twizzit_plans`. A plan's document holds names: it goes after seven days, whatever became
of the plan. How one is made is in `sync.preview`, and how it is applied in `plan.chosen`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, exists, func, insert, select, update

from twizzit_pipeline.errors import PlanRefused, UnknownPlan
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials, plans, sync_history

if TYPE_CHECKING:  # what only looks whether a plan waits chooses nothing of one
    from twizzit_pipeline.plan.chosen import Chosen, ChosenEntity

Reason = Literal["asked", "review", "first_sync"]

KEPT_FOR = timedelta(days=7)
FORMAT = 1  # of stored documents: another one with each change after which an older one would be read wrongly
WAITING, APPLIED, REPLACED, DISCARDED, EXPIRED = "waiting", "applied", "replaced", "discarded", "expired"
# The reasons of plans that a sync stopped at: they wait for a person.
HELD: tuple[Reason, ...] = ("review", "first_sync")

_LARGEST_ID = 2**63 - 1
_LONGEST_NAME = 255
_NOW = func.clock_timestamp()


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A row without its document; times carry their zone.

    Attributes:
        counts: entity → what the plan has of it, in numbers.
        requested_by: who asked, as the audit log writes them; None for a plan that an automatic sync made.
        made_run_id, dagster_run_id: the run that made it, and the one that applied it.
    """

    id: int
    credential_id: int
    season: str
    reason: str
    status: str
    calls: int
    counts: Mapping[str, Any]
    digest: str
    requested_by: str | None
    made_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    made_run_id: str | None
    dagster_run_id: str | None

    @property
    def changes(self) -> int:
        """How many items it would change in ShotSpot, or link, or let go, as people count them."""
        return int(self.counts.get("changes", 0))

    @property
    def remembered(self) -> int:
        """Of how many items it would only remember what Twizzit says; of an older version's plan not counted apart."""
        return int(self.counts.get("remembered", 0))

    @property
    def counted(self) -> str:
        """Both in words."""
        return counted(self.changes, self.remembered)


def counted(changes: int, remembered: int) -> str:
    """``3 changes``, and how many items are only remembered besides."""
    said = f"{changes:,} change{'' if changes == 1 else 's'}"
    return f"{said}, and {remembered:,} only remembered" if remembered else said


def is_remembered(item: Mapping[str, Any]) -> bool:
    """Whether a plan writes no more of an item of its document than what Twizzit says now: ShotSpot stays as it is."""
    return item["action"] == "update" and not item["columns"] and item.get("earlier_id") is None


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan to be stored; `document` holds names, `counts` none."""

    credential_id: int
    season: str
    reason: Reason
    calls: int
    counts: Mapping[str, Any]
    document: Mapping[str, Any]
    digest: str
    requested_by: str | None
    made_run_id: str


def store(connection: Connection, plan: NewPlan) -> StoredPlan:
    """Stores a plan; it replaces those of its credential that wait. A sync that stops at what waits already adds none.

    Two at once follow one another.
    """
    lock = select(credentials.c.id).where(credentials.c.id == plan.credential_id)
    connection.execute(lock.with_for_update(key_share=True))
    before = [one for one in _waiting(connection, plan.credential_id) if one.expires_at > _now(connection)]
    if plan.reason in HELD:
        for one in before:
            if (one.reason, one.season, one.digest) == (plan.reason, plan.season, plan.digest):
                return one
    connection.execute(
        update(plans)
        .where(plans.c.credential_id == plan.credential_id, plans.c.status == WAITING)
        .values(status=REPLACED, decided_at=_NOW)
    )
    row = insert(plans).values(
        credential_id=plan.credential_id,
        season=plan.season,
        reason=plan.reason,
        calls=plan.calls,
        counts=dict(plan.counts),
        document={"format": FORMAT, **plan.document},
        digest=plan.digest,
        requested_by=plan.requested_by,
        made_run_id=plan.made_run_id,
        expires_at=_NOW + KEPT_FOR,
    )
    return _one(connection, int(connection.execute(row.returning(plans.c.id)).scalar_one()))


def get(engine: Engine, plan_id: int) -> StoredPlan:
    """A plan without its document.

    Raises:
        UnknownPlan: no plan has that id.
    """
    with driver_errors(), engine.connect() as connection:
        return _one(connection, plan_id)


def document(engine: Engine, plan_id: int) -> Mapping[str, Any]:
    """What the plan would do, with names.

    Raises:
        UnknownPlan: no plan has that id.
        PlanRefused: it has expired, or another version of this package made it.
    """
    with driver_errors(), engine.connect() as connection:
        return _document(connection, _one(connection, plan_id))


def of_credential(engine: Engine, credential_id: int, *, limit: int = 50) -> list[StoredPlan]:
    """The plans of a credential, the newest first."""
    wanted = _rows().where(plans.c.credential_id == credential_id).order_by(plans.c.id.desc()).limit(limit)
    with driver_errors(), engine.connect() as connection:
        return [_shown(row) for row in connection.execute(wanted).mappings()]


def made_by(engine: Engine, run_id: str) -> StoredPlan | None:
    """The plan that a run made; None where it made none."""
    wanted = _rows().where(plans.c.made_run_id == run_id).order_by(plans.c.id.desc()).limit(1)
    with driver_errors(), engine.connect() as connection:
        row = connection.execute(wanted).mappings().one_or_none()
    return None if row is None else _shown(row)


def held(engine: Engine) -> list[StoredPlan]:
    """The plans that automatic or first syncs stopped at and that wait for a person, by credential."""
    with driver_errors(), engine.connect() as connection:
        return held_in(connection)


def held_in(connection: Connection) -> list[StoredPlan]:
    """The same in the caller's transaction."""
    wanted = _rows().where(plans.c.status == WAITING, plans.c.reason.in_(HELD), plans.c.expires_at > _NOW)
    return [_shown(row) for row in connection.execute(wanted.order_by(plans.c.credential_id)).mappings()]


def is_held(credential_id: int) -> ColumnElement[bool]:
    """Whether a plan of this credential waits that one of its syncs stopped at, as a part of another question."""
    mine = (plans.c.credential_id == credential_id) & (plans.c.status == WAITING) & plans.c.reason.in_(HELD)
    return exists(select(plans.c.id).where(mine))


def chosen(
    engine: Engine, plan_id: int, *, credential_id: int | None = None, without: Sequence[tuple[str, str]] = ()
) -> "Chosen":
    """What a plan that waits says, for the sync that applies it.

    Args:
        credential_id: whose it must be; None where that does not matter.
        without: entity and remote id of what is left out.

    Raises:
        UnknownPlan: no plan has that id.
        PlanRefused: it does not wait, has expired, or is another credential's; or it has nothing of what is left out.
    """
    with driver_errors(), engine.connect() as connection:
        stored = _one(connection, plan_id)
        _require_waiting(connection, stored, credential_id)
        found = _document(connection, stored)
    made = of_document(plan_id, found, without)
    for entity, remote_id in without:
        if remote_id not in made.of(entity).items:
            raise PlanRefused(
                f"Plan {plan_id} has no change of {entity} with the id {remote_id}; nothing was done: "
                f"see twizzit plans show {plan_id}"
            )
    return made


def of_document(plan_id: int | None, found: Mapping[str, Any], without: Sequence[tuple[str, str]] = ()) -> "Chosen":
    """A document as the sync that applies it needs it: without what could not be read."""
    from twizzit_pipeline.plan.chosen import Chosen  # noqa: PLC0415  (see above)

    read = {one["entity"]: _entity(one) for one in found["entities"] if one["error"] is None}
    return Chosen(plan_id, read, frozenset(without))


def withdraw(connection: Connection, credential_id: int) -> None:
    """A sync goes through: what an earlier one stopped at waits for no person any more."""
    connection.execute(
        update(plans)
        .where(plans.c.credential_id == credential_id, plans.c.status == WAITING, plans.c.reason.in_(HELD))
        .values(status=REPLACED, decided_at=_NOW)
    )


def take(connection: Connection, plan_id: int, *, credential_id: int, run_id: str) -> None:
    """The plan is applied by this run from now on, in the transaction that writes the first of it.

    Raises:
        PlanRefused: another run was quicker, or it does not wait any more.
    """
    taken = connection.execute(
        update(plans)
        .where(plans.c.id == plan_id, plans.c.credential_id == credential_id, plans.c.expires_at > _NOW)
        .where((plans.c.status == WAITING) | ((plans.c.status == APPLIED) & (plans.c.dagster_run_id == run_id)))
        .values(status=APPLIED, dagster_run_id=run_id, decided_at=func.coalesce(plans.c.decided_at, _NOW))
    )
    if taken.rowcount != 1:
        _require_waiting(connection, _one(connection, plan_id), credential_id)


def note_decider(engine: Engine, plan_id: int, actor: Actor) -> None:
    """Remembers who applies a plan, before or after its run has begun."""
    with driver_errors(), engine.begin() as connection:
        connection.execute(update(plans).where(plans.c.id == plan_id).values(decided_by=_named(actor)))


def record_applying(engine: Engine, plan_id: int, actor: Actor, without: Sequence[tuple[str, str]]) -> None:
    """The same with a row in the audit log, for what no request has one of.

    Raises:
        UnknownPlan: no plan has that id.
        PlanRefused: it does not wait.
    """
    left = [f"{entity}:{remote_id}" for entity, remote_id in without]
    with driver_errors(), engine.begin() as connection:
        stored = _one(connection, plan_id, locked=True)
        _require_waiting(connection, stored, None)
        connection.execute(update(plans).where(plans.c.id == plan_id).values(decided_by=_named(actor)))
        details = {"credential_id": stored.credential_id, "without": left}
        audit.record(connection, actor, action="apply", target="plan", target_id=str(plan_id), details=details)


def discard(engine: Engine, plan_id: int, *, actor: Actor) -> StoredPlan:
    """A plan that waits is not wanted: it is over, and nothing is written.

    Raises:
        UnknownPlan: no plan has that id.
        PlanRefused: it does not wait.
    """
    with driver_errors(), engine.begin() as connection:
        stored = _one(connection, plan_id, locked=True)
        _require_waiting(connection, stored, None)
        decided = {"status": DISCARDED, "decided_at": _NOW, "decided_by": _named(actor)}
        connection.execute(update(plans).where(plans.c.id == plan_id).values(**decided))
        details = {"credential_id": stored.credential_id}
        audit.record(connection, actor, action="discard", target="plan", target_id=str(plan_id), details=details)
        return _one(connection, plan_id)


def _named(actor: Actor) -> str:
    return f"{actor.kind}:{actor.id}"[:_LONGEST_NAME]


def _entity(found: Mapping[str, Any]) -> "ChosenEntity":
    from twizzit_pipeline.plan.chosen import ChosenEntity  # noqa: PLC0415  (see above)

    beside: dict[str, list[Mapping[str, Any]]] = {}
    for row in found["beside"]:
        beside.setdefault(row["table"], []).append(row["values"])
    return ChosenEntity(
        {item["twizzit_id"]: item for item in found["items"]},
        beside,
        frozenset((one["twizzit_id"], one["reason"]) for one in found["failed"]),
    )


def _require_waiting(connection: Connection, stored: StoredPlan, credential_id: int | None) -> None:
    anew = f"make a new one: twizzit sync {stored.credential_id} --preview"
    if credential_id is not None and stored.credential_id != credential_id:
        raise PlanRefused(
            f"Plan {stored.id} is not of credential {credential_id}; nothing was done: "
            f"see twizzit plans list {credential_id}"
        )
    if stored.status == WAITING and stored.expires_at <= _now(connection):
        raise PlanRefused(f"Plan {stored.id} expired on {stored.expires_at:%Y-%m-%d}; {anew}")
    if stored.status != WAITING:
        if (ended := _interrupted(connection, stored)) is not None:
            raise PlanRefused(
                f"Plan {stored.id} was applied in part: its sync {ended} ended before all of it was written; {anew}"
            )
        words = {APPLIED: "has been applied", REPLACED: "has been replaced by a newer one", DISCARDED: "was discarded"}
        raise PlanRefused(f"Plan {stored.id} {words.get(stored.status, 'has expired')} already; {anew}")


def _interrupted(connection: Connection, stored: StoredPlan) -> int | None:
    """The history row of the run that applied the plan, if it failed or its process ended before it did."""
    if stored.status != APPLIED or stored.dagster_run_id is None:
        return None
    row = sync_history.c
    unfinished = row.status.in_(("failed", "in_progress"))
    wanted = select(row.id).where(row.dagster_run_id == stored.dagster_run_id, unfinished)
    return connection.scalar(wanted.order_by(row.id).limit(1))


def _document(connection: Connection, stored: StoredPlan) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = connection.scalar(select(plans.c.document).where(plans.c.id == stored.id))
    if found is None or stored.expires_at <= _now(connection):
        raise PlanRefused(
            f"Plan {stored.id} expired on {stored.expires_at:%Y-%m-%d}; "
            f"make a new one: twizzit sync {stored.credential_id} --preview"
        )
    if found.get("format") != FORMAT:
        raise PlanRefused(
            f"Plan {stored.id} was made by another version of this package; "
            f"make a new one: twizzit sync {stored.credential_id} --preview"
        )
    return {name: value for name, value in found.items() if name != "format"}


def _waiting(connection: Connection, credential_id: int) -> Iterator[StoredPlan]:
    wanted = _rows().where(plans.c.credential_id == credential_id, plans.c.status == WAITING).order_by(plans.c.id)
    yield from map(_shown, connection.execute(wanted).mappings().all())


def _one(connection: Connection, plan_id: int, *, locked: bool = False) -> StoredPlan:
    wanted = _rows().where(plans.c.id == plan_id)
    row = None
    if 0 < plan_id <= _LARGEST_ID:
        row = connection.execute(wanted.with_for_update() if locked else wanted).mappings().one_or_none()
    if row is None:
        raise UnknownPlan(f"No plan has the id {plan_id}; see: twizzit plans list CLUB")
    return _shown(row)


def _rows() -> Select[Any]:
    return select(*(plans.c[name] for name in StoredPlan.__dataclass_fields__))


def _shown(row: RowMapping) -> StoredPlan:
    return StoredPlan(**{str(name): value for name, value in row.items()})


def _now(connection: Connection) -> datetime:
    now: datetime = connection.execute(select(_NOW)).scalar_one()
    return now.astimezone(UTC)
