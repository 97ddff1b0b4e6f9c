"""Which syncs an undo is of: the whole run of a row of the history, or all since a moment; and what forbids it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from twizzit_pipeline.errors import UndoRefused, UnknownSync
from twizzit_pipeline.runs.details import NO_SYNCS, UNDO_ROWS, UNDONE
from twizzit_pipeline.runs.recorded import undone_by
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.tables import sync_changes, sync_history
from twizzit_pipeline.undo.following import Past

_LARGEST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some syncs of a credential, and undos among them.

    Attributes:
        history_ids: their rows of the history, the oldest first.
        label: what they are, for people: ``sync 12``.
        season: of the newest of them.
    """

    credential_id: int
    history_ids: tuple[int, ...]
    label: str
    season: str | None


def one_run(connection: Connection, history_id: int) -> Chosen:
    """The run that this row of the history belongs to.

    Raises:
        UnknownSync: there is no such row.
        UndoRefused: it cannot be undone; says why.
    """
    found = _one(connection, history_id)
    if found.credential_id is None:
        raise UndoRefused(
            f"The credential of sync {history_id} is deleted: which club it was of is not known any more, so correct "
            "ShotSpot's rows by hand"
        )
    if found.dagster_run_id is None:
        raise UndoRefused(
            f"Sync {history_id} was made by ShotSpot's own integration, which leaves no journal: correct "
            "ShotSpot's rows there"
        )
    run = connection.execute(
        _rows().where(
            sync_history.c.dagster_run_id == found.dagster_run_id,
            sync_history.c.credential_id == found.credential_id,
        )
    ).all()
    label = f"{found.sync_direction if found.sync_direction in NO_SYNCS else 'sync'} {history_id}"
    by = undone_by(connection, found.credential_id)
    for row in run:
        if row.id in by:
            again = f"to bring it back: twizzit undo {by[row.id]}"
            raise UndoRefused(f"{label.capitalize()} is undone already, by undo {by[row.id]}; {again}")
    return _chosen(connection, run, label)


def all_since(connection: Connection, credential_id: int, since: datetime) -> Chosen | None:
    """All syncs and undos of a credential that began at this moment (with zone) or later; None where there are none.

    A run began with the first of its rows: of one that was under way at that moment no part is among them.

    Raises:
        UndoRefused: one of them cannot be undone; says why.
    """
    begun = since.astimezone(UTC).replace(tzinfo=None)
    run = sync_history.c.dagster_run_id
    begins = (
        select(run)
        .where(sync_history.c.credential_id == credential_id, run.is_not(None))
        .group_by(run)
        .having(func.min(sync_history.c.started_at) >= begun)
    )
    rows = connection.execute(_rows().where(sync_history.c.credential_id == credential_id, run.in_(begins))).all()
    return _chosen(connection, rows, f"everything since {since.astimezone(UTC):%Y-%m-%d %H:%M} UTC") if rows else None


def read_past(connection: Connection, history_ids: Collection[int]) -> dict[int, Past]:
    """These rows of the history, those that undos among them undid, and so on."""
    row, entry = sync_history.c, sync_changes.c
    found: dict[int, Past] = {}
    wanted = set(history_ids)
    while wanted:
        ids = sorted(wanted)
        done: dict[int, set[str]] = {}
        actions = select(entry.history_id, entry.action).where(among(entry.history_id, ids)).distinct()
        for history_id, action in connection.execute(actions):
            done.setdefault(history_id, set()).add(action)
        rows = connection.execute(select(row.id, row.sync_direction, row.details).where(among(row.id, ids))).all()
        for one in rows:
            details = one.details or {}
            undone = frozenset(details.get(UNDONE) or ())
            season = details.get("season")
            found[one.id] = Past(one.sync_direction, season, undone, frozenset(done.get(one.id, ())))
        wanted = {target for one in found.values() for target in one.undone} - found.keys() - wanted
    return found


def _one(connection: Connection, history_id: int) -> Row[Any]:
    found = None
    if 0 < history_id <= _LARGEST_ID:
        found = connection.execute(_rows().where(sync_history.c.id == history_id)).one_or_none()
    if found is None:
        raise UnknownSync(f"No sync has the id {history_id}; see: twizzit history CLUB")
    return found


def credential_of(connection: Connection, history_id: int) -> int | None:
    """Whose this row of the history is; None where the credential is deleted.

    Raises:
        UnknownSync: there is no such row.
    """
    found: int | None = _one(connection, history_id).credential_id
    return found


def _chosen(connection: Connection, rows: Sequence[Row[Any]], label: str) -> Chosen:
    under_way = next((row.id for row in rows if row.status == "in_progress"), None)
    if under_way is not None:
        raise UndoRefused(f"Sync {under_way} is still in progress: wait for its end, then undo it")
    missing = sorted(_without_journal(connection, rows))
    if missing:
        raise UndoRefused(
            f"The journal of sync {missing[0]} is gone, wholly or in part (twizzit prune deletes it after "
            "TWIZZIT_RETENTION_DAYS): it cannot be undone; correct ShotSpot's rows by hand"
        )
    newest = rows[-1]
    return Chosen(newest.credential_id, tuple(row.id for row in rows), label, (newest.details or {}).get("season"))


def _without_journal(connection: Connection, rows: Iterable[Row[Any]]) -> Iterable[int]:
    """The rows whose details count more than the journal has."""
    journal = sync_changes.c
    ids = [row.id for row in rows]
    counted = {
        row.history_id: row.entries
        for row in connection.execute(
            select(journal.history_id, func.count(journal.row_id).label("entries"))
            .where(journal.history_id.in_(ids))
            .group_by(journal.history_id)
        )
    }
    ended_well = (row for row in rows if row.status in ("success", "partial_success"))  # the others wrote nothing
    return (row.id for row in ended_well if counted.get(row.id, 0) < _least_entries(row.details or {}))


def _least_entries(details: Mapping[str, Any]) -> int:
    """Each row that was made is in the journal, with its mapping; each that was found has its mapping there."""
    made, found = (int(details.get(name) or 0) for name in ("create", "link"))
    return 2 * made + found + int(details.get(UNDO_ROWS) or 0)


def _rows() -> Select[Any]:
    columns = sync_history.c
    return select(
        columns.id,
        columns.credential_id,
        columns.dagster_run_id,
        columns.sync_direction,
        columns.status,
        columns.details,
    ).order_by(columns.id)
