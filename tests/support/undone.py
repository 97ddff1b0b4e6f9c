"""What the tests of undo share: what the tables hold but for times, and the undo of a whole sync."""

from typing import Any

from tests.support.sync_world import Rows, Synced, SyncWorld
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.history import HistoryRow
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.undo import undoing
from twizzit_pipeline.undo.rows import Left
from twizzit_pipeline.undo.undoing import Undo

# Every table of ShotSpot's that a sync writes, the mappings, and the opponents.
UNDONE_TABLES = (
    tables.clubs,
    tables.seasons,
    tables.competition_teams,
    tables.opponents,
    *tables.LOCAL.values(),
    *tables.MAPPINGS.values(),
)
TIMES = frozenset({"updated_at", "last_synced_at", "last_synced_seen", "twizzit_verified_at"})


def state(world: SyncWorld) -> dict[str, Rows]:
    """Every row of these tables with its id, without the times at which something was written."""
    return {
        table: [{name: value for name, value in row.items() if name not in TIMES} for row in rows]
        for table, rows in world.dump(UNDONE_TABLES).items()
    }


def undo(world: SyncWorld, what: Synced | int, **more: Any) -> Undo:
    """Undoes the run of a sync, or of a row of the history."""
    return undoing.undo(world.database.engine, _history_id(what), actor=this_user(), **more)


def previewed(world: SyncWorld, what: Synced | int) -> Undo:
    return undoing.preview(world.database.engine, _history_id(what))


def row_of(world: SyncWorld, done: Undo) -> HistoryRow:
    """The undo's own row of the history."""
    assert done.undo_id is not None
    found = history.one(world.database.engine, done.credential_id, done.undo_id)
    assert found is not None
    return found


def reasons(done: Undo) -> set[tuple[str, int, str]]:
    """Table, id and reason of what is left."""
    return {(one.key.table, one.key.id, one.reason) for one in done.plan.left}


def left_of(done: Undo, table: str) -> Left:
    """The one thing of that table that is left."""
    (found,) = [one for one in done.plan.left if one.key.table == table]
    return found


def _history_id(what: Synced | int) -> int:
    return what if isinstance(what, int) else next(iter(what.history.values())).id
