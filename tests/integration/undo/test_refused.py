"""What is refused in one line: an undo during a sync, two at once, one of what is undone; and what an undo is not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, select

from tests.support.calendar_world import EVERYTHING
from tests.support.cut_connection import cut_before
from tests.support.sync_world import STEPS, Synced, SyncWorld
from tests.support.synced_world import first_sync
from tests.support.undone import previewed, row_of, state, undo
from twizzit_pipeline.errors import DatabaseRefused, NotAsShown, SyncInProgress, UndoRefused, UnknownSync
from twizzit_pipeline.notifications.runs import ended_since
from twizzit_pipeline.queries import journal, overview
from twizzit_pipeline.runs import history
from twizzit_pipeline.storage import audit, tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.roles import require_may_undo
from twizzit_pipeline.storage.tables.views import views
from twizzit_pipeline.undo import undoing
from twizzit_pipeline.undo.writing import write

SMALL: dict[str, Any] = {"clubs": 1, "teams": 2, "players_per_team": 6, "other_contacts": 0}
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


def test_an_undo_during_a_sync_is_refused_and_so_is_a_sync_during_an_undo(
    world: SyncWorld, first: Synced, club: int
) -> None:
    with world.session(club) as session:
        STEPS[0](session)
        (under_way,) = [row.id for row in history.recent(world.database.engine, club) if row.status == "in_progress"]
        with pytest.raises(SyncInProgress, match=rf"^Sync {under_way} of this organization is in progress: undo when"):
            undo(world, first)
        with pytest.raises(UndoRefused, match=f"^Sync {under_way} is still in progress"):
            previewed(world, under_way)
    assert world.rows(tables.leases) == []
    assert world.rows(tables.players)


def test_of_two_undos_at_once_one_is_done(world: SyncWorld, first: Synced) -> None:
    def tried(_: int) -> str:
        try:
            return f"done {undo(world, first).undo_id is not None}"
        except (SyncInProgress, UndoRefused) as error:
            return type(error).__name__

    with ThreadPoolExecutor(4) as people:
        said = list(people.map(tried, range(4)))
    assert said.count("done True") == 1
    assert set(said) <= {"done True", "SyncInProgress", "UndoRefused"}
    assert not any(state(world).values())
    assert world.rows(tables.leases) == []


def test_what_is_undone_is_named_with_the_undo_that_did_it(world: SyncWorld, first: Synced, club: int) -> None:
    ids = [row.id for row in first.history.values()]
    done = undo(world, ids[0])
    assert set(done.history_ids) == set(ids)
    for one in ids:
        with pytest.raises(UndoRefused, match=rf"^Sync {one} is undone already, by undo {done.undo_id}; to bring it"):
            undo(world, one)
        with pytest.raises(UndoRefused):
            previewed(world, one)
    back = undo(world, done.undo_id or 0)
    with pytest.raises(UndoRefused, match=rf"^Undo {done.undo_id} is undone already, by undo {back.undo_id};"):
        undo(world, done.undo_id or 0)
    assert previewed(world, first).plan.count("remove") > 0  # it is in force again


def test_no_part_of_a_run_is_undone_that_was_under_way_at_the_moment(
    world: SyncWorld, first: Synced, club: int
) -> None:
    engine = world.database.engine
    started = sorted(row["started_at"].replace(tzinfo=UTC) for row in world.rows(tables.sync_history))
    assert started[0] < started[-1]
    for within in (started[0] + timedelta(microseconds=1), started[-1]):
        assert undoing.preview_since(engine, club, within).history_ids == ()
    whole = undoing.preview_since(engine, club, started[0])
    assert set(whole.history_ids) == {row.id for row in first.history.values()}


def test_a_sync_that_changed_nothing_has_nothing_to_undo(world: SyncWorld, first: Synced, club: int) -> None:
    synced = world.sync(club, steps=EVERYTHING)
    rows = len(world.rows(tables.sync_history))
    done = undo(world, synced)
    assert (done.undo_id, done.plan.steps, done.plan.left) == (None, (), ())
    assert len(world.rows(tables.sync_history)) == rows
    assert undoing.preview_since(world.database.engine, club, datetime.now(UTC)).history_ids == ()


@pytest.mark.parametrize("history_id", [0, -1, 999, 2**31, 2**70])
def test_an_id_of_no_sync_is_unknown(world: SyncWorld, first: Synced, history_id: int) -> None:
    with pytest.raises(UnknownSync, match="see: twizzit history CLUB"):
        undo(world, history_id)


def test_a_sync_whose_journal_is_gone_is_refused(world: SyncWorld, first: Synced, club: int) -> None:
    one = first.history["players"].id
    with world.database.engine.begin() as connection:
        oldest = select(tables.sync_changes.c.id).where(tables.sync_changes.c.history_id == one).limit(1)
        connection.execute(delete(tables.sync_changes).where(tables.sync_changes.c.id.in_(oldest)))
    for act in (undo, previewed):
        with pytest.raises(UndoRefused, match=f"^The journal of sync {one} is gone, wholly or in part"):
            act(world, first)
    with pytest.raises(UndoRefused, match="is gone"):
        undoing.preview_since(world.database.engine, club, datetime.now(UTC) - timedelta(hours=1))


def test_shotspots_own_syncs_and_those_of_a_deleted_credential_are_refused(world: SyncWorld, first: Synced) -> None:
    with world.connected() as connection:
        added = "INSERT INTO twizzit_sync_history (credential_id, sync_type, sync_direction, status, started_at)"
        for credential in ("1", "NULL"):
            connection.execute(f"{added} VALUES ({credential}, 'players', 'import', 'success', now())".encode())
        newest = connection.execute("SELECT id FROM twizzit_sync_history ORDER BY id DESC LIMIT 2").fetchall()
    (lost,), (own,) = newest
    with pytest.raises(UndoRefused, match=f"^Sync {own} was made by ShotSpot's own integration"):
        undo(world, own)
    with pytest.raises(UndoRefused, match=f"^The credential of sync {lost} is deleted"):
        undo(world, lost)


def test_another_plan_than_was_shown_is_not_done(world: SyncWorld, first: Synced) -> None:
    shown = previewed(world, first)
    world.change(tables.players, world.local_id(world.roster(0)[1][4]), first_name="Roepnaam")
    before = state(world)
    with pytest.raises(NotAsShown, match="look at it again"):
        undo(world, first, shown=shown)
    assert state(world) == before
    assert world.rows(tables.leases) == []


def test_without_the_right_to_delete_it_is_refused_and_nothing_is_done(world: SyncWorld, first: Synced) -> None:
    before = state(world)
    with world.connected() as connection:
        connection.execute("CREATE ROLE undoer_of_tests")
        try:
            connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO undoer_of_tests")
            connection.execute("REVOKE DELETE ON players FROM undoer_of_tests")
            with world.database.engine.connect() as limited, limited.begin():
                limited.exec_driver_sql("SET LOCAL ROLE undoer_of_tests")
                with pytest.raises(DatabaseRefused, match=r"lacks DELETE on players; .* GRANT DELETE ON players TO un"):
                    require_may_undo(limited)
        finally:
            connection.execute("DROP OWNED BY undoer_of_tests")
            connection.execute("DROP ROLE undoer_of_tests")
    assert state(world) == before


def test_an_undo_whose_connection_is_cut_afterwards_is_done_and_holds_nothing(world: SyncWorld, first: Synced) -> None:
    with cut_before(world, "DELETE FROM twizzit_leases"):
        assert undo(world, first).undo_id is not None
    assert not any(state(world).values())
    assert world.rows(tables.leases) == []


def test_an_undo_that_dies_half_way_has_done_nothing(
    world: SyncWorld, first: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = len(world.rows(tables.sync_history))
    before = state(world)

    def dies(connection: Connection, *given: Any, **named: Any) -> None:
        write(connection, *given, **named)
        assert connection.scalar(select(func.count()).select_from(tables.players)) == 0
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(undoing, "write", dies)
        with pytest.raises(OSError, match="No space"):
            undo(world, first)
    assert state(world) == before
    assert len(world.rows(tables.sync_history)) == rows
    assert world.rows(tables.leases) == []
    assert not [row for row in audit.recent(world.database.engine) if row.action == "undo"]
    undo(world, first)
    assert not any(state(world).values())


def test_a_row_that_another_transaction_wrote_meanwhile_is_planned_again(
    world: SyncWorld, first: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference that is made after the plan, cascading as ShotSpot has them, is not taken along."""
    player_id = world.local_id(world.roster(0)[1][0])
    with world.connected() as other:
        other.execute("CREATE TABLE shots (player integer REFERENCES players ON DELETE CASCADE)")
        tries = []

        def meanwhile(connection: Connection, *given: Any, **named: Any) -> None:
            tries.append(given)
            if len(tries) == 1:
                other.execute("INSERT INTO shots VALUES (%s)", [player_id])
            write(connection, *given, **named)

        monkeypatch.setattr(undoing, "write", meanwhile)
        done = undo(world, first)
        assert len(tries) == 2
        assert other.execute("SELECT player FROM shots").fetchall() == [(player_id,)]
    (kept,) = [step for step in done.plan.steps if step.key.table == "players" and step.kind == "deactivate"]
    assert (kept.key.id, kept.because) == (player_id, "shots (1 row)")
    assert [row["id"] for row in world.rows(tables.players)] == [player_id]


def test_an_undo_is_no_sync_for_those_who_watch_them(world: SyncWorld, first: Synced, club: int) -> None:
    engine = world.database.engine
    began = datetime.now(UTC) - timedelta(hours=1)

    def watched() -> dict[str, object]:
        with engine.connect() as connection:
            found: dict[str, object] = {
                name: [tuple(row) for row in connection.execute(select(view))]
                for name, view in views.tables.items()
                if name != "twizzit_sync_status"
            }
            found["notified"] = ended_since(connection, began)[0]
        found["status"] = overview.read(engine, season_start="07-01")
        return found

    before = watched()
    world.change(tables.players, world.local_id(world.roster(0)[1][4]), first_name="Roepnaam")  # so that it is partial
    done = undo(world, first)
    after = watched()

    before_status, after_status = before.pop("status"), after.pop("status")
    assert after == before
    assert repr(after_status).count("undo") == 0
    assert repr(before_status).count("undo") == 0
    row = row_of(world, done)
    assert (row.sync_type, row.sync_direction, row.status) == ("undo", "undo", "partial_success")
    assert row.details["undone"] == sorted(one.id for one in first.history.values())
    assert history.recent(engine, club)[0] == row
    entries = journal.changes(engine, club, mappings=True)
    assert {one.action for one in entries if one.history_id == done.undo_id} == {"undo"}
    (noted,) = [one for one in audit.recent(engine) if one.action == "undo"]
    assert (noted.actor, noted.target) == (this_user(), "sync")
    assert noted.details["undo_id"] == done.undo_id
    text = repr((row.details, row.error_message, noted.details))
    assert not [name for name in ("Roepnaam",) if name in text]
