"""Undo of syncs, for the command line, the API and pages: look at it first, or do it. Both make the same plan.

An undo holds the organization's lease, writes in one transaction with its row of the history, and is journalled: so it
can be undone itself.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, insert, text

from twizzit_pipeline import logs
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import NotAsShown, SyncInProgress
from twizzit_pipeline.runs.details import UNDO, UNDO_ROWS, UNDONE
from twizzit_pipeline.runs.lease import Lease, close_interrupted, lease_key
from twizzit_pipeline.storage.audit import Actor, record
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.roles import require_may_undo
from twizzit_pipeline.storage.tables import sync_history
from twizzit_pipeline.sync.rewrites import rewrites
from twizzit_pipeline.undo import chosen
from twizzit_pipeline.undo.catalogue import Catalogue, read_catalogue
from twizzit_pipeline.undo.chosen import Chosen, read_past
from twizzit_pipeline.undo.departed import held_again, reopens, taken_back
from twizzit_pipeline.undo.facts import read_facts
from twizzit_pipeline.undo.following import Follow, following
from twizzit_pipeline.undo.possible import possible
from twizzit_pipeline.undo.questions import TABLE as QUESTIONS
from twizzit_pipeline.undo.questions import asked_by, closed, stamped, still_asked, without_holders
from twizzit_pipeline.undo.reading import (
    TABLES,
    read_departures,
    read_entries,
    read_passed_over,
    read_questions,
    read_rows,
    read_usual,
)
from twizzit_pipeline.undo.rewind import rewound
from twizzit_pipeline.undo.rows import Key, StepKind, UndoPlan
from twizzit_pipeline.undo.settle import settled
from twizzit_pipeline.undo.writing import write

_NOW = text("timezone('utc', clock_timestamp())")
_log = logs.logger(__name__)
Choose = Callable[[Connection], Chosen | None]


@dataclass(frozen=True, slots=True)
class Undo:
    """What an undo does, or would do.

    Attributes:
        history_ids: the rows of the history that it undoes.
        label: what that is, for people: ``sync 12``, ``everything since …``.
        undo_id: its own row of the history; None of a preview, and where nothing was to be written.
        passed_over: tables that the journal names and no undo writes → how many entries.
        follows: what the next sync makes of it; empty where nothing is written.
    """

    credential_id: int
    organization_name: str
    history_ids: tuple[int, ...]
    label: str
    plan: UndoPlan
    undo_id: int | None = None
    passed_over: Mapping[str, int] = field(default_factory=dict)
    follows: Sequence[Follow] = ()


def preview(engine: Engine, history_id: int) -> Undo:
    """What an undo of the run of this row of the history would do; writes nothing.

    Raises:
        UnknownSync, UndoRefused: there is no such sync, or it cannot be undone.
        DatabaseRefused: the database's user lacks a right that it needs.
    """
    with driver_errors(), engine.connect() as connection:
        credential_id = _credential(connection, history_id)
    return _look(engine, credential_id, lambda connection: chosen.one_run(connection, history_id))


def undo(engine: Engine, history_id: int, *, actor: Actor, shown: Undo | None = None) -> Undo:
    """Undoes the run of this row of the history.

    Args:
        shown: what `preview` said; anything else is not done.

    Raises:
        SyncInProgress: a sync, or another undo, of the organization is under way.
        NotAsShown: it would do something else by now.
        UnknownSync, UndoRefused, DatabaseRefused: as `preview`.
    """
    with driver_errors(), engine.connect() as connection:
        credential_id = _credential(connection, history_id)
    return _do(
        engine, credential_id, lambda connection: chosen.one_run(connection, history_id), actor, str(history_id), shown
    )


def preview_since(engine: Engine, credential_id: int, since: datetime) -> Undo:
    """What an undo of all that the syncs of a credential did since a moment (with zone) would do."""
    return _look(engine, credential_id, lambda connection: chosen.all_since(connection, credential_id, since))


def undo_since(engine: Engine, credential_id: int, since: datetime, *, actor: Actor, shown: Undo | None = None) -> Undo:
    """Undoes all of that; raises as `undo`."""
    return _do(
        engine,
        credential_id,
        lambda connection: chosen.all_since(connection, credential_id, since),
        actor,
        None,
        shown,
    )


def _credential(connection: Connection, history_id: int) -> int:
    credential_id = chosen.credential_of(connection, history_id)
    if credential_id is None:
        chosen.one_run(connection, history_id)  # says why it cannot be
        raise AssertionError("unreachable: a sync of no credential is refused")
    return credential_id


def _look(engine: Engine, credential_id: int, choose: Choose) -> Undo:
    credential = store.get(engine, credential_id)
    with driver_errors():
        close_interrupted(engine)
        for attempt in rewrites(engine, again="look again"):
            with attempt, _transaction(engine) as connection:
                return _planned(connection, credential, choose)[0]
    raise AssertionError("unreachable: rewrites let no error pass in silence")


def _do(
    engine: Engine, credential_id: int, choose: Choose, actor: Actor, target: str | None, shown: Undo | None
) -> Undo:
    credential = store.get(engine, credential_id)
    run_id = f"{UNDO}-{uuid.uuid4().hex}"
    with driver_errors(), _leased(engine, credential, run_id) as lease:
        for attempt in rewrites(engine, again="undo again"):
            with attempt, _transaction(engine) as connection:
                lease.confirm(connection)
                found, catalogue = _planned(connection, credential, choose)
                if shown is not None and (shown.plan, shown.history_ids) != (found.plan, found.history_ids):
                    raise NotAsShown("What the undo would do has changed since it was shown: look at it again")
                done = _written(connection, found, catalogue, run_id) if found.plan.steps else found
                if done.undo_id is not None:
                    _record(connection, actor, target, done)
                lease.confirm(connection)
        _log.info("undo ended", credential_id=credential_id, undo_id=done.undo_id, **_counts(done.plan))
        return done
    raise AssertionError("unreachable: rewrites let no error pass in silence")


@contextmanager
def _leased(engine: Engine, credential: store.Credential, run_id: str) -> Iterator[Lease]:
    try:
        lease = Lease.take(engine, lease_key(credential), credential_id=credential.id, run_id=run_id)
    except SyncInProgress as error:
        which = "A sync or an undo" if error.history_id is None else f"Sync {error.history_id}"
        raise SyncInProgress(
            f"{which} of this organization is in progress: undo when it has ended (twizzit status)",
            history_id=error.history_id,
        ) from None
    try:
        yield lease
    finally:
        lease.give_back()


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    """All that is read is of one moment; what others write meanwhile is found out when it is written over."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        # A policy that hides rows of a table would hide what refers to a row that is to go.
        connection.execute(text("SET LOCAL row_security = off"))
        yield connection


def _planned(connection: Connection, credential: store.Credential, choose: Choose) -> tuple[Undo, Catalogue]:
    picked = choose(connection)
    catalogue = read_catalogue(connection, TABLES)
    if picked is None:
        return Undo(credential.id, credential.organization_name, (), "nothing", UndoPlan()), catalogue
    entries = read_entries(connection, picked.history_ids, catalogue)
    now = read_rows(connection, {entry.key for entry in entries})
    entries = still_asked(entries, now)
    usual = read_usual(connection, catalogue)
    facts = read_facts(connection, rewound(entries, now, usual), catalogue)
    questions = read_questions(connection, credential.id, [one.key for one in entries if one.key.table == QUESTIONS])
    facts = without_holders(facts, asked_by(questions, picked.history_ids))

    def planned(refused: Mapping[Key, str]) -> UndoPlan:
        return closed(settled(rewound(entries, now, usual), facts, refused), questions, picked.history_ids)

    if planned({}).count("remove"):
        require_may_undo(connection)
    plan = possible(connection, planned, catalogue.columns)
    plan = held_again(plan, read_departures(connection, credential.id, taken_back(plan, entries)))
    written = {step.key for step in plan.steps}
    moved = {entry.action for entry in entries if entry.key in written}
    past = read_past(connection, picked.history_ids)
    found = Undo(
        credential.id,
        credential.organization_name,
        picked.history_ids,
        picked.label,
        plan,
        passed_over=read_passed_over(connection, picked.history_ids),
        follows=following(past, picked.history_ids, moved, plan, reopens=reopens(plan, entries)),
    )
    return found, catalogue


def _written(connection: Connection, found: Undo, catalogue: Catalogue, run_id: str) -> Undo:
    steps, left = len(found.plan.steps), len({one.key for one in found.plan.left})
    undo_id = connection.execute(
        insert(sync_history)
        .values(
            credential_id=found.credential_id,
            sync_type=UNDO,
            sync_direction=UNDO,
            status="partial_success" if left else "success",
            items_processed=steps + left,
            items_succeeded=steps,
            items_failed=left,
            error_message=f"{left} of {steps + left} rows left as they are" if left else None,
            started_at=_NOW,
            completed_at=_NOW,
            dagster_run_id=run_id,
            details={UNDONE: list(found.history_ids), UNDO_ROWS: steps, **_counts(found.plan)},
        )
        .returning(sync_history.c.id)
    ).scalar_one()
    plan = stamped(found.plan, moment=datetime.now(UTC).isoformat(), by=f"undo {undo_id}")
    write(connection, plan, catalogue.columns, history_id=undo_id, credential_id=found.credential_id)
    return replace(found, undo_id=int(undo_id))


def _record(connection: Connection, actor: Actor, target: str | None, done: Undo) -> None:
    details = {
        "credential_id": done.credential_id,
        "undo_id": done.undo_id,
        "history_ids": list(done.history_ids),
        **_counts(done.plan),
    }
    record(connection, actor, action="undo", target="sync", target_id=target, details=details)


def _counts(plan: UndoPlan) -> dict[str, int]:
    kinds: tuple[StepKind, ...] = ("restore", "remove", "bring_back", "deactivate")
    return {**{kind: plan.count(kind) for kind in kinds}, "left": len({one.key for one in plan.left})}
