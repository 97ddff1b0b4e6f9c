"""The views for monitoring, each read in one query: the last syncs, their rates, and those that failed.

What belongs here: rows of the views, with times that Python can hold. What goes on now is in `overview`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Engine, Select, Table, case, func, select, text
from sqlalchemy.exc import ProgrammingError

from twizzit_pipeline.errors import MigrationsPending
from twizzit_pipeline.runs.details import ENTITY
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import sync_history
from twizzit_pipeline.storage.tables.views import last_syncs, recent_failures, success_rate

MOST_FAILURES = 10
_TIMES_OF_PYTHON = (text("timestamp '0002-01-01'"), text("timestamp '9998-01-01'"))
_NO_SUCH_THING = ("42P01", "42703")


@dataclass(frozen=True, slots=True)
class LastSync:
    """The last whole sync of an entity of a credential that did not fail; matches are of type `competitions`.

    `completed_at` is UTC with zone.
    """

    credential_id: int
    sync_type: str
    status: str
    items_processed: int
    items_succeeded: int
    items_failed: int
    rejected_rows: int
    seconds: float
    entity: str
    history_id: int
    dagster_run_id: str | None
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TypeRate:
    """The history rows of one type that ended in the last 30 days; `success_rate_pct` as the guide counts it."""

    sync_type: str
    total_syncs: int
    successful: int
    success_rate_pct: float | None
    partly_successful: int
    failed: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A sync that failed, or left something out; `started_at` is UTC with zone.

    `entity` says which of competitions and matches a row of the type `competitions` is about.
    """

    sync_type: str
    status: str
    error_message: str | None
    items_failed: int
    started_at: datetime | None
    credential_id: int | None
    history_id: int
    season: str | None
    entity: str


def last_whole_syncs(engine: Engine, *, credential_id: int | None = None) -> list[LastSync]:
    """The last whole sync of every entity, by credential and entity; of one credential, or of all.

    Raises:
        MigrationsPending: a view is missing.
    """
    wanted = of_view(last_syncs, LastSync.__dataclass_fields__).order_by(
        last_syncs.c.credential_id, last_syncs.c.entity
    )
    if credential_id is not None:
        wanted = wanted.where(last_syncs.c.credential_id == credential_id)
    with reading(), engine.connect() as connection:
        return [LastSync(*row) for row in connection.execute(wanted)]


def rates(engine: Engine) -> list[TypeRate]:
    """The syncs of the last 30 days by type.

    Raises:
        MigrationsPending: a view is missing.
    """
    wanted = of_view(success_rate, TypeRate.__dataclass_fields__).order_by(success_rate.c.sync_type)
    with reading(), engine.connect() as connection:
        return [TypeRate(**with_float(dict(row._mapping))) for row in connection.execute(wanted)]


def failures(engine: Engine, *, limit: int = MOST_FAILURES, credential_id: int | None = None) -> list[Failure]:
    """The last syncs that failed or left something out, newest first; of one credential, or of all.

    Raises:
        MigrationsPending: a view is missing.
    """
    with reading(), engine.connect() as connection:
        names = [name for name in Failure.__dataclass_fields__ if name != "entity"]
        wanted = of_view(recent_failures, names).add_columns(_entity()).limit(limit)
        if credential_id is not None:
            wanted = wanted.where(recent_failures.c.credential_id == credential_id)
        rows = connection.execute(wanted)
        return [
            Failure(
                **{
                    **row._mapping,
                    "items_failed": row.items_failed or 0,
                    "started_at": row.started_at and row.started_at.replace(tzinfo=UTC),
                }
            )
            for row in rows
        ]


def _entity() -> ColumnElement[Any]:
    """Of a failure: ShotSpot's type, `competitions`, stands for matches too, which the details name."""
    view, history = recent_failures.c, sync_history.c
    named = select(history.details.op("->>")(ENTITY)).where(history.id == view.history_id).scalar_subquery()
    return func.coalesce(named, view.sync_type).label("entity")


def of_view(view: Table, names: Iterable[str]) -> Select[Any]:
    return select(*(_legible(view.c[name]) for name in names))


def _legible(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A time is None where Python cannot hold it: ShotSpot's users may write any, `infinity` too."""
    if not isinstance(column.type, DateTime):
        return column
    return case((column.between(*_TIMES_OF_PYTHON), column)).label(column.key)


def with_float(values: dict[str, Any]) -> dict[str, Any]:
    rate = values.get("success_rate_pct")
    return values if rate is None else {**values, "success_rate_pct": float(rate)}


@contextmanager
def reading() -> Iterator[None]:
    """
    Raises:
        MigrationsPending: a view, or a column of one, is missing.
    """
    with driver_errors():
        try:
            yield
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) not in _NO_SUCH_THING:
                raise
            raise MigrationsPending("A view for monitoring is missing in the database; run: twizzit migrate") from None
