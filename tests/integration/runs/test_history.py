"""The history: opened in progress, counted honestly, closed once, read newest first."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.details import PLAYERS_NOT_READ
from twizzit_pipeline.runs.entity_counts import MOST_ITEMS_IN_DETAILS, EntityCounts
from twizzit_pipeline.runs.history import RejectedRow
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.bulk import among
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def credential_id(database: Database) -> int:
    return add(database)


def add(database: Database, name: str = "Club") -> int:
    row = {"organization_name": name, "api_username": "u", "encrypted_password": "00", "encryption_iv": "00"}
    with database.engine.begin() as connection:
        made = connection.execute(insert(tables.credentials).values(row).returning(tables.credentials.c.id))
        return int(made.scalar_one())


def opened(database: Database, credential_id: int, entity: str = "teams", run_id: str = "run") -> int:
    with database.engine.begin() as connection:
        return history.start(connection, credential_id=credential_id, entity=entity, run_id=run_id, season="2026-2027")


def test_a_row_opens_in_progress_and_closes_with_its_counters(database: Database, credential_id: int) -> None:
    history_id = opened(database, credential_id)
    (row,) = history.for_run(database.engine, "run")
    assert (row.id, row.status, row.sync_type, row.sync_direction) == (history_id, "in_progress", "teams", "import")
    assert (row.completed_at, row.details) == (None, {"season": "2026-2027"})
    assert abs(datetime.now(UTC) - row.started_at) < timedelta(minutes=1)

    counts = EntityCounts(scanned=7, failed={"doubtful_link": ("4", "5")}, details={"calls": 3})
    with database.engine.begin() as connection:
        history.finish(connection, history_id, counts)
    (row,) = history.for_run(database.engine, "run")
    assert (row.status, row.items_processed, row.items_succeeded, row.items_failed) == ("partial_success", 7, 5, 2)
    assert row.error_message == (
        "2 not applied: which row of ShotSpot it is is not certain, so none was linked and none made"
        " (doubtful_link: 4, 5)"
    )
    assert row.completed_at is not None
    assert row.completed_at >= row.started_at
    assert (row.details["season"], row.details["calls"]) == ("2026-2027", 3)
    assert row.details["failed"] == {"doubtful_link": {"count": 2, "twizzit_ids": ["4", "5"]}}


def test_a_closed_row_stays_as_it_was_closed(database: Database, credential_id: int) -> None:
    history_id = opened(database, credential_id)
    with database.engine.begin() as connection:
        history.fail(connection, history_id, EntityCounts(), "the first word")
        history.finish(connection, history_id, EntityCounts(scanned=3))
        history.fail(connection, history_id, EntityCounts(), "the last word")
    (row,) = history.for_run(database.engine, "run")
    assert (row.status, row.error_message, row.items_processed) == ("failed", "the first word", 0)


def test_times_are_kept_in_utc_whatever_the_server_thinks(database: Database, credential_id: int) -> None:
    history_id = opened(database, credential_id)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL timezone = 'Pacific/Auckland'")
        history.finish(connection, history_id, EntityCounts())
    (row,) = history.for_run(database.engine, "run")
    assert row.completed_at is not None
    assert abs(row.completed_at - row.started_at) < timedelta(minutes=1)


def test_the_newest_come_first_and_a_page_at_a_time(database: Database, credential_id: int) -> None:
    ids = [opened(database, credential_id, run_id=f"run-{number}") for number in range(5)]
    newest = [row.id for row in history.recent(database.engine, credential_id)]
    assert newest == ids[::-1]
    assert [row.id for row in history.recent(database.engine, credential_id, limit=2, offset=1)] == ids[3:1:-1]
    assert history.recent(database.engine, credential_id + 1) == []


def test_the_history_of_one_credential_is_of_no_other(database: Database, credential_id: int) -> None:
    engine, other = database.engine, add(database)
    mine, theirs = opened(database, credential_id, run_id="mine"), opened(database, other, run_id="theirs")
    assert [row.id for row in history.recent(engine, credential_id)] == [mine]
    found = history.one(engine, credential_id, mine)
    assert found is not None
    assert (found.id, found.credential_id) == (mine, credential_id)
    assert history.one(engine, credential_id, theirs) is None
    run = {"entity": "teams", "run_id": "never", "season": "2026-2027", "message": "it did not begin"}
    assert history.never_began(engine, credential_id=other, **run)
    assert not history.never_began(engine, credential_id=other + 1, **run), "there is none"
    (failed,) = history.for_run(engine, "never")
    assert (failed.credential_id, failed.status, failed.error_message) == (other, "failed", "it did not begin")


def test_the_rows_of_a_run_come_in_the_order_in_which_they_were_opened(database: Database, credential_id: int) -> None:
    for entity in ("teams", "players"):
        opened(database, credential_id, entity)
    assert [row.sync_type for row in history.for_run(database.engine, "run")] == ["teams", "players"]


def test_what_one_club_is_shown_of_a_run_are_its_own_rows(database: Database, credential_id: int) -> None:
    other = add(database, "Another club")
    ids = [opened(database, one) for one in (credential_id, other)]
    assert [row.id for row in history.for_run(database.engine, "run")] == ids
    assert [row.id for row in history.for_run(database.engine, "run", credential_id=other)] == ids[1:]


def test_rejected_rows_are_kept_by_id_and_rule(database: Database, credential_id: int) -> None:
    history_id = opened(database, credential_id)
    found = [("12", "name", "name_present"), ("7", "name", "name_length")]
    with database.engine.begin() as connection:
        history.reject(connection, history_id, credential_id=credential_id, entity="teams", rejected=found)
    assert history.rejected_rows(database.engine, history_id) == [
        RejectedRow("teams", "12", "name", "name_present"),
        RejectedRow("teams", "7", "name", "name_length"),
    ]


@pytest.mark.parametrize(
    ("counts", "succeeded", "failed", "status"),
    [
        (EntityCounts(), 0, 0, "success"),
        (EntityCounts(scanned=3), 3, 0, "success"),
        (EntityCounts(scanned=3, warnings={"number_taken": ("1",)}), 3, 0, "success"),
        (EntityCounts(scanned=3, rejected={"a": ("8", "9"), "b": ("9",)}), 3, 2, "partial_success"),
        (EntityCounts(scanned=3, failed={"doubtful_link": ("1",), "name_taken": ("2", "1")}), 1, 2, "partial_success"),
        # rejected now and known from before, and not to be applied either: one item
        (EntityCounts(scanned=3, rejected={"a": ("8",)}, failed={"doubtful_link": ("8",)}), 3, 1, "partial_success"),
        # a team is no player, though its id may be a player's
        (EntityCounts(scanned=3, failed={PLAYERS_NOT_READ: ("1",)}), 3, 1, "partial_success"),
        (EntityCounts(scanned=3, failed={PLAYERS_NOT_READ: ("1",), "doubtful_link": ("1",)}), 2, 2, "partial_success"),
    ],
)
def test_what_counts_as_failed(counts: EntityCounts, succeeded: int, failed: int, status: str) -> None:
    assert (counts.items_succeeded, counts.items_failed, counts.status) == (succeeded, failed, status)


def test_a_message_names_some_and_counts_all() -> None:
    counts = EntityCounts(rejected={"name_present": tuple("abcdefg")}, failed={"doubtful_link": ("z",)})
    assert counts.message == (
        "7 rejected: the name is missing (name_present: a, b, c, d, e, …); "
        "1 not applied: which row of ShotSpot it is is not certain, so none was linked and none made (doubtful_link: z)"
    )
    listed = EntityCounts(rejected={"name_present": tuple(map(str, range(500)))}).as_details()["rejected"]
    assert isinstance(listed, dict)
    assert listed["name_present"]["count"] == 500
    assert len(listed["name_present"]["twizzit_ids"]) == MOST_ITEMS_IN_DETAILS


def test_more_rows_are_asked_for_than_a_statement_has_parameters(database: Database, credential_id: int) -> None:
    with database.engine.connect() as connection:
        many = select(tables.credentials.c.id).where(among(tables.credentials.c.id, range(70_000)))
        assert connection.scalars(many).all() == [credential_id]
        assert connection.scalars(many.where(among(tables.credentials.c.api_username, ["u'", "v"]))).all() == []
        assert connection.scalars(many.where(among(tables.credentials.c.id, []))).all() == []
