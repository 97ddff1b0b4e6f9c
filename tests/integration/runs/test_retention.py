"""What is pruned and what stays: every table, every answer that rules take from the history, the audit log."""

import itertools
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import Engine, Table, func, insert, select, text, update

from tests.support.sync_world import SyncWorld
from twizzit_pipeline.orchestration.schedules import JOB, retention_schedule
from twizzit_pipeline.runs import deciding_season, history, retention, seasons
from twizzit_pipeline.runs.details import PLAYERS_NOT_READ
from twizzit_pipeline.runs.retention import Pruned, prune
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

DAYS = 365
NOW = datetime.now(UTC).replace(microsecond=0)
OLD = NOW - timedelta(days=DAYS + 1)
RECENT = NOW - timedelta(days=DAYS - 1)
PRUNED = {
    "history": tables.sync_history,
    "rejected_rows": tables.rejected_rows,
    "changes": tables.sync_changes,
    "usage": tables.api_usage,
    "requests": tables.sync_requests,
    "notifications": tables.notifications,
    "plans": tables.plans,
    "conflicts": tables.conflicts,
    "departures": tables.departures,
}
_numbers = itertools.count(1)


class Archive:
    """A database whose rows are as old as a test wants them."""

    def __init__(self, world: SyncWorld) -> None:
        self.engine: Engine = world.database.engine
        self.credential_id = world.add_credential()

    def add(self, table: Table, **values: object) -> int:
        with self.engine.begin() as connection:
            return int(connection.execute(insert(table).values(**values).returning(table.c.id)).scalar_one())

    def conflict(self, kind: str, status: str, when: datetime | None) -> int:
        of = {"credential_id": self.credential_id, "entity": "players", "twizzit_id": str(next(_numbers))}
        return self.add(tables.conflicts, kind=kind, status=status, resolved_at=when, **of)

    def departed(self, status: str, when: datetime, local_id: int = 0) -> int:
        times = {f"{status}_at": when} if status in ("closed", "returned") else {}
        return self.add(
            tables.departures,
            credential_id=self.credential_id,
            entity="players",
            twizzit_id=str(next(_numbers)),
            local_id=local_id,
            season="2024-2025",
            kind="gone",
            status=status,
            base={"first_name": "Bo"},
            applied_at=None if status == "held" else OLD,
            **times,
        )

    def synced(
        self,
        when: datetime,
        sync_type: str = "teams",
        status: str = "success",
        run_id: str | None = None,
        **details: Any,
    ) -> int:
        """A row of the history, and one rejected row and one change that came with it."""
        naive = when.replace(tzinfo=None)
        history_id = self.add(
            tables.sync_history,
            credential_id=self.credential_id,
            sync_type=sync_type,
            sync_direction="import",
            status=status,
            started_at=naive - timedelta(minutes=1),
            completed_at=None if status == "in_progress" else naive,
            dagster_run_id=run_id or f"run-of-{next(_numbers)}",
            details={"season": "2024-2025", **details},
        )
        mine = {"history_id": history_id, "credential_id": self.credential_id, "created_at": when}
        self.add(tables.rejected_rows, **mine, entity=sync_type, twizzit_id="1", column_name="name", rule="x")
        self.add(tables.sync_changes, **mine, table_name="teams", row_id=1, action="update", before={}, after={})
        return history_id

    def asked(self, completed: datetime | None, **values: object) -> int:
        status = "queued" if completed is None else "success"
        given = {"credential_id": self.credential_id, "sync_type": "teams", "status": status, **values}
        return self.add(tables.sync_requests, **given, requested_at=OLD, completed_at=completed)

    def notified(self, delivered: datetime | None, created: datetime = OLD, **values: object) -> int:
        given = {"key": f"key-{next(_numbers)}", "channel": "webhook", "kind": "failed", "body": {}, **values}
        given.setdefault("credential_id", self.credential_id)
        return self.add(tables.notifications, **given, created_at=created, delivered_at=delivered)

    def plan(self, expires_at: datetime) -> int:
        given = {"credential_id": self.credential_id, "season": "2026-2027", "reason": "asked", "counts": {}}
        return self.add(tables.plans, **given, document={"entities": []}, expires_at=expires_at)

    def called(self, month: date) -> None:
        with self.engine.begin() as connection:
            connection.execute(insert(tables.api_usage).values(credential_id=self.credential_id, month=month, calls=7))

    def ids(self, table: Table) -> set[int]:
        with self.engine.connect() as connection:
            return set(connection.scalars(select(table.c.id)))

    def count(self, table: Table) -> int:
        with self.engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(table)).scalar_one()

    def counts(self) -> dict[str, int]:
        return {name: self.count(table) for name, table in PRUNED.items()}

    def prune(self, **options: Any) -> Pruned:
        return prune(self.engine, DAYS, **options)


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(settings, database, simulate(clubs=1, teams=1, players_per_team=2, other_contacts=0))


@pytest.fixture
def archive(world: SyncWorld) -> Archive:
    return Archive(world)


def test_what_is_old_goes_and_what_is_younger_stays(archive: Archive) -> None:
    for _ in range(3):
        archive.synced(OLD)
    kept = {archive.synced(OLD), archive.synced(RECENT)}  # of the old ones the newest is its season's witness
    archive.asked(OLD)
    recent_request = archive.asked(RECENT)
    archive.notified(OLD)
    recent_notification = archive.notified(RECENT)
    month = (NOW - timedelta(days=DAYS)).date().replace(day=1)
    archive.called((month - timedelta(days=1)).replace(day=1))
    archive.called(month)  # some of its days are younger
    archive.plan(OLD)
    recent_plan = archive.plan(NOW + timedelta(days=1))
    for kind, status, when in (("field", "resolved", OLD), ("doubtful_link", "settled", OLD)):
        archive.conflict(kind, status, when)
    kept_conflicts = {
        archive.conflict("field", "resolved", RECENT),
        archive.conflict("field", "open", None),
        archive.conflict("doubtful_link", "resolved", OLD),  # every plan asks for what was chosen
    }
    before = archive.counts()

    wanted = {"history": 3, "rejected_rows": 3, "changes": 4, "usage": 1, "requests": 1, "notifications": 1}
    wanted |= {"conflicts": 2, "plans": 1, "departures": 0}
    assert archive.prune(dry_run=True).counts == wanted
    assert archive.counts() == before
    assert archive.prune().counts == wanted
    assert archive.ids(tables.sync_history) == kept
    assert archive.ids(tables.sync_requests) == {recent_request}
    assert archive.ids(tables.notifications) == {recent_notification}
    assert archive.ids(tables.plans) == {recent_plan}
    assert archive.ids(tables.conflicts) == kept_conflicts
    assert archive.counts() == {name: before[name] - gone for name, gone in wanted.items()}
    assert set(archive.prune().counts.values()) == {0}


def test_the_names_of_a_plan_go_as_soon_as_it_has_expired(archive: Archive) -> None:
    expired, waits = archive.plan(NOW - timedelta(days=1)), archive.plan(NOW + timedelta(days=6))
    assert archive.prune(dry_run=True).plans == 1
    assert archive.prune().plans == 1
    with archive.engine.connect() as connection:
        columns = (tables.plans.c.id, tables.plans.c.status, tables.plans.c.document.is_(None))
        rows = {row.id: tuple(row[1:]) for row in connection.execute(select(*columns))}
    assert rows == {expired: ("expired", True), waits: ("waiting", False)}
    assert archive.prune().plans == 0


def test_a_departure_stays_as_long_as_its_row_is_in_shotspot(archive: Archive) -> None:
    """It holds the name of a person: where ShotSpot has deleted them, nothing is left of it after a year."""
    local_id = archive.add(tables.players, first_name="Bo", last_name="Peeters")
    for status in ("applied", "closed", "returned"):
        archive.departed(status, OLD)
    kept = {
        *(archive.departed(status, RECENT) for status in ("closed", "returned")),
        *(archive.departed(status, OLD, local_id) for status in ("applied", "closed", "returned")),
        archive.departed("held", OLD),  # the next sync ends it
    }

    assert archive.prune(dry_run=True).departures == 3
    assert archive.prune().departures == 3
    assert archive.ids(tables.departures) == kept


def test_a_decision_makes_no_sync_needless(archive: Archive) -> None:
    kept = archive.synced(OLD)
    with archive.engine.begin() as connection:
        history.record_decision(connection, credential_id=archive.credential_id, entity="teams", of=1)
        connection.execute(update(tables.sync_history).where(tables.sync_history.c.id != kept).values(completed_at=OLD))
    archive.prune()
    assert archive.ids(tables.sync_history) == {kept}


def test_what_is_not_over_stays_however_old(archive: Archive) -> None:
    kept = {
        archive.synced(OLD, status="in_progress"),
        archive.synced(OLD, run_id="leased"),
        archive.synced(OLD, run_id="asked for"),
    }
    archive.synced(OLD)
    kept.add(archive.synced(OLD))
    open_request = archive.asked(None, status="started", dagster_run_id="asked for")
    kept_notifications = {
        archive.notified(None, NOW),
        archive.notified(OLD, body={"open": ["teams"]}),
        archive.notified(OLD, credential_id=None, kind="bookmark"),
    }
    archive.notified(OLD, body={"open": []})
    archive.notified(None)  # given up long ago
    with archive.engine.begin() as connection:
        connection.execute(
            insert(tables.leases).values(
                organization="v2:1",
                token=func.gen_random_uuid(),
                credential_id=archive.credential_id,
                dagster_run_id="leased",
                holder="another process",
            )
        )
    assert archive.prune().history == 1
    assert archive.ids(tables.sync_history) == kept
    assert archive.ids(tables.sync_requests) == {open_request}
    assert archive.ids(tables.notifications) == kept_notifications


def test_the_last_sync_of_each_credential_and_type_stays(archive: Archive, world: SyncWorld) -> None:
    newest = set()
    for sync_type in ("teams", "players"):
        archive.synced(OLD, sync_type, "failed")
        newest.add(archive.synced(OLD, sync_type, "failed"))
    first = archive.credential_id
    archive.credential_id = world.add_credential(organization_name="Another")
    newest.add(archive.synced(OLD, "teams", "failed"))
    assert first != archive.credential_id
    archive.prune()
    assert archive.ids(tables.sync_history) == newest


def answers(archive: Archive, found: list[SeasonRow]) -> list[tuple[bool, bool, bool]]:
    """Everything that the rules of the seasons take from the history, of every season."""
    day, start = date(2026, 11, 1), "07-01"
    with archive.engine.connect() as connection:
        return [
            (
                deciding_season.decides(connection, archive.credential_id, season, day=day, season_start=start),
                deciding_season.teams_scanned(connection, archive.credential_id, season),
                deciding_season._players_scanned(connection, archive.credential_id, season),
            )
            for season in found
        ]


@pytest.mark.parametrize("read", [True, False], ids=["players read", "players not read"])
def test_the_season_that_decides_is_the_same_before_and_after(archive: Archive, read: bool) -> None:
    labels = ["2023-2024", "2024-2025", "2025-2026", "2026-2027"]
    for label in labels:
        archive.add(tables.twizzit_seasons, credential_id=archive.credential_id, label=label)
    with archive.engine.connect() as connection:
        found = seasons.known(connection, archive.credential_id, "07-01")
    unread: dict[str, Any] = {} if read else {"failed": {PLAYERS_NOT_READ: {"count": 1}}}
    for label in labels[1:]:
        archive.synced(OLD, season=label)
        archive.synced(OLD, "players", season=label, **unread)
        # Younger, and of no use to those who ask: of one team alone, failed, or of a season that was not there.
        archive.synced(OLD, season=label, group_id="7")
        archive.synced(OLD, "players", season=label, group_id="7")
        archive.synced(OLD, season=label, status="failed")
        archive.synced(OLD, "players", season=label, failed={PLAYERS_NOT_READ: {"count": 1}})
    before = answers(archive, found)
    decides = [one[0] for one in before]
    assert decides == ([True] * 4 if read else [False, False, False, True])
    assert archive.prune().history > 0
    assert answers(archive, found) == before


def test_the_audit_log_and_what_a_sync_wrote_are_left_alone(archive: Archive, world: SyncWorld) -> None:
    world.sync(archive.credential_id)
    with archive.engine.begin() as connection:
        for table, column in ((tables.audit_log, "at"), (tables.player_mappings, "updated_at")):
            connection.execute(text(f"UPDATE {table.name} SET {column} = {column} - interval '9 years'"))
    untouched = [table for table in tables.metadata.tables.values() if table not in PRUNED.values()]
    before = world.dump(untouched)
    assert before["twizzit_audit_log"]
    archive.synced(OLD)
    archive.synced(OLD)
    assert archive.prune().changes == 2
    after = world.dump(untouched)
    known = len(before["twizzit_audit_log"])
    added = after["twizzit_audit_log"][known:]
    assert [row["action"] for row in added] == ["prune", "pruned"]
    assert added[1]["details"]["changes"] == 2
    assert {**after, "twizzit_audit_log": after["twizzit_audit_log"][:known]} == before


def test_many_rows_go_in_short_transactions_and_locked_ones_wait(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 4)
    ids = [archive.synced(OLD) for _ in range(11)]
    with archive.engine.begin() as other:
        locked = select(tables.sync_history.c.id).where(tables.sync_history.c.id == ids[2]).with_for_update()
        other.execute(locked)
        assert archive.prune().counts["history"] == 9
    assert archive.ids(tables.sync_history) == {ids[2], ids[-1]}
    assert archive.prune().history == 1


def test_one_that_is_killed_in_between_goes_on_where_it_was(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 3)
    for _ in range(7):
        archive.synced(OLD)
    whole = retention._batches

    def killed(*arguments: Any) -> Any:
        for count in whole(*arguments):
            yield count
            if arguments[1] is tables.sync_history:
                raise KeyboardInterrupt

    monkeypatch.setattr(retention, "_batches", killed)
    with pytest.raises(KeyboardInterrupt):
        archive.prune()
    assert archive.count(tables.sync_history) == 4
    monkeypatch.setattr(retention, "_batches", whole)
    assert archive.prune().history == 3
    assert archive.counts() == {**dict.fromkeys(PRUNED, 0), "history": 1, "rejected_rows": 1}


def test_two_at_once_delete_every_row_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 5)
    for _ in range(21):
        archive.synced(OLD)
    start, done = threading.Barrier(2), []

    def pruning() -> None:
        start.wait()
        done.append(archive.prune())

    threads = [threading.Thread(target=pruning) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in ("history", "rejected_rows", "changes"):
        left = archive.count(PRUNED[name])
        assert sum(one.counts[name] for one in done) == 21 - left
    assert archive.prune().history + sum(one.history for one in done) == 20


def test_the_nightly_job_says_what_went(archive: Archive, settings: Settings) -> None:
    archive.synced(OLD)
    archive.synced(OLD)
    schedule = retention_schedule(settings)
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert isinstance(schedule.job, dg.JobDefinition)
    assert schedule.job.name == JOB
    with dg.instance_for_test() as instance:
        result = schedule.job.execute_in_process(instance=instance)
        records = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.STEP_OUTPUT)
    (event,) = [record.dagster_event for record in records if record.dagster_event]
    metadata = {name: value.value for name, value in event.step_output_data.metadata.items()}
    assert {name: metadata[name] for name in ("history", "rejected_rows", "changes")} == {
        "history": 1,
        "rejected_rows": 1,
        "changes": 2,
    }
    assert metadata["retention_days"] == 365
