"""Stored plans: what a sync would do, kept until a person applies it, a newer one replaces it, or it expires.

What belongs here: the rows of `twizzit_plans`. A plan's document holds names: it goes after seven days, whatever became
of the plan. How one is made is in `sync.preview`, and how it is applied in `plan.chosen`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    Text,
    cast,
    exists,
    func,
    insert,
    select,
    update,
)

from twizzit_pipeline.errors import PlanRefused, UnknownPlan
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import credentials, plans, sync_requests

Reason = Literal["asked", "review", "first_sync"]

KEPT_FOR = timedelta(days=7)
FORMAT = 1  # of stored documents: another one with each change after which an older one would be read wrongly
WAITING, APPLIED, REPLACED, DISCARDED, EXPIRED = "waiting", "applied", "replaced", "discarded", "expired"
# The reasons of plans that a sync stopped at: they wait for a person.
HELD: tuple[Reason, ...] = ("review", "first_sync")

_LARGEST_ID = 2**63 - 1
NOW = func.clock_timestamp()


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
    """Stores a plan; it replaces those of its credential that wait, as `replace`. A sync that stops at what waits
    already adds none.

    Two at once follow one another.
    """
    lock_credential(connection, plan.credential_id)
    before = [one for one in _waiting(connection, plan.credential_id) if one.expires_at > now(connection)]
    if plan.reason in HELD:
        for one in before:
            if (one.reason, one.season, one.digest) == (plan.reason, plan.season, plan.digest):
                return one
    replace(connection, plan.credential_id)
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
        expires_at=NOW + KEPT_FOR,
    )
    return read(connection, int(connection.execute(row.returning(plans.c.id)).scalar_one()))


def replace(connection: Connection, credential_id: int, *conditions: ColumnElement[bool]) -> None:
    """What waits of a credential, and meets the conditions, waits for no person any more.

    A plan that a request is to apply stays: a preview or a sync came before that in the queue, or from a terminal, and
    the person who chose the plan is to get what of it is still true, and not a refusal.
    """
    lock_credential(connection, credential_id)  # who asks for a plan to be applied waits for it as well
    asked = sync_requests.c.options["plan_id"].astext == cast(plans.c.id, Text)
    to_be_applied = exists().where(
        sync_requests.c.credential_id == credential_id, sync_requests.c.completed_at.is_(None), asked
    )
    mine = plans.c.credential_id == credential_id
    replaced = update(plans).where(mine, plans.c.status == WAITING, ~to_be_applied, *conditions)
    connection.execute(replaced.values(status=REPLACED, decided_at=NOW))


def lock_credential(connection: Connection, credential_id: int) -> bool:
    """Lock a credential until the transaction ends: who asks for a sync of it, or stores or discards a plan, waits.
    Syncs under way, which point at this row, do not. Returns whether there is such a credential.
    """
    lock = select(credentials.c.id).where(credentials.c.id == credential_id).with_for_update(key_share=True)
    return connection.execute(lock).one_or_none() is not None


def get(engine: Engine, plan_id: int) -> StoredPlan:
    """A plan without its document.

    Raises:
        UnknownPlan: no plan has that id.
    """
    with driver_errors(), engine.connect() as connection:
        return read(connection, plan_id)


def document(engine: Engine, plan_id: int) -> Mapping[str, Any]:
    """What the plan would do, with names.

    Raises:
        UnknownPlan: no plan has that id.
        PlanRefused: it has expired, or another version of this package made it.
    """
    with driver_errors(), engine.connect() as connection:
        return document_of(connection, read(connection, plan_id))


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
    """The plans that automatic or first syncs stopped at and that wait for a person, by credential and age."""
    with driver_errors(), engine.connect() as connection:
        return held_in(connection)


def held_in(connection: Connection) -> list[StoredPlan]:
    """`held` in the caller's transaction."""
    wanted = _rows().where(plans.c.status == WAITING, plans.c.reason.in_(HELD), plans.c.expires_at > NOW)
    return [_shown(row) for row in connection.execute(wanted.order_by(plans.c.credential_id, plans.c.id)).mappings()]


def is_held(credential_id: int) -> ColumnElement[bool]:
    """Whether a plan of this credential waits that one of its syncs stopped at, as a part of another question."""
    mine = (plans.c.credential_id == credential_id) & (plans.c.status == WAITING) & plans.c.reason.in_(HELD)
    return exists(select(plans.c.id).where(mine))


def document_of(connection: Connection, stored: StoredPlan) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = connection.scalar(select(plans.c.document).where(plans.c.id == stored.id))
    if found is None or stored.expires_at <= now(connection):
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


def read(connection: Connection, plan_id: int, *, locked: bool = False) -> StoredPlan:
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


def now(connection: Connection) -> datetime:
    now: datetime = connection.execute(select(NOW)).scalar_one()
    return now.astimezone(UTC)
