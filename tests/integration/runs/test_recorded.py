"""Competitions and matches share a type of ShotSpot's history: its readers distinguish them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, select, text

from tests.support.monitored import add_credential
from twizzit_pipeline.notifications.runs import ended_since
from twizzit_pipeline.queries import monitoring_views, overview
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.details import LISTED
from twizzit_pipeline.runs.entity_counts import EntityCounts
from twizzit_pipeline.runs.recorded import newest
from twizzit_pipeline.runs.retention import prune
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

ENTITIES = ("teams", "competitions", "matches")


def record(connection: Connection, credential_id: int, entity: str, run_id: str, *, days_ago: int = 0) -> int:
    """A row as a run leaves it: competitions with an item rejected, matches that failed in the run `broken`."""
    row = history.start(connection, credential_id=credential_id, entity=entity, run_id=run_id, season="2026-2027")
    if (entity, run_id) == ("competitions", "broken"):
        history.fail(connection, row, EntityCounts(), "Twizzit answered 503")
    else:
        rejected: dict[str, tuple[str, ...]] = {"name_length": ("7",)} if entity == "competitions" else {}
        history.finish(connection, row, EntityCounts(scanned=3, rejected=rejected, details={LISTED: 3}))
    then = {"ago": timedelta(days=days_ago), "id": row}
    earlier = "UPDATE twizzit_sync_history SET started_at = started_at - :ago, completed_at = completed_at - :ago"
    connection.execute(text(f"{earlier} WHERE id = :id"), then)
    return row


@pytest.fixture
def ids(database: Database) -> dict[tuple[str, str], int]:
    """(run, entity) → row, of a run that ended well and one whose competitions failed."""
    credential_id = add_credential(database, "KC Noord")
    with database.engine.begin() as connection:
        return {
            (run_id, entity): record(connection, credential_id, entity, run_id, days_ago=days_ago)
            for run_id, days_ago in (("old", 800), ("sound", 400), ("broken", 0))
            for entity in ENTITIES
        }


def test_by_query_and_by_row(database: Database, ids: dict[tuple[str, str], int]) -> None:
    with database.engine.connect() as connection:
        credential_id = connection.scalars(select(tables.credentials.c.id)).one()
        for entity in ENTITIES:
            found = connection.scalars(newest(select(tables.sync_history.c.id), credential_id, entity)).all()
            assert found == sorted((row for (_, of), row in ids.items() if of == entity), reverse=True)
    rows = history.for_run(database.engine, "broken")
    assert [(row.sync_type, row.entity) for row in rows] == [
        ("teams", "teams"),
        ("competitions", "competitions"),
        ("competitions", "matches"),
    ]


def test_by_the_views(database: Database, ids: dict[tuple[str, str], int]) -> None:
    last = {
        one.entity: (one.sync_type, one.status, one.items_failed)
        for one in monitoring_views.last_whole_syncs(database.engine)
    }
    assert last == {
        "teams": ("teams", "success", 0),
        "competitions": ("competitions", "partial_success", 1),
        "matches": ("competitions", "success", 0),
    }
    (status,) = overview.read(database.engine, season_start="07-01").credentials
    assert (status.facts.last_sync_status, status.facts.items_failed) == ("failed", 1)


def test_by_what_is_kept(database: Database, ids: dict[tuple[str, str], int]) -> None:
    """Of the old rows the newest of each that ended well: where competitions failed since, what they last knew."""
    prune(database.engine, 365)
    with database.engine.connect() as connection:
        kept = set(connection.scalars(select(tables.sync_history.c.id)))
    assert kept == {row for (run_id, _), row in ids.items() if run_id != "old"}


def test_by_the_words_that_people_read(database: Database, ids: dict[tuple[str, str], int]) -> None:
    """Competitions that failed are not hidden by their matches, which ended later."""
    with database.engine.connect() as connection:
        (run,), _ = ended_since(connection, datetime.now(UTC) - timedelta(minutes=5))
    assert [(one.entity, one.status) for one in run.outcomes] == [
        ("teams", "success"),
        ("competitions", "failed"),
        ("matches", "success"),
    ]
    assert [one.history_id for one in run.failures] == [ids["broken", "competitions"]]
