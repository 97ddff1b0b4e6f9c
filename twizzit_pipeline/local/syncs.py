"""One line for each sync that ends, however it was started: read from the history, where every sync is.

What belongs here: finding them, and the line's text. Ids, counts and names of clubs; never names of people.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, case, exists, func, select

from twizzit_pipeline.credentials import store
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import UnknownCredential
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.details import DEPARTURES, PLAN_WAITS
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.runs.recorded import of_syncs
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.tables import leases, sync_history

# A row that is closed now may become visible later: its transaction has to commit first.
_LOOKS_BACK = timedelta(minutes=5)
_REMEMBERED = 10_000
_CHANGED = (
    ("create", "created"),
    ("link", "linked"),
    ("adopt", "adopted"),
    ("update", "updated"),
    ("depart", "departed"),
    ("return", "returned"),
)
# One moment for a whole statement: by `clock_timestamp`, another one for each row, no index could be used.
_NOW = func.timezone("utc", func.statement_timestamp())


class EndedSyncs:
    """The syncs that ended since this was made, each shown once."""

    def __init__(self, engine: Engine, say: Callable[[str], None]) -> None:
        self._engine = engine
        self._say = say
        with driver_errors(), engine.connect() as connection:
            self._since: datetime = connection.execute(select(_NOW)).scalar_one()
        self._shown: deque[str] = deque(maxlen=_REMEMBERED)
        self._last: dict[tuple[int | None, str | None], str] = {}  # of each credential and season, what was said

    def look(self) -> None:
        """Show every sync that ended since the last look.

        Raises:
            DatabaseUnavailable: it does not answer.
        """
        for run_id in self._ended():
            self._shown.append(run_id)
            rows = history.for_run(self._engine, run_id)
            if rows:
                self._say(self._line(rows))

    def _line(self, rows: Sequence[HistoryRow]) -> str:
        """In full, or that it is as it was where nothing was changed and the last line of these said the same."""
        whose, said = (rows[0].credential_id, rows[0].season), _said(rows)
        same = self._last.get(whose) == said and not _has_changed(rows)
        self._last[whose] = said
        return line(rows, self._organization(rows[0].credential_id), unchanged=same)

    def _ended(self) -> list[str]:
        """The runs of which a row was closed lately, and that hold no lease: all their rows are closed then."""
        table = sync_history.c
        # A beginning that lies ahead is of before the clock was put back.
        lately = _NOW - _LOOKS_BACK
        since = case((self._since > _NOW, lately), else_=func.greatest(self._since, lately))
        under_way = exists().where(leases.c.dagster_run_id == table.dagster_run_id)
        wanted = (
            select(table.dagster_run_id)
            .where(table.completed_at > since, ~under_way, table.dagster_run_id.is_not(None), of_syncs)
            .group_by(table.dagster_run_id)
            .order_by(func.max(table.completed_at))
        )
        with driver_errors(), self._engine.connect() as connection:
            return [run_id for run_id in connection.scalars(wanted) if run_id not in self._shown]

    def _organization(self, credential_id: int | None) -> str:
        if credential_id is None:
            return "of a deleted credential"
        try:
            return f"{credential_id} {store.get(self._engine, credential_id).organization_name}"
        except UnknownCredential:
            return str(credential_id)


def line(rows: Sequence[HistoryRow], organization: str, *, unchanged: bool = False) -> str:
    """A sync in one line: when it ended, whose it was, what it saw and changed, how it ended, and why if not well.

    Args:
        unchanged: the line before of the same credential and season said all that already.
    """
    ended = max((row.completed_at for row in rows if row.completed_at), default=datetime.now(UTC))
    seconds = (ended - min(row.started_at for row in rows)).total_seconds()
    calls = sum(int(row.details.get("calls", 0)) for row in rows)
    season = next((row.season for row in rows if row.season), None)
    head = f"{ended.astimezone():%H:%M:%S}  {organization}" + (f", {season}" if season else "")
    if unchanged:
        return f"{head} · {_outcome(rows)} · unchanged since last time"
    parts = [
        head,
        _outcome(rows),
        ", ".join(_seen(row) for row in rows),
        _changed(rows),
        _held(rows),
        f"{calls} call{'' if calls == 1 else 's'}",
        f"{seconds:.1f} s",
    ]
    why = _why(rows)
    return " · ".join(part for part in parts if part) + (f" · {why}" if why else "")


def _said(rows: Sequence[HistoryRow]) -> str:
    """What of a sync is shown again once it changes: how it ended, what it saw, and why."""
    return " · ".join([_outcome(rows), *(_seen(row) for row in rows), _held(rows), _why(rows)])


def _held(rows: Sequence[HistoryRow]) -> str:
    """``24 held back``: departures that wait for a person."""
    held = sum(int((row.details.get(DEPARTURES) or {}).get("held", 0)) for row in rows)
    return f"{held:,} held back (twizzit departures list {rows[0].credential_id})" if held else ""


def _why(rows: Sequence[HistoryRow]) -> str:
    """Each reason once, with the entities that it is of: one run's entities mostly fail for the same."""
    of: dict[str, list[str]] = {}
    for row in rows:
        if row.error_message:
            of.setdefault(" ".join(row.error_message.split()), []).append(row.entity)
    return "; ".join(f"{', '.join(entities)}: {message}" for message, entities in of.items())


def _has_changed(rows: Sequence[HistoryRow]) -> bool:
    return any(int(row.details.get(kind, 0)) for row in rows for kind, _ in _CHANGED)


def _outcome(rows: Sequence[HistoryRow]) -> str:
    if rows and not any(row.season_exists for row in rows):
        return "skipped: the account has no such season"
    states = {row.status for row in rows}
    for state, words in (("failed", "failed"), ("in_progress", "failed"), ("partial_success", "partial success")):
        if state in states:
            return words
    plan_id = _stopped_at(rows)
    return "success" if plan_id is None else f"stopped at its plan (twizzit plans show {plan_id})"


def _stopped_at(rows: Sequence[HistoryRow]) -> int | None:
    return next((plan_id for row in rows if isinstance(plan_id := row.details.get(PLAN_WAITS), int)), None)


def _seen(row: HistoryRow) -> str:
    """``8 teams``, or ``97 of 101 players`` where some failed."""
    of = f" of {row.items_processed:,}" if row.items_failed else ""
    entity = ENTITIES[row.entity].one if (row.items_processed if of else row.items_succeeded) == 1 else row.entity
    return f"{row.items_succeeded:,}{of} {entity}"


def _changed(rows: Sequence[HistoryRow]) -> str:
    if any(row.status in ("failed", "in_progress") for row in rows) or _stopped_at(rows) is not None:
        return ""
    counted = {words: sum(int(row.details.get(kind, 0)) for row in rows) for kind, words in _CHANGED}
    return ", ".join(f"{count:,} {words}" for words, count in counted.items() if count) or "nothing changed"
