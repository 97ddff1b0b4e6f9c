"""The runs that ended, read from the history: its rows put together by run.

What belongs here: reading. Rows that ShotSpot itself wrote belong to no run: each is one of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, exists, or_, select

from twizzit_pipeline.runs import asked
from twizzit_pipeline.runs.details import DECIDES, DEPARTURES, ENTITY, MAPPINGS
from twizzit_pipeline.runs.recorded import of_syncs
from twizzit_pipeline.runs.troubles import NOT_FINISHED, was_stopped
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.tables import credentials, leases, sync_history

_IN_PROGRESS = "in_progress"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one entity of a run ended; `reasons` say what rejected items or kept them from being applied.

    `held`: departures that are held back after it; None where nothing was brought into ShotSpot.
    `questions_of`: kind → how many questions wait for a person; `new_questions_of`: those that this run asked.
    """

    entity: str
    status: str
    history_id: int
    error: str | None = None
    processed: int = 0
    failed: int = 0
    reasons: frozenset[str] = frozenset()
    held: int | None = None
    questions_of: Mapping[str, int] = field(default_factory=dict)
    new_questions_of: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of one credential and one season.

    Attributes:
        season: its label, "" where the history does not say.
        ended_at: when its last row closed (UTC, with zone).
        over: whether it will open or close no more rows: none is in progress, and it holds no lease.
        row_ids: its rows in the history, in ascending order.
        whole: whether it was about all of the season; one of a single team says nothing of the others, and one of a
            season that the account has not says nothing at all.
        outcomes: the last one of each entity: a step that was tried again is known by its last try.
    """

    credential_id: int
    organization: str
    season: str
    ended_at: datetime
    over: bool
    row_ids: tuple[int, ...]
    outcomes: tuple[Outcome, ...]
    whole: bool = True

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """What failed; what merely was not finished because of it comes in only where nothing else did."""
        failed = tuple(one for one in self.outcomes if one.status == "failed")
        real = tuple(one for one in failed if not (one.error == NOT_FINISHED or was_stopped(one.error)))
        return real or failed

    @property
    def partial(self) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if one.status == "partial_success")

    @property
    def stopped(self) -> bool:
        """Whether a person ended it, and nothing had gone wrong before."""
        return any(was_stopped(one.error) for one in self.failures)


def ended_since(
    connection: Connection, since: datetime, seen: frozenset[int] = frozenset()
) -> tuple[list[Run], frozenset[int]]:
    """The runs of which a row closed at `since` (with zone) or later, in the order in which they ended.

    Args:
        seen: rows of runs that are known already; a run without any other is left out.

    Returns:
        the runs, and those of `seen` that closed since then.
    """
    history = sync_history.c
    recent = connection.execute(
        select(history.id, history.dagster_run_id).where(
            history.completed_at >= since.astimezone(UTC).replace(tzinfo=None),
            history.credential_id.is_not(None),
            of_syncs,
        )
    ).all()
    new = [row for row in recent if row.id not in seen]
    still_seen = seen & {row.id for row in recent}
    if not new:
        return [], still_seen
    # One statement: whether a run is over is known of the same moment as its rows.
    rows = connection.execute(
        select(
            *(history[name] for name in ("id", "credential_id", "sync_type", "status", "error_message")),
            *(history[name] for name in ("items_processed", "items_failed", "completed_at", "dagster_run_id")),
            history.details,
            credentials.c.organization_name,
            exists().where(leases.c.dagster_run_id == history.dagster_run_id).label("leased"),
        )
        .join(credentials, credentials.c.id == history.credential_id)
        .where(
            or_(
                among(history.id, [row.id for row in new if row.dagster_run_id is None]),
                among(history.dagster_run_id, sorted({row.dagster_run_id for row in new if row.dagster_run_id})),
            )
        )
        .order_by(history.id)
    )
    found: list[Any] = sorted(rows, key=_run_of)
    runs = [_run(list(of_run)) for _, of_run in groupby(found, key=_run_of)]
    return sorted(runs, key=lambda run: run.ended_at), still_seen


def closed_between(connection: Connection, begin: datetime, end: datetime) -> frozenset[int]:
    """The rows of the history that closed after `begin` and before `end` (with zone)."""
    after, before = (moment.astimezone(UTC).replace(tzinfo=None) for moment in (begin, end))
    closed = sync_history.c.completed_at
    return frozenset(connection.scalars(select(sync_history.c.id).where(closed > after, closed < before)))


def _run_of(row: Any) -> tuple[str, int]:
    # Callers choose the name of a run: two credentials may share one.
    return (row.dagster_run_id or f"row {row.id}", row.credential_id)


def _run(rows: list[Row[Any]]) -> Run:
    rows.sort(key=lambda row: row.id)
    last = rows[-1]
    latest = {one.entity: one for one in map(_outcome, rows)}
    return Run(
        credential_id=last.credential_id,
        organization=last.organization_name,
        season=str((last.details or {}).get("season") or ""),
        ended_at=max(row.completed_at for row in rows if row.completed_at is not None).replace(tzinfo=UTC),
        over=not any(row.leased or row.status == _IN_PROGRESS for row in rows),
        row_ids=tuple(row.id for row in rows),
        outcomes=tuple(latest.values()),
        whole=not any(
            (row.details or {}).get("group_id") or (row.details or {}).get("season_exists") is False for row in rows
        ),
    )


def _outcome(row: Row[Any]) -> Outcome:
    details = row.details or {}
    entity = str(details.get(ENTITY, row.sync_type))
    return Outcome(
        entity=entity,
        status=row.status,
        history_id=row.id,
        error=row.error_message,
        processed=row.items_processed or 0,
        failed=row.items_failed or 0,
        held=_held(details) if row.status in ("success", "partial_success") else None,
        questions_of=asked.waiting(details),
        new_questions_of=asked.asked(details),
        reasons=frozenset(
            [
                *_reasons(entity, "rejected", details.get("rejected")),
                *_reasons(entity, "not applied", details.get("failed")),
            ]
        ),
    )


def _held(details: Mapping[str, Any]) -> int | None:
    found = details.get(DEPARTURES)
    held = found.get("held", 0) if isinstance(found, Mapping) else 0
    says = MAPPINGS in details and details.get(DECIDES) is not False  # an older season says nothing of them
    return int(held) if says and isinstance(held, int) else None


def _reasons(entity: str, what: str, found: object) -> Iterable[str]:
    return [f"{entity} {what}: {name}" for name in found] if isinstance(found, Mapping) else []
